import AWS
import HTTPTypes
import S3Server

extension S3Error {
    /// The data source's storage does not answer, or does not let the gateway in.
    static let unreachable = S3Error(
        "ServiceUnavailable", 503, "The data source cannot be reached at present. Please try again.")

    /// What the client is told of an upstream error: S3's own code with a text of ours, as the upstream's texts may name
    /// hosts, buckets and ids. What is wrong between the gateway and the upstream is no fault of the client's.
    /// - Parameter key: the gateway's own.
    init(upstream error: AWSError, key: String) {
        guard error.kind == .service else {
            self = .unreachable
            return
        }
        if error.code == "NoSuchKey" || error.code == "404" {
            self = .noSuchKey(key)
        } else if error.httpStatus == 304 {
            self = .notModified
            for name in [HTTPField.Name.eTag, .lastModified] { headers[name] = error.headerFields[name] }
        } else if error.code == "PreconditionFailed" || error.code == "412" {
            self = .preconditionFailed(error.details["Condition"].flatMap(Self.condition) ?? "If-Match")
        } else if error.code == "403" {
            self = .accessDenied()
        } else if let known = Self.passedOn[error.code] {
            self.init(error.code, known.status, known.message)
            if error.code == "InvalidRange" {
                elements = ["RangeRequested", "ActualObjectSize"].compactMap { name in
                    error.details[name].flatMap { Self.isOfNumbers($0) ? Element(name, $0) : nil }
                }
            }
        } else if let code = error.httpStatus.flatMap({ Self.ofStatus[$0] }), error.code.first?.isNumber == true,
            let known = Self.passedOn[code]
        {
            // An answer to HEAD has no document.
            self.init(code, known.status, known.message)
        } else {
            self = .unreachable
        }
    }

    /// The name of a condition as S3 has it; nil for any other text.
    private static func condition(_ text: String) -> String? {
        let name = text.lowercased()
        let plain = name.hasPrefix("x-amz-copy-source-") ? String(name.dropFirst("x-amz-copy-source-".count)) : name
        return ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"].contains(plain) ? text : nil
    }

    /// A range or a size, and nothing that could name something else.
    private static func isOfNumbers(_ text: String) -> Bool {
        let numbers = text.hasPrefix("bytes=") ? text.utf8.dropFirst(6) : text.utf8[...]
        return numbers.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
    }

    private static let ofStatus = [
        400: "InvalidRequest", 405: "MethodNotAllowed", 409: "OperationAborted", 416: "InvalidRange", 503: "SlowDown",
    ]

    private static let passedOn: [String: (status: Int, message: String)] = [
        "AccessDenied": (403, "Access Denied"),
        "BadDigest": (
            400, "The Content-MD5 or checksum value that you specified did not match what the server received."
        ),
        "ConditionalRequestConflict": (
            409, "The conditional request cannot succeed due to a conflicting operation against this resource."
        ),
        "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed size."),
        "EntityTooSmall": (400, "Your proposed upload is smaller than the minimum allowed object size."),
        "IncompleteBody": (
            400, "You did not provide the number of bytes specified by the Content-Length HTTP header."
        ),
        "InternalError": (500, "We encountered an internal error. Please try again."),
        "InvalidArgument": (400, "Invalid Argument"),
        "InvalidDigest": (400, "The Content-MD5 or checksum value that you specified is not valid."),
        "InvalidObjectState": (403, "The operation is not valid for the object's storage class."),
        "InvalidPart": (
            400,
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
                + "specified entity tag may not match the part's entity tag."
        ),
        "InvalidPartNumber": (416, "The requested partnumber is not satisfiable"),
        "InvalidPartOrder": (
            400,
            "The list of parts was not in ascending order. The parts list must be specified in order by part number."
        ),
        "InvalidRange": (416, "The requested range is not satisfiable"),
        "InvalidRequest": (400, "The request is invalid for this object."),
        "InvalidTag": (400, "The tag provided was not a valid tag."),
        "KeyTooLongError": (400, "Your key is too long"),
        "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
        "NoSuchUpload": (
            404,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
                + "completed."
        ),
        "NoSuchVersion": (404, "The specified version does not exist."),
        "NotImplemented": (501, "A header or query you provided implies functionality that is not implemented"),
        "OperationAborted": (409, "A conflicting conditional operation is currently in progress. Try again."),
        "RequestTimeout": (
            400, "Your socket connection to the server was not read from or written to within the timeout period."
        ),
        "ServiceUnavailable": (503, "Please reduce your request rate."),
        "SlowDown": (503, "Please reduce your request rate."),
    ]
}
