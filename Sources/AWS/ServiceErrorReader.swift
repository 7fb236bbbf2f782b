import HTTPTypes
import Transport
import XML

/// Reads error answers: wrapped in `ErrorResponse` (STS, S3 Control), flat (S3), or without a body (HEAD).
enum ServiceErrorReader {
    static func read(_ response: DocumentResponse, operation: String) -> AWSError {
        let root = try? XMLReader.read(response.body)
        let error = root?.name == "ErrorResponse" ? root?.child("Error") : root?.name == "Error" ? root : nil
        let status = response.status
        let fields = response.headerFields
        let code = error?["Code"].flatMap { $0.isEmpty ? nil : $0 }
        var details: [String: String] = [:]
        for element in error?.children ?? [] where element.name != "Code" && element.name != "Message" {
            details[element.name] = element.text
        }
        // 503 says that nothing was done; the other server errors don't.
        let isUncertain = [500, 502, 504].contains(status.code)
        return AWSError(
            kind: .service, operation: operation, code: code ?? String(status.code),
            message: error?["Message"] ?? "no message", httpStatus: status.code,
            requestID: fields[.amzRequestID] ?? fields[.amznRequestID] ?? root?["RequestId"] ?? error?["RequestId"],
            hostID: fields[.amzID2] ?? root?["HostId"] ?? error?["HostId"],
            bucketRegion: fields[.amzBucketRegion] ?? error?["Region"], details: details, headerFields: fields,
            mayHaveSucceeded: isUncertain)
    }
}

extension XMLElement {
    func requireName(_ expected: String) throws(AnswerProblem) {
        guard name == expected else { throw AnswerProblem(description: "the answer is no \(expected)") }
    }

    func required(_ name: String) throws(AnswerProblem) -> String {
        guard let text = self[name] else { throw .missing(name) }
        return text
    }

    func requiredChild(_ name: String) throws(AnswerProblem) -> XMLElement {
        guard let element = child(name) else { throw .missing(name) }
        return element
    }

    /// The text, where empty means none.
    func nonEmpty(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
