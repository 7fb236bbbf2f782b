import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Some of an upload's bytes, as they came.
struct UploadPiece: Sendable {
    var buffers: [ByteBuffer] = []
    var size = 0
    /// Whether the upload ends with it.
    var isLast = false

    /// The bytes in one.
    var data: Data {
        var data = Data(capacity: size)
        for buffer in buffers { data.append(contentsOf: buffer.readableBytesView) }
        return data
    }
}

/// Takes an upload in pieces large enough to be worth a system call.
struct UploadPieces<Iterator: AsyncIteratorProtocol> where Iterator.Element == ByteBuffer {
    private var iterator: Iterator

    init(_ iterator: Iterator) { self.iterator = iterator }

    /// - Returns: more than `size` bytes, or all that are left.
    mutating func next(moreThan size: Int) async throws -> UploadPiece {
        var piece = UploadPiece()
        while piece.size <= size {
            guard let buffer = try await iterator.next() else {
                piece.isLast = true
                break
            }
            piece.size += buffer.readableBytes
            piece.buffers.append(buffer)
        }
        return piece
    }
}
