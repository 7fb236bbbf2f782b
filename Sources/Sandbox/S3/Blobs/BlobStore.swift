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
    func store<Value>(_ upload: S3Upload, record: (NewBlob) async throws -> Value) async throws -> Value {
        let blob = try await receive(upload, crc64: upload.algorithm == .crc64nvme ? { upload.digests?.crc64 } : nil)
        do {
            return try await record(blob)
        } catch {
            // After a commit that failed nobody knows what the disk has. The next start does, and sweeps.
            if !(error is CommitFailure) { await discard(blob) }
            throw error
        }
    }

    /// Reads `upload` to its end; when it returns, the bytes are on the disk. When it throws, nothing is left of them.
    /// - Parameter crc64: of the bytes, where reading them computes it; asked for when they have been read.
    func receive(
        _ upload: some AsyncSequence<ByteBuffer, any Error>, crc64: (() -> UInt64?)? = nil
    ) async throws -> NewBlob {
        var pieces = UploadPieces(upload.makeAsyncIterator())
        let first = try await pieces.next(moreThan: BlobPlace.largestInline)
        guard !first.isLast else {
            return NewBlob(
                size: first.size, crc64: crc64?() ?? CRC.crc64nvme.checksum(of: first.buffers),
                place: .inline(first.data))
        }
        let name = BlobFolder.newName()
        do {
            var blob = try await write(first, &pieces, name, isHashed: crc64 != nil)
            if let crc64 {
                guard let known = crc64() else { throw S3Error.internalError }
                blob.crc64 = known
            }
            return blob
        } catch {
            await discard(name)
            throw error
        }
    }

    /// - Parameter isHashed: somebody else computes the checksum, which is zero here.
    private func write<Iterator>(
        _ first: UploadPiece, _ pieces: inout UploadPieces<Iterator>, _ name: String, isHashed: Bool
    ) async throws -> NewBlob {
        var written = Written(crc: isHashed ? nil : CRC.crc64nvme.initial)
        var piece = first
        while true {
            let (current, before) = (piece, written)
            async let after = write(current, behind: before, name)
            let next = piece.isLast ? nil : try await pieces.next(moreThan: Self.writePiece)
            written = try await after
            guard let next else { break }
            piece = next
        }
        return NewBlob(size: written.size, crc64: written.crc.map(CRC.crc64nvme.final) ?? 0, place: .file(name))
    }

    /// What there is of a file.
    private struct Written: Sendable {
        var file: BlobFile?
        var size = 0
        var crc: UInt64?
    }

    /// The first piece makes the file, the last one returns when all are on the disk.
    private func write(_ piece: UploadPiece, behind before: Written, _ name: String) async throws -> Written {
        try await DiskThreads.writing.run { [folder] in
            var after = before
            let file = try before.file ?? folder.make(name)
            after.file = file
            for buffer in piece.buffers {
                try file.append(buffer)
                after.crc = after.crc.map { CRC.crc64nvme.update($0, buffer) }
            }
            after.size += piece.size
            if piece.isLast { try folder.finish(file, name) }
            return after
        }
    }

    /// Forgets what `receive` gave and no row names.
    func discard(_ blob: NewBlob) async {
        if case .file(let name) = blob.place { await discard(name) }
    }

    private func discard(_ name: String) async {
        let folder = folder
        // A file that cannot be removed is swept at the next start.
        try? await DiskThreads.writing.run { folder.remove(name) }
    }

    /// Removes files that `BlobRows.release` gave, once its transaction is committed. Nobody need wait for it: it is done
    /// in the background, and for a file that is being read, when it has been.
    func remove(_ files: [String]) {
        guard !files.isEmpty else { return }
        unlink(reads.doom(files))
    }

    func unlink(_ files: [String]) {
        guard !files.isEmpty else { return }
        DiskThreads.writing.submit { [folder] _ in
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
            let found = try await DiskThreads.reading.run { folder.names(in: group) }
            guard !found.isEmpty else { continue }
            let kept = try await named(group)
            let orphans = found.filter { !kept.contains($0) }
            try await DiskThreads.writing.run { for name in orphans { folder.remove(name, in: group) } }
            count += orphans.count
        }
        return count
    }
}
