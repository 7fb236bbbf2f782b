import GRDB
import NIOCore
import NIOPosix
import S3Server
import SQLiteStatements

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads every byte that a sandbox keeps and compares it with the checksum taken when it was received. It changes nothing.
public struct SandboxScrub {
    public enum Finding: Sendable, Equatable, CustomStringConvertible {
        /// `BUCKET/KEY (VERSION)` or `BUCKET/KEY (upload ID, part N)`, and what is wrong with it.
        case damaged(String, Damage)
        /// A file, below the folder, that belongs to nothing: the next start removes it.
        case orphaned(String)
        /// The database file breaks SQLite's own rules.
        case database(String)

        public var description: String {
            switch self {
            case .damaged(let name, let damage): "\(name): \(damage.rawValue)"
            case .orphaned(let file): "\(file): belongs to no object"
            case .database(let text): "sandbox.sqlite: \(text)"
            }
        }
    }

    public enum Damage: String, Sendable {
        case changed = "its bytes are not those that were stored"
        case missing = "its file is missing"
        case unreadable = "its file cannot be read"
        case incomplete = "a part of its bytes is missing"
    }

    public struct Summary: Sendable, Equatable {
        public var blobs = 0
        public var bytes = 0
        public var findings = 0
    }

    /// There is no sandbox's state in the folder.
    public struct NothingThere: Error, Equatable, CustomStringConvertible {
        public let directory: String
        public var description: String { "\(directory) holds no sandbox's state" }
    }

    /// Rows of blobs held in memory, of which each may have `BlobPlace.largestInline` bytes.
    private static let pageSize = 64

    private let database: SandboxDatabase
    private let blobs: BlobStore
    private let report: (Finding) -> Void

    /// - Parameters:
    ///   - directory: of a sandbox that is not running.
    ///   - report: is told each finding as it is made.
    /// - Throws: `NothingThere`, `SandboxDirectoryInUse`, or what the database throws when it cannot be read at all.
    public static func run(directory: String, report: @escaping (Finding) -> Void) async throws -> Summary {
        guard FileManager.default.fileExists(atPath: directory + "/sandbox.sqlite") else {
            throw NothingThere(directory: directory)
        }
        let database = try await SandboxDatabase(directory: directory)
        let scrub = SandboxScrub(database: database, blobs: BlobStore(directory: directory), report: report)
        do {
            let summary = try await scrub.run()
            try database.close()
            return summary
        } catch {
            try? database.close()
            throw error
        }
    }

    private func run() async throws -> Summary {
        var summary = Summary()
        var findings = try await structure()
        findings.forEach(report)
        summary.findings = findings.count
        var last: Int64 = 0
        while true {
            let page = try await database.read { [last] in try ScrubRows(database: $0).blobs(after: last) }
            guard let end = page.last else { break }
            for blob in page {
                findings = try await check(blob)
                findings.forEach(report)
                summary.blobs += 1
                summary.bytes += blob.size
                summary.findings += findings.count
            }
            last = end.id
        }
        findings = try await orphans()
        findings.forEach(report)
        summary.findings += findings.count
        return summary
    }

    /// What is wrong with the database and with what its rows say of each other.
    private func structure() async throws -> [Finding] {
        try await database.read { database in
            let broken: [String] = try database.values("PRAGMA integrity_check(10)")
            let incomplete = try ScrubRows(database: database).incomplete()
            return broken.filter { $0 != "ok" }.map { .database($0) } + incomplete.map { .damaged($0, .incomplete) }
        }
    }

    private func check(_ blob: ScrubRows.Blob) async throws -> [Finding] {
        guard let damage = try await damage(blob) else { return [] }
        return try await database.read { try ScrubRows(database: $0).names(of: blob.id) }.map { .damaged($0, damage) }
    }

    private func damage(_ blob: ScrubRows.Blob) async throws -> Damage? {
        switch blob.place {
        case .inline(let data):
            let crc = CRC.crc64nvme.checksum(of: [ByteBuffer(bytes: data)])
            return data.count == blob.size && crc == blob.crc64 ? nil : .changed
        case .file(let name):
            return try await DiskThreads.reading.run { [folder = blobs.folder] in
                do {
                    let file = try folder.open(name)
                    guard try file.size() == blob.size else { return .changed }
                    return try file.crc64(of: blob.size) == blob.crc64 ? nil : .changed
                } catch let failure as BlobFile.Failure {
                    return failure.isMissing ? .missing : .unreadable
                }
            }
        }
    }

    private func orphans() async throws -> [Finding] {
        var findings: [Finding] = []
        for group in BlobFolder.groups {
            let found = try await DiskThreads.reading.run { [folder = blobs.folder] in folder.names(in: group) }
            guard !found.isEmpty else { continue }
            let named = try await database.read { try BlobRows(database: $0).files(in: group) }
            findings += found.filter { !named.contains($0) }.sorted().map { .orphaned("objects/\(group)/\($0)") }
        }
        return findings
    }

    /// What a scrub reads of the rows.
    private struct ScrubRows {
        struct Blob: Sendable {
            let id: Int64
            let size: Int
            let crc64: UInt64
            let place: BlobPlace
        }

        let database: Database

        func blobs(after id: Int64) throws -> [Blob] {
            try database.rows(
                "SELECT id, size, crc64, file, data FROM blob WHERE id > ? ORDER BY id LIMIT ?", [id, pageSize]
            ) { row in
                Blob(
                    id: try row.integer(), size: try row.int(), crc64: UInt64(bitPattern: try row.integer()),
                    place: try BlobPlace(&row))
            }
        }

        /// What a blob's bytes are of.
        func names(of blob: Int64) throws -> [String] {
            let objects = try database.rows(
                """
                SELECT DISTINCT bucket.name, object_version.key, object_version.version_id
                FROM segment JOIN object_version ON object_version.id = segment.object_id
                    JOIN bucket ON bucket.id = object_version.bucket_id
                WHERE segment.blob_id = ? ORDER BY object_version.id
                """, [blob], Self.name)
            let parts = try database.rows(
                """
                SELECT DISTINCT bucket.name, upload.key, upload.upload_id, upload_segment.number
                FROM upload_segment JOIN upload ON upload.id = upload_segment.upload
                    JOIN bucket ON bucket.id = upload.bucket_id
                WHERE upload_segment.blob_id = ? ORDER BY upload.id, upload_segment.number
                """, [blob]
            ) { row in
                "\(try row.text())/\(Self.printable(try row.data())) (upload \(try row.text()), part \(try row.int()))"
            }
            let names = objects + parts
            return names.isEmpty ? ["(no object) (blob \(blob))"] : names
        }

        /// Objects whose segments do not come to their size, or reach beyond their blobs.
        func incomplete() throws -> [String] {
            try database.rows(
                """
                SELECT bucket.name, object_version.key, object_version.version_id
                FROM object_version JOIN bucket ON bucket.id = object_version.bucket_id
                WHERE object_version.size <> coalesce((
                        SELECT sum(segment.length) FROM segment JOIN blob ON blob.id = segment.blob_id
                        WHERE segment.object_id = object_version.id
                            AND segment.blob_offset + segment.length <= blob.size), 0)
                ORDER BY object_version.id
                """, [], Self.name)
        }

        private static func name(_ row: inout RowDecoder) throws -> String {
            "\(try row.text())/\(printable(try row.data())) (\(row.optionalText() ?? "null"))"
        }

        /// A key as text of one line: what would move a terminal's cursor is percent-encoded.
        private static func printable(_ key: Data) -> String {
            var bytes: [UInt8] = []
            for byte in key {
                if byte < 0x20 || byte == 0x7F {
                    bytes.append(contentsOf: "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension BlobFile {
    private static let stretch = 1 << 20

    /// The check of its first `size` bytes.
    fileprivate func crc64(of size: Int) throws -> UInt64 {
        let crc = try stride(from: 0, to: size, by: Self.stretch).reduce(CRC.crc64nvme.initial) { crc, start in
            CRC.crc64nvme.update(crc, try read(at: start, count: min(Self.stretch, size - start)))
        }
        return CRC.crc64nvme.final(crc)
    }
}
