import Crypto
public import HTTPTypes
public import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request's body as the client meant it, with every hash the client gave compared.
public enum S3RequestBody {
    /// Undoes `aws-chunked` and compares the payload hash, `Content-MD5` and the `x-amz-checksum-…` of header or trailer.
    /// - Parameters:
    ///   - bytes: as received, HTTP's own chunking already undone.
    ///   - claim: of the request's verified signature.
    ///   - key: for the signatures of chunks.
    /// - Throws: `XAmzContentSHA256Mismatch`, `BadDigest`, `InvalidDigest`, `IncompleteBody`, `InvalidRequest` or
    ///   `SignatureDoesNotMatch`.
    public static func decode(
        _ bytes: [UInt8], headers: HTTPFields, claim: SignatureClaim, key: SigningKey
    ) throws(S3Error) -> [UInt8] {
        var data = bytes
        var trailer: [QueryParameter] = []
        switch claim.payload {
        case .streaming(let mode)?:
            let verifier = mode == .unsignedTrailer ? nil : ChunkVerifier(claim: claim, key: key)
            let body = try AWSChunkedBody(bytes, mode: mode, verifier: verifier)
            (data, trailer) = (body.data, body.trailer)
            try checkLength(data, headers)
        case let claimed?:
            if let hash = claimed.sha256Digits, hash != PayloadHash.body(bytes).header {
                throw S3Error(
                    "XAmzContentSHA256Mismatch", 400,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    elements: [
                        .init("ClientComputedContentSHA256", hash),
                        .init("S3ComputedContentSHA256", PayloadHash.body(bytes).header),
                    ])
            }
        case nil: break
        }
        try checkMD5(data, headers)
        try checkChecksums(data, headers, trailer)
        return data
    }

    private static func checkLength(_ data: [UInt8], _ headers: HTTPFields) throws(S3Error) {
        guard let text = headers[.decodedContentLength], let length = Int(text) else {
            throw S3Error("MissingContentLength", 411, "You must provide the Content-Length HTTP header.")
        }
        guard length == data.count else { throw .incompleteBody }
    }

    private static func checkMD5(_ data: [UInt8], _ headers: HTTPFields) throws(S3Error) {
        guard let text = headers[.contentMD5] else { return }
        guard let claimed = Data(base64Encoded: text), claimed.count == 16 else {
            throw S3Error("InvalidDigest", 400, "The Content-MD5 you specified is not valid.")
        }
        guard claimed == Data(Insecure.MD5.hash(data: data)) else {
            throw .badDigest("The Content-MD5 you specified did not match what we received.")
        }
    }

    private static func checkChecksums(
        _ data: [UInt8], _ headers: HTTPFields, _ trailer: [QueryParameter]
    ) throws(S3Error) {
        for checksum in Checksum.allCases {
            let field = HTTPField.Name(checksum.rawValue).flatMap { headers[$0] }
            let claims = [field].compactMap(\.self) + trailer.filter { $0.name == checksum.rawValue }.map(\.value)
            for claim in claims where claim != checksum.value(of: data) {
                throw .badDigest(
                    "The \(checksum.rawValue.dropFirst(15).uppercased()) you specified did not match the calculated "
                        + "checksum.")
            }
        }
    }
}

extension PayloadHash {
    /// The digest, for the kinds that name one.
    fileprivate var sha256Digits: String? {
        switch self {
        case .sha256Hex(let hex): hex.lowercased()
        case .body, .empty: header
        case .unsigned, .streaming: nil
        }
    }
}

extension HTTPField.Name {
    static var decodedContentLength: Self { .init(parsed: "x-amz-decoded-content-length") }
    static var contentMD5: Self { .init(parsed: "content-md5") }

    /// A name known to be valid.
    init(parsed name: String) {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a valid field name") }
        self = name
    }
}
