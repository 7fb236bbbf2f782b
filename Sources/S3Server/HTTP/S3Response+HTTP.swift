import HTTPTypes
public import Hummingbird
import NIOCore
import SigV4

/// `x-amz-request-id` and `x-amz-id-2` of one answer.
public struct S3RequestIDs: Sendable, Equatable {
    /// 16 hexadecimal digits in upper case.
    public let request: String
    public let host: String

    public init() {
        // The system's generator is a system call each time, so it is asked once: 64 bits tell requests apart.
        var bits = UInt64.random(in: 0...UInt64.max)
        request = Self.text(16, Self.hexadecimal, &bits)
        host = Self.text(64, Self.base64, &bits) + "="
    }

    private static let hexadecimal = Array("0123456789ABCDEF".utf8)
    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// - Parameter alphabet: of 16 or 64 characters.
    private static func text(_ count: Int, _ alphabet: [UInt8], _ bits: inout UInt64) -> String {
        String(
            decoding: (0..<count).map { _ in
                // A linear congruential generator (Knuth's MMIX), of whose bits the highest are the best.
                bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return alphabet[Int(bits >> 56) & (alphabet.count - 1)]
            }, as: UTF8.self)
    }
}

extension S3Response {
    /// As HTTP's answer.
    /// - Parameter files: of the connection, where it can take them.
    public func response(_ ids: S3RequestIDs, files: FileSender? = nil) -> Response {
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
            // In one write with the head.
            if let buffer = content.buffer {
                return Response(status: status, headers: headers, body: .init(byteBuffer: buffer))
            }
            return Response(
                status: status, headers: headers,
                body: ResponseBody(contentLength: content.length) { writer in
                    if let files, !content.files.isEmpty {
                        for run in content.files { try await files.send(run) }
                    } else {
                        try await content.write { try await writer.write($0) }
                    }
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
    static let amzRequestID = Self(known: "x-amz-request-id")
    static let amzHostID = Self(known: "x-amz-id-2")
}
