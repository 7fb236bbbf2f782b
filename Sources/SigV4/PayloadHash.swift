import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the canonical request says about the body: the value of `x-amz-content-sha256`.
public enum PayloadHash: Sendable, Equatable {
    /// The body's SHA-256 as 64 hexadecimal digits.
    case sha256Hex(String)
    /// The body itself, hashed when signing.
    case body([UInt8])
    case empty
    /// `UNSIGNED-PAYLOAD`: the signature says nothing about the body.
    case unsigned
    case streaming(StreamingPayload)

    /// The value of an `x-amz-content-sha256` header; nil when it is none of those that S3 knows.
    public init?(header value: some StringProtocol) {
        if value == "UNSIGNED-PAYLOAD" {
            self = .unsigned
        } else if let streaming = StreamingPayload(rawValue: String(value)) {
            self = .streaming(streaming)
        } else if value.utf8.count == 64, value.allSatisfy(\.isHexDigit) {
            self = .sha256Hex(String(value))
        } else {
            return nil
        }
    }

    /// As it stands in the canonical request and in `x-amz-content-sha256`.
    public var header: String {
        switch self {
        case .sha256Hex(let hex): hex
        case .body(let bytes): Hex.encode(SHA256.hash(data: bytes))
        case .empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .streaming(let streaming): streaming.rawValue
        }
    }

    /// The SHA-256 of the body, lower case; nil when this says nothing about the whole body.
    var sha256: String? {
        switch self {
        case .sha256Hex(let hex): hex.lowercased()
        case .body, .empty: header
        case .unsigned, .streaming: nil
        }
    }
}

/// The ways of an `aws-chunked` body (S3 User Guide, "Signature calculations for the authorization header: transferring
/// payload in multiple chunks").
public enum StreamingPayload: String, Sendable, CaseIterable {
    /// Every chunk signed.
    case signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    /// Every chunk and the trailer signed.
    case signedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    /// Chunks and trailer unsigned.
    case unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
}
