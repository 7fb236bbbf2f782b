import HTTPTypes
public import Hummingbird
import NIOCore

/// `x-amz-request-id` and `x-amz-id-2` of one answer.
public struct S3RequestIDs: Sendable, Equatable {
    /// 16 hexadecimal digits in upper case.
    public let request: String
    public let host: String

    public init() {
        request = Self.random(16, "0123456789ABCDEF")
        host = Self.random(64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") + "="
    }

    /// - Parameter alphabet: 16 or 64 characters, so that a byte's remainder picks each as often as the others.
    private static func random(_ count: Int, _ alphabet: String) -> String {
        let characters = Array(alphabet.utf8)
        var (bits, left): (UInt64, Int) = (0, 0)
        return String(
            decoding: (0..<count).map { _ in
                if left == 0 { (bits, left) = (UInt64.random(in: 0...UInt64.max), 8) }
                defer { (bits, left) = (bits >> 8, left - 1) }
                return characters[Int(bits & 0xFF) % characters.count]
            }, as: UTF8.self)
    }
}

extension S3Response {
    /// As HTTP's answer.
    public func response(_ ids: S3RequestIDs) -> Response {
        var headers = headers
        headers[.amzRequestID] = ids.request
        headers[.amzHostID] = ids.host
        let status = HTTPResponse.Status(code: status)
        switch body {
        case .none:
            return Response(status: status, headers: headers)
        case .unsent(let length):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(contentLength: length) { try await $0.finish(nil) })
        case .bytes(let bytes):
            return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        case .content(let content):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(contentLength: content.length) { writer in
                    try await content.write { try await writer.write($0) }
                    try await writer.finish(nil)
                })
        }
    }
}

extension S3Error {
    /// As S3's answer: the document, or for HEAD and 304 no body.
    public func response(_ ids: S3RequestIDs, isHead: Bool) -> S3Response {
        var headers = headers
        headers[.bucketRegion] = elements.first { $0.name == "Region" }?.text
        guard !isHead, status != 304 else { return S3Response(status: status, headers: headers) }
        var response = S3Response.xml(document(requestID: ids.request, hostID: ids.host), headers: headers)
        response.status = status
        return response
    }
}

extension HTTPField.Name {
    static var amzRequestID: Self { .init(parsed: "x-amz-request-id") }
    static var amzHostID: Self { .init(parsed: "x-amz-id-2") }
}
