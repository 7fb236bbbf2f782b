import Foundation
import GRDB
import HTTPTypes
import NIOCore
import S3Server
import Synchronization
import Testing

@testable import Sandbox

@Suite struct BlobStoreTests {
    private struct ClientIsGone: Error, Equatable {}

    private static let limit = BlobPlace.largestInline

    /// A store in a folder of its own.
    private static func run(_ body: (BlobStore, URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "blobs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(BlobStore(directory: folder.path), folder)
    }

    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) } }

    /// What comes in buffers of 10,000 bytes; and then, the failure.
    private static func upload(
        _ count: Int, failing failure: (any Error)? = nil
    ) -> AsyncThrowingStream<ByteBuffer, any Error> {
        let bytes = bytes(count)
        return AsyncThrowingStream { continuation in
            for start in stride(from: 0, to: count, by: 10_000) {
                continuation.yield(ByteBuffer(bytes: bytes[start..<min(start + 10_000, count)]))
            }
            continuation.finish(throwing: failure)
        }
    }

    /// The paths below a folder of what is not a folder.
    private static func files(_ folder: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(
                atPath: folder.appending(path: path).path, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }

    private static func collect(_ content: S3Content) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await content.write { bytes.append(contentsOf: $0.readableBytesView) }
        #expect(bytes.count == content.length)
        return bytes
    }

    @Test(arguments: [(0, true), (1, true), (limit, true), (limit + 1, false), (3_000_000, false)])
    func `small uploads stay in memory for the row, others go to a file`(_ size: Int, _ isInline: Bool) async throws {
        try await Self.run { store, folder in
            let blob = try await store.receive(Self.upload(size))
            let crc64 = CRC.crc64nvme.checksum(of: [ByteBuffer(bytes: Self.bytes(size))])
            let files = try Self.files(folder)
            guard case .file(let name) = blob.place else {
                #expect(blob == NewBlob(size: size, crc64: crc64, place: .inline(Data(Self.bytes(size)))))
                #expect(isInline && files.isEmpty)
                return
            }
            #expect(blob == NewBlob(size: size, crc64: crc64, place: .file(name)))
            #expect(!isInline && files == ["objects/\(name.prefix(2))/\(name)"])
            #expect(name.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            let lookup = store.beginLookup()
            let piece = BlobPiece(place: blob.place, offset: 0, length: size)
            #expect(try await Self.collect(lookup.content([piece], range: 0..<size)) == Self.bytes(size))
        }
    }

    @Test(arguments: [0, 9_000, limit + 1, 2_000_000])
    func `an upload that fails leaves nothing`(_ size: Int) async throws {
        try await Self.run { store, folder in
            await #expect(throws: ClientIsGone.self) {
                try await store.receive(Self.upload(size, failing: ClientIsGone()))
            }
            await #expect(throws: ClientIsGone.self) {
                try await store.store(.of(Self.bytes(size))) { _ -> Void in throw ClientIsGone() }
            }
            let left = try Self.files(folder)
            #expect(left == [])
        }
    }

    @Test(arguments: [100, 300_000, 2_000_000], [S3ChecksumAlgorithm.crc32, .crc64nvme, nil])
    func `what a scrub compares is of the bytes, whoever computes it`(
        _ size: Int, _ claimed: S3ChecksumAlgorithm?
    ) async throws {
        try await Self.run { store, _ in
            let bytes = Self.bytes(size)
            var headers = HTTPFields()
            if let claimed, let field = HTTPField.Name(claimed.header) {
                headers[field] = S3Checksum(claimed, of: bytes).value
            }
            let crc = try await store.store(.of(bytes, headers: headers)) { $0.crc64 }
            #expect(crc == CRC.crc64nvme.checksum(of: [ByteBuffer(bytes: bytes)]))
        }
    }

    @Test func `after a failed commit a file is left to the next start, which sweeps it`() async throws {
        try await Self.run { store, folder in
            let kept = try await store.receive(Self.upload(200_000))
            guard case .file(let name) = kept.place else { throw ClientIsGone() }
            await #expect(throws: CommitFailure.self) {
                try await store.store(.of(Self.bytes(200_000))) { _ -> Void in
                    throw CommitFailure(cause: ClientIsGone())
                }
            }
            let stray = folder.appending(path: "objects/ff")
            try FileManager.default.createDirectory(at: stray, withIntermediateDirectories: true)
            try Data("?".utf8).write(to: stray.appending(path: "not a blob"))
            #expect(try Self.files(folder).count == 3)
            #expect(try await store.sweep { name.hasPrefix($0) ? [name] : [] } == 2)
            #expect(try Self.files(folder) == ["objects/\(name.prefix(2))/\(name)"])
        }
    }

    @Test func `a range of several pieces is what it is of all their bytes`() async throws {
        try await Self.run { store, _ in
            let large = try await store.receive(Self.upload(700_000))
            let pieces = [
                BlobPiece(place: .inline(Data([1, 2, 3, 4, 5, 6])), offset: 1, length: 4),
                BlobPiece(place: large.place, offset: 5, length: 600_000),
                BlobPiece(place: .inline(Data([7, 8, 9])), offset: 0, length: 3),
                BlobPiece(place: large.place, offset: 0, length: 70),
            ]
            let whole = [2, 3, 4, 5] + Self.bytes(700_000)[5..<600_005] + [7, 8, 9] + Self.bytes(70)
            let ranges = [
                0..<whole.count, 0..<0, 0..<1, 3..<5, 4..<600_004, 600_004..<600_007, 600_003..<600_008,
                262_147..<262_149, (whole.count - 1)..<whole.count,
            ]
            for range in ranges {
                let content = store.beginLookup().content(pieces, range: range)
                #expect(try await Self.collect(content) == Array(whole[range]), "\(range)")
            }
        }
    }

    @Test func `a file that is cut short or missing fails the reading of it`() async throws {
        try await Self.run { store, folder in
            let blob = try await store.receive(Self.upload(300_000))
            let piece = BlobPiece(place: blob.place, offset: 0, length: 300_001)
            let short = store.beginLookup().content([piece], range: 0..<300_001)
            await #expect(throws: BlobFile.Failure.self) { try await short.write { _ in } }
            await store.discard(blob)
            let missing = store.beginLookup().content([piece], range: 0..<1)
            await #expect(throws: BlobFile.Failure.self) { try await missing.write { _ in } }
        }
    }

    @Test func `what is removed while it is being looked up or read is read to its end`() async throws {
        try await Self.run { store, folder in
            let blob = try await store.receive(Self.upload(300_000))
            guard case .file(let name) = blob.place else { throw ClientIsGone() }
            var lookup: BlobLookup? = store.beginLookup()
            store.remove([name])
            var content = lookup?.content(
                [BlobPiece(place: blob.place, offset: 0, length: 300_000)], range: 0..<300_000)
            lookup = nil
            if let content { #expect(try await Self.collect(content) == Self.bytes(300_000)) }
            content = nil
            while try !Self.files(folder).isEmpty { await Task.yield() }
        }
    }

    @Test func `a blob goes with the last that refers to it`() throws {
        let database = try DatabaseQueue()
        try database.write { database in
            try database.execute(sql: BlobSchema.sql)
            try database.execute(
                sql: "CREATE TABLE segment (blob_id INTEGER); CREATE TABLE upload_segment (blob_id INTEGER)")
            let rows = BlobRows(database: database)
            let name = BlobFolder.newName()
            let large = try rows.insert(NewBlob(size: 70_000, crc64: .max, place: .file(name)))
            let small = try rows.insert(NewBlob(size: 2, crc64: 1, place: .inline(Data([1, 2]))))
            try database.execute(sql: "INSERT INTO segment VALUES (?), (?)", arguments: [large, small])
            try database.execute(sql: "INSERT INTO upload_segment VALUES (?)", arguments: [large])
            #expect(try rows.files(in: String(name.prefix(2))) == [name])
            #expect(try rows.release([large, small]) == [])
            try database.execute(sql: "DELETE FROM segment")
            #expect(try rows.release([large, small]) == [])
            #expect(try Int64.fetchAll(database, sql: "SELECT id FROM blob") == [large])
            try database.execute(sql: "DELETE FROM upload_segment")
            #expect(try rows.release([large, small]) == [name])
            #expect(try Int64.fetchAll(database, sql: "SELECT id FROM blob") == [])
        }
    }

    @Test func `files wait for lookups begun before and for readers, not for others`() {
        let reads = BlobReads()
        #expect(reads.doom(["a"]) == ["a"])
        let first = reads.beginLookup()
        #expect(reads.doom(["b"]) == [])
        let second = reads.beginLookup()
        #expect(reads.doom(["c"]) == [])
        reads.beginReading(["b", "d"])
        #expect(reads.endLookup(first) == [])
        #expect(reads.endReading(["b", "d"]) == ["b"])
        reads.beginReading(["c"])
        #expect(reads.endLookup(second) == [])
        #expect(reads.endReading(["c"]) == ["c"])
        #expect(reads.doom(["e"]) == ["e"])
    }
}
