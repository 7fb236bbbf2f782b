import NIOCore
import NIOPosix
import S3Server

/// Held from before the rows of blobs are looked up until `content` has been called: files that are found stay until the
/// content is let go of, even when their blobs are deleted meanwhile.
final class BlobLookup: Sendable {
    private let store: BlobStore
    private let number: Int

    init(_ store: BlobStore) {
        self.store = store
        number = store.reads.beginLookup()
    }

    deinit { store.unlink(store.reads.endLookup(number)) }

    /// The bytes at `range` of the pieces, one after the other.
    func content(_ pieces: [BlobPiece], range: Range<Int>) -> S3Content {
        let pieces = pieces.within(range)
        if case .inline(let data)? = pieces.first?.place, pieces.count == 1 {
            let bytes = data.dropFirst(pieces[0].offset).prefix(pieces[0].length)
            return S3Content(ByteBuffer(bytes: bytes))
        }
        let pins = BlobPins(Set(pieces.compactMap(\.file)), store)
        return S3Content(length: range.count, files: pieces.runs(in: store.folder) ?? []) { sink in
            try await BlobReader(folder: pins.store.folder).read(pieces, to: sink)
        }
    }
}

/// Keeps files while it lives.
private final class BlobPins: Sendable {
    let store: BlobStore
    private let files: Set<String>

    init(_ files: Set<String>, _ store: BlobStore) {
        self.store = store
        self.files = files
        store.reads.beginReading(files)
    }

    deinit { store.unlink(store.reads.endReading(files)) }
}

extension [BlobPiece] {
    /// Those of the pieces, or their parts, that hold the bytes at `range` of all of them together.
    fileprivate func within(_ range: Range<Int>) -> [BlobPiece] {
        var start = 0
        var result: [BlobPiece] = []
        for piece in self {
            let bytes = range.clamped(to: start..<(start + piece.length))
            if !bytes.isEmpty {
                result.append(
                    BlobPiece(
                        place: piece.place, offset: piece.offset + bytes.lowerBound - start, length: bytes.count))
            }
            start += piece.length
        }
        return result
    }

    /// Nil when some are not in files.
    fileprivate func runs(in folder: BlobFolder) -> [S3FileRun]? {
        var runs: [S3FileRun] = []
        for piece in self {
            guard let file = piece.file else { return nil }
            runs.append(
                S3FileRun(path: folder.path(of: file), range: piece.offset..<(piece.offset + piece.length)))
        }
        return runs
    }

    /// The same in stretches of at most `size` bytes.
    fileprivate func cut(to size: Int) -> some Sequence<BlobPiece> {
        lazy.flatMap { piece in
            stride(from: 0, to: piece.length, by: size).lazy.map { start in
                BlobPiece(
                    place: piece.place, offset: piece.offset + start, length: Swift.min(size, piece.length - start))
            }
        }
    }
}

extension BlobPiece {
    fileprivate var file: String? {
        if case .file(let name) = place { name } else { nil }
    }
}

/// Reads pieces on the threads for it, the next one while the last is being sent.
struct BlobReader: Sendable {
    /// Two of them are held in memory.
    private static let stretch = 256 * 1024

    private struct Read: Sendable {
        var bytes: ByteBuffer
        /// Still open, for the next stretch of it.
        var file: BlobFile?
    }

    let folder: BlobFolder

    func read(_ pieces: [BlobPiece], to sink: S3Content.Sink) async throws {
        var stretches = pieces.cut(to: Self.stretch).makeIterator()
        guard let first = stretches.next() else { return }
        var last = try await read(first, nil)
        while let stretch = stretches.next() {
            let file = last.file
            async let next = read(stretch, file)
            try await sink(last.bytes)
            last = try await next
        }
        try await sink(last.bytes)
    }

    private func read(_ piece: BlobPiece, _ open: BlobFile?) async throws -> Read {
        switch piece.place {
        case .inline(let data):
            return Read(bytes: ByteBuffer(bytes: data.dropFirst(piece.offset).prefix(piece.length)))
        case .file(let name):
            return try await DiskThreads.reading.run { [folder] in
                let path = folder.path(of: name)
                let file = if let open, open.path == path { open } else { try BlobFile(reading: path) }
                return Read(bytes: try file.read(at: piece.offset, count: piece.length), file: file)
            }
        }
    }
}
