import GRDB
import NIOCore
import NIOPosix
import S3Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The bytes of objects: small ones in the database, large ones in files.
///
/// A file is written under its random name, and synced with its folder, before a row names it; the row is what makes it
/// exist. So what a crash leaves is a file that no row names, before or after its time, and `sweep` removes it.
final class BlobStore: Sendable {
    /// Gathered before it is written, while the piece before it is: a system call and a change of threads each.
    private static let writePiece = 512 * 1024

    let folder: BlobFolder
    let reads = BlobReads()

    /// - Parameter directory: of the state, where `objects` is made when it is needed. Nil: a temporary folder, which
    ///   `close` removes.
    init(directory: String?) {
        if let directory {
            folder = BlobFolder(path: directory + "/objects", isDurable: true)
        } else {
            let path = FileManager.default.temporaryDirectory.path + "/sluice-sandbox-" + BlobFolder.newName()
            folder = BlobFolder(path: path, isDurable: false)
        }
    }

    /// Nothing may be read or written afterwards.
    func close() {
        if !folder.isDurable { folder.removeAll() }
    }

    // MARK: Writing

    /// Receives an upload and has `record` put it on record, in one transaction that has been committed when it returns.
    /// When either throws, nothing is left of it.
    func store<Value>(
        _ upload: some AsyncSequence<ByteBuffer, any Error>, record: (NewBlob) async throws -> Value
    ) async throws -> Value {
        let blob = try await receive(upload)
        do {
            return try await record(blob)
        } catch {
            // After a commit that failed nobody knows what the disk has. The next start does, and sweeps.
            if !(error is CommitFailure) { await discard(blob) }
            throw error
        }
    }

    /// Reads `upload` to its end; when it returns, the bytes are on the disk. When it throws, nothing is left of them.
    func receive(_ upload: some AsyncSequence<ByteBuffer, any Error>) async throws -> NewBlob {
        var pieces = UploadPieces(upload.makeAsyncIterator())
        let first = try await pieces.next(moreThan: BlobPlace.largestInline)
        guard !first.isLast else {
            return NewBlob(
                size: first.size, crc64: CRC.crc64nvme.checksum(of: first.buffers), place: .inline(first.data))
        }
        let name = BlobFolder.newName()
        do {
            return try await write(first, &pieces, name)
        } catch {
            await discard(name)
            throw error
        }
    }

    private func write<Iterator>(
        _ first: UploadPiece, _ pieces: inout UploadPieces<Iterator>, _ name: String
    ) async throws -> NewBlob {
        let folder = folder
        let file = try await BlobThreads.writing.run { try folder.make(name) }
        var piece = first
        var size = 0
        var crc = CRC.crc64nvme.initial
        while true {
            let (current, before) = (piece, crc)
            async let written = Self.append(current, to: file, before)
            let next = piece.isLast ? nil : try await pieces.next(moreThan: Self.writePiece)
            size += piece.size
            crc = try await written
            guard let next else { break }
            piece = next
        }
        try await BlobThreads.writing.run { try folder.finish(file, name) }
        return NewBlob(size: size, crc64: CRC.crc64nvme.final(crc), place: .file(name))
    }

    private static func append(_ piece: UploadPiece, to file: BlobFile, _ crc: UInt64) async throws -> UInt64 {
        try await BlobThreads.writing.run {
            try piece.buffers.reduce(crc) { crc, buffer in
                try file.append(buffer)
                return CRC.crc64nvme.update(crc, buffer)
            }
        }
    }

    /// Forgets what `receive` gave and no row names.
    func discard(_ blob: NewBlob) async {
        if case .file(let name) = blob.place { await discard(name) }
    }

    private func discard(_ name: String) async {
        let folder = folder
        // A file that cannot be removed is swept at the next start.
        try? await BlobThreads.writing.run { folder.remove(name) }
    }

    /// Removes files that `BlobRows.release` gave, once its transaction is committed. Nobody need wait for it: it is done
    /// in the background, and for a file that is being read, when it has been.
    func remove(_ files: [String]) {
        guard !files.isEmpty else { return }
        unlink(reads.doom(files))
    }

    func unlink(_ files: [String]) {
        guard !files.isEmpty else { return }
        BlobThreads.writing.submit { [folder] _ in
            for name in files { folder.remove(name) }
        }
    }

    // MARK: Reading

    /// To be called before the rows are looked up whose blobs are to be read, and held until then.
    func beginLookup() -> BlobLookup { BlobLookup(self) }

    // MARK: At the start

    /// Removes the files that no row of `database` names.
    func sweep(_ database: SandboxDatabase) async throws -> Int {
        try await sweep { group in try await database.read { try BlobRows(database: $0).files(in: group) } }
    }

    /// Removes what no row names. Only while nothing is being written.
    /// - Parameter named: the files of a group, as `BlobRows.files` knows them.
    /// - Returns: how many there were that nobody named.
    func sweep(keeping named: (_ group: String) async throws -> Set<String>) async throws -> Int {
        let folder = folder
        var count = 0
        for group in BlobFolder.groups {
            let found = try await BlobThreads.reading.run { folder.names(in: group) }
            guard !found.isEmpty else { continue }
            let kept = try await named(group)
            let orphans = found.filter { !kept.contains($0) }
            try await BlobThreads.writing.run { for name in orphans { folder.remove(name, in: group) } }
            count += orphans.count
        }
        return count
    }
}
