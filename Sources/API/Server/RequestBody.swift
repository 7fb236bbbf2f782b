import Domain
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// Of all routes that say nothing else.
    static let maximumBodyBytes = 1 << 20

    /// - Throws: 413 over `limit` bytes.
    func collectedBody(limit: Int = maximumBodyBytes) async throws -> [UInt8] {
        let tooLarge = APIFailure(.contentTooLarge, "The body is larger than \(limit) bytes.")
        if let announced = headers[.contentLength].flatMap({ Int($0) }), announced > limit { throw tooLarge }
        do {
            return Array(buffer: try await body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    /// - Throws: 413, 415, and 400 for what is not JSON.
    func jsonBody(limit: Int = maximumBodyBytes) async throws -> (value: JSONValue, bytes: [UInt8]) {
        let bytes = try await collectedBody(limit: limit)
        guard !bytes.isEmpty else { throw DomainError(.badRequest, "The body is empty; JSON is expected.") }
        return (try json(bytes), bytes)
    }

    /// `nil` without a body.
    func optionalJSONBody() async throws -> JSONValue? {
        let bytes = try await collectedBody()
        return bytes.isEmpty ? nil : try json(bytes)
    }

    func json(_ bytes: [UInt8]) throws -> JSONValue {
        guard mediaType == "application/json", isPlainUTF8 else {
            throw APIFailure(.unsupportedMediaType, "The content type must be application/json, in UTF-8.")
        }
        do {
            return try JSONReader.read(bytes)
        } catch {
            throw DomainError(.badRequest, "The body is not valid JSON: \(error.reason) (byte \(error.offset)).")
        }
    }

    /// In lower case and without its parameters.
    var mediaType: String? {
        headers[.contentType]?.split(separator: ";", omittingEmptySubsequences: false).first
            .map { String($0.trimmingSpace()).lowercased() }
    }

    /// No other charset, and nothing compressed.
    var isPlainUTF8: Bool {
        if let coding = headers[.contentEncoding], coding.lowercased() != "identity" { return false }
        let parameters = headers[.contentType]?.split(separator: ";").dropFirst() ?? []
        return parameters.allSatisfy { parameter in
            let text = parameter.trimmingSpace().lowercased()
            return !text.hasPrefix("charset=") || text == "charset=utf-8" || text == "charset=\"utf-8\""
        }
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without the spaces and tabs at both ends.
    func trimmingSpace() -> Substring {
        var rest = self[...]
        while rest.first == " " || rest.first == "\t" { rest = rest.dropFirst() }
        while rest.last == " " || rest.last == "\t" { rest = rest.dropLast() }
        return rest
    }
}
