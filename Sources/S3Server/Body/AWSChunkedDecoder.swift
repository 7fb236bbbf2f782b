import Crypto
public import NIOCore
public import SigV4

/// Takes an `aws-chunked` body apart as it arrives: the chunks' data and the trailer, signatures verified where the mode
/// has them (SigV4 streaming: signed chunks, signed chunks with a signed trailer, unsigned with a trailer).
///
/// A chunk's data is given out before its signature is known to hold: whoever takes it undoes everything when a later
/// call throws.
public struct AWSChunkedDecoder: Sendable {
    private enum State: Sendable {
        case header
        case data(left: Int, signature: String?)
        case dataEnd
        case trailer
        case done
    }

    /// Lower-case names and trimmed values, in order. Complete when `finish` has returned.
    public private(set) var trailer: [QueryParameter] = []

    private let mode: StreamingPayload
    private var verifier: ChunkVerifier?
    private var state = State.header
    private var hash = SHA256()
    private var trailerSignature: String?
    private var input = ByteBuffer()

    /// A chunk header: 16 digits of size, the extension and its 64-digit signature.
    private static let longestLine = 4_096
    private static let mostTrailers = 16

    /// - Parameter verifier: of the seed signature; nil for the unsigned mode.
    public init(mode: StreamingPayload, verifier: ChunkVerifier?) {
        self.mode = mode
        self.verifier = verifier
    }

    /// Gives more of the body, to be taken with `next`.
    public mutating func append(_ buffer: ByteBuffer) {
        var buffer = buffer
        if input.readableBytes == 0 { input = buffer } else { input.writeBuffer(&buffer) }
    }

    /// The next data; nil when more of the body is needed, or it is at its end.
    /// - Throws: `InvalidRequest` for a malformed body, `SignatureDoesNotMatch` for a wrong chunk.
    public mutating func next() throws(S3Error) -> ByteBuffer? {
        while true {
            switch state {
            case .header:
                guard let line = try line() else { return nil }
                let (size, signature) = try Self.chunkHeader(line)
                guard signature != nil || mode == .unsignedTrailer else { throw Self.malformed }
                if size > 0 {
                    state = .data(left: size, signature: signature)
                } else {
                    try verify(signature)
                    state = .trailer
                }
            case .data(let left, let signature):
                guard let data = input.readSlice(length: min(left, input.readableBytes)), data.readableBytes > 0 else {
                    return nil
                }
                if mode != .unsignedTrailer {
                    unsafe data.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
                }
                if data.readableBytes == left {
                    try verify(signature)
                    state = .dataEnd
                } else {
                    state = .data(left: left - data.readableBytes, signature: signature)
                }
                return data
            case .dataEnd:
                guard let line = try line() else { return nil }
                guard line.isEmpty else { throw Self.malformed }
                state = .header
            case .trailer:
                guard let line = try line() else { return nil }
                if line.isEmpty { state = .done } else { try readTrailer(line) }
            case .done:
                guard input.readableBytes == 0 else { throw Self.malformed }
                return nil
            }
        }
    }

    /// To be called at the end of the body, when `next` has returned nil.
    /// - Throws: `IncompleteBody`, or `SignatureDoesNotMatch` of the trailer.
    public mutating func finish() throws(S3Error) {
        switch state {
        // Some clients leave out the empty line after the trailer.
        case .done: break
        case .trailer where input.readableBytes == 0: break
        case .header, .data, .dataEnd, .trailer: throw .incompleteBody
        }
        guard mode == .signedTrailer else { return }
        guard let trailerSignature else { throw Self.malformed }
        let fields = trailer.map { (name: $0.name, value: $0.value) }
        do { try verifier?.verifyTrailer(trailerSignature, fields: fields) } catch { throw Self.wrongSignature }
    }

    private mutating func verify(_ signature: String?) throws(S3Error) {
        guard let signature, mode != .unsignedTrailer else { return }
        do { try verifier?.verify(signature, digest: hash.finalize()) } catch { throw Self.wrongSignature }
        hash = SHA256()
    }

    private mutating func readTrailer(_ line: String) throws(S3Error) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, trailer.count < Self.mostTrailers else { throw Self.malformed }
        let name = parts[0].lowercased()
        var value = parts[1].drop { $0 == " " }
        while value.last == " " { value.removeLast() }
        if name == "x-amz-trailer-signature" {
            trailerSignature = String(value)
        } else {
            trailer.append(QueryParameter(name: name, value: String(value)))
        }
    }

    /// The next line without its end, CRLF; nil when it has not all arrived.
    private mutating func line() throws(S3Error) -> String? {
        let view = input.readableBytesView.prefix(Self.longestLine)
        // AWS's own clients end the trailer's lines in CRLF, some others in LF.
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count < Self.longestLine else { throw Self.malformed }
            return nil
        }
        guard var line = input.readSlice(length: end - view.startIndex + 1) else { return nil }
        line.moveWriterIndex(to: line.writerIndex - 1)
        if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
        guard let text = String(validating: line.readableBytesView, as: UTF8.self) else { throw Self.malformed }
        return text
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
