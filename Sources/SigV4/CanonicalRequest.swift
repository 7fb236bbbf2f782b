import Crypto
public import HTTPTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a path becomes canonical.
public enum PathRule: Sendable, Hashable {
    /// S3 and S3 Control: encoded once, no normalisation.
    case s3
    /// Every other service: dot segments and empty segments removed, then the path as sent is encoded once more.
    case general
}

/// The form of a request that is hashed into the string to sign ("Create a canonical request", IAM User Guide).
public struct CanonicalRequest: Sendable, Equatable {
    public let bytes: [UInt8]

    /// - Parameters:
    ///   - request: Its path is the request target as sent, in origin form; `host` is its `Host` field or its authority.
    ///   - signedHeaders: Lower-case names, sorted. One that the request lacks counts as empty.
    ///   - isPresigned: Leave `X-Amz-Signature` out of the query.
    public init(
        _ request: HTTPRequest, signedHeaders: [String], payload: PayloadHash, pathRule: PathRule,
        isPresigned: Bool = false
    ) {
        let target = RequestTarget(request)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1024)
        bytes.append(contentsOf: request.method.rawValue.utf8)
        bytes.append(UInt8(ascii: "\n"))
        CanonicalPath.append(target.path, rule: pathRule, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        CanonicalQuery.append(target.query, isPresigned: isPresigned, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        for name in signedHeaders {
            Self.append(header: name, of: request, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        for (index, name) in signedHeaders.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ";")) }
            bytes.append(contentsOf: name.utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: payload.header.utf8)
        self.bytes = bytes
    }

    /// The SHA-256 of the canonical request, 64 lower-case hexadecimal digits.
    public var hash: String {
        Hex.encode(SHA256.hash(data: bytes))
    }

    func stringToSign(timestamp: String, scope: CredentialScope) -> String {
        ["AWS4-HMAC-SHA256", timestamp, scope.description, hash].joined(separator: "\n")
    }

    private static func append(header name: String, of request: HTTPRequest, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ":"))
        var isFirst = true
        for field in request.headerFields where field.name.canonicalName == name {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            unsafe field.withUnsafeBytesOfValue { value in unsafe appendTrimmed(value, to: &bytes) }
        }
        if isFirst, name == "host", let authority = request.authority {
            appendTrimmed(authority.utf8, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// White space at both ends goes, runs of it inside become one space.
    private static func appendTrimmed(_ value: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        var isBegun = false
        var isSpaced = false
        for byte in value {
            if byte == 0x20 || byte == 0x09 {
                isSpaced = true
                continue
            }
            if isSpaced, isBegun { bytes.append(0x20) }
            bytes.append(byte)
            isBegun = true
            isSpaced = false
        }
    }
}

extension CanonicalRequest: CustomStringConvertible {
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// The two parts of a request target in origin form.
struct RequestTarget {
    let path: Substring
    /// Without its `?`; empty when there is none.
    let query: Substring

    init(_ request: HTTPRequest) {
        let target = request.path ?? "/"
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        path = target[..<mark]
        query = target[mark...].dropFirst()
    }
}

enum CanonicalPath {
    static func append(_ path: Substring, rule: PathRule, to bytes: inout [UInt8]) {
        switch rule {
        case _ where path.isEmpty: bytes.append(UInt8(ascii: "/"))
        case .s3: URIEncoding.append(recoding: path.utf8, keepingSlash: true, plusIsSpace: false, to: &bytes)
        case .general:
            let start = bytes.count
            for segment in normalised(path) {
                bytes.append(UInt8(ascii: "/"))
                for byte in segment { URIEncoding.append(byte, keepingSlash: false, to: &bytes) }
            }
            if bytes.count == start || path.utf8.last == UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
        }
    }

    private static func normalised(_ path: Substring) -> [Substring.UTF8View] {
        var segments: [Substring.UTF8View] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        return segments
    }
}

enum CanonicalQuery {
    private struct Parameter {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// Parameters sorted by name, then value, after encoding: pairs, not joined strings, for `=` sorts behind `-`.
    static func append(_ query: Substring, isPresigned: Bool, to bytes: inout [UInt8]) {
        guard !query.isEmpty else { return }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(query.utf8.count + 16)
        var parameters: [Parameter] = []
        for (name, value) in URIEncoding.split(query) {
            if isPresigned, name.elementsEqual("X-Amz-Signature".utf8) { continue }
            let start = encoded.count
            URIEncoding.append(recoding: name, keepingSlash: false, plusIsSpace: true, to: &encoded)
            let middle = encoded.count
            URIEncoding.append(recoding: value, keepingSlash: false, plusIsSpace: true, to: &encoded)
            parameters.append(Parameter(name: start..<middle, value: middle..<encoded.count))
        }
        parameters.sort { left, right in
            let (first, second) = (encoded[left.name], encoded[right.name])
            if first.elementsEqual(second) {
                return encoded[left.value].lexicographicallyPrecedes(encoded[right.value])
            }
            return first.lexicographicallyPrecedes(second)
        }
        for (index, parameter) in parameters.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "&")) }
            bytes.append(contentsOf: encoded[parameter.name])
            bytes.append(UInt8(ascii: "="))
            bytes.append(contentsOf: encoded[parameter.value])
        }
    }
}
