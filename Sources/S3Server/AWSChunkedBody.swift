public import SigV4

/// Takes an `aws-chunked` body apart: the chunks' data and the trailer, signatures verified where the mode has them.
///
/// Three modes (SigV4 streaming): signed chunks, signed chunks with a signed trailer, unsigned with a trailer.
public struct AWSChunkedBody: Sendable, Equatable {
    public private(set) var data: [UInt8] = []
    /// Lower-case names and trimmed values, in order.
    public private(set) var trailer: [QueryParameter] = []

    /// A chunk header: 16 digits of size, the extension and its 64-digit signature.
    private static let longestLine = 4_096
    private static let mostTrailers = 16

    /// - Parameter verifier: of the seed signature; nil for the unsigned mode.
    /// - Throws: `InvalidRequest` or `IncompleteBody` for a malformed body, `SignatureDoesNotMatch` for a wrong chunk.
    public init(
        _ bytes: [UInt8], mode: StreamingPayload, verifier: ChunkVerifier?
    ) throws(S3Error) {
        var reader = LineReader(bytes: bytes, longestLine: Self.longestLine)
        var verifier = verifier
        while true {
            let (size, signature) = try Self.chunkHeader(try reader.line())
            if mode != .unsignedTrailer, signature == nil { throw Self.malformed }
            let chunk = try reader.take(size)
            if let signature {
                do { try verifier?.verify(signature, chunk: chunk) } catch { throw Self.wrongSignature }
            }
            if size == 0 { break }
            data.append(contentsOf: chunk)
            guard try reader.line().isEmpty else { throw Self.malformed }
        }
        try readTrailer(&reader, mode: mode, verifier: &verifier)
        guard reader.isAtEnd else { throw Self.malformed }
    }

    private mutating func readTrailer(
        _ reader: inout LineReader, mode: StreamingPayload, verifier: inout ChunkVerifier?
    ) throws(S3Error) {
        var signature: String?
        while !reader.isAtEnd {
            let line = try reader.line()
            if line.isEmpty { break }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, trailer.count < Self.mostTrailers else { throw Self.malformed }
            let name = parts[0].lowercased()
            let value = String(parts[1].drop { $0 == " " })
            if name == "x-amz-trailer-signature" {
                signature = value
            } else {
                trailer.append(QueryParameter(name: name, value: value))
            }
        }
        guard mode == .signedTrailer else { return }
        guard let signature else { throw Self.malformed }
        let fields = trailer.map { (name: $0.name, value: $0.value) }
        do { try verifier?.verifyTrailer(signature, fields: fields) } catch { throw Self.wrongSignature }
    }

    private static func chunkHeader(_ line: String) throws(S3Error) -> (size: Int, signature: String?) {
        let parts = line.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        guard let digits = parts.first, (1...15).contains(digits.utf8.count),
            digits.utf8.first != UInt8(ascii: "+"), digits.utf8.first != UInt8(ascii: "-"),
            let size = Int(digits, radix: 16)
        else { throw malformed }
        guard parts.count == 2 else { return (size, nil) }
        let name = "chunk-signature="
        guard parts[1].hasPrefix(name) else { throw malformed }
        return (size, String(parts[1].dropFirst(name.count)))
    }

    private static let wrongSignature = S3Error(
        "SignatureDoesNotMatch", 403,
        "The chunk signature we calculated does not match the signature you provided.")

    static let malformed = S3Error.invalidRequest("The aws-chunked body is malformed.")
}

/// Walks over bytes by lines ending in CRLF and by counts.
private struct LineReader {
    let bytes: [UInt8]
    let longestLine: Int
    var position = 0

    init(bytes: [UInt8], longestLine: Int) {
        self.bytes = bytes
        self.longestLine = longestLine
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func line() throws(S3Error) -> String {
        let limit = min(bytes.count, position + longestLine)
        guard let end = bytes[position..<limit].firstIndex(of: UInt8(ascii: "\r")), end + 1 < bytes.count,
            bytes[end + 1] == UInt8(ascii: "\n"), let text = String(validating: bytes[position..<end], as: UTF8.self)
        else { throw bytes.count - position < longestLine ? .incompleteBody : AWSChunkedBody.malformed }
        position = end + 2
        return text
    }

    mutating func take(_ count: Int) throws(S3Error) -> [UInt8] {
        guard count <= bytes.count - position else { throw .incompleteBody }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }
}
