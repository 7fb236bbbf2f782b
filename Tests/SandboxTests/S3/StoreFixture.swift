import Foundation
import GRDB
import HTTPTypes
import NIOCore
import S3Server
import Synchronization
import Testing

@testable import Sandbox

/// The store behind the S3 protocol, without a protocol: with two accounts and nobody in particular.
struct StoreFixture {
    let database: SandboxDatabase
    let backend: SandboxS3Backend
    let clock = TestClock()
    let main: Caller
    let other: Caller

    /// - Parameter onDisk: in a folder, which is removed afterwards; else in memory.
    static func run(onDisk: Bool = false, _ body: (StoreFixture) async throws -> Void) async throws {
        let folder = onDisk ? FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path : nil
        defer { if let folder { try? FileManager.default.removeItem(atPath: folder) } }
        let fixture = try await StoreFixture(directory: folder)
        try await body(fixture)
        try fixture.database.close()
        fixture.backend.blobs.close()
    }

    private init(directory: String?) async throws {
        database = try await SandboxDatabase(directory: directory)
        backend = SandboxS3Backend(
            database: database, blobs: BlobStore(directory: directory), regions: SandboxDefaults.regions)
        let users = [
            SandboxUser(
                name: "other", account: "210987654321", email: "other@example.com", accessKeyID: "AKIAOTHER",
                secretAccessKey: "secret")
        ]
        (main, other) = try await database.write { database in
            try SandboxSeed.plant(database, users: users, now: Timestamp.milliseconds(SandboxClient.start))
            let identities = IdentityStore(database: database)
            return (
                try #require(try identities.accessKey(SandboxDefaults.adminAccessKeyID)?.identity),
                try #require(try identities.accessKey("AKIAOTHER")?.identity)
            )
        }
    }

    func call(_ caller: Caller? = nil, owner: String? = nil) -> S3Call<Caller> {
        S3Call(
            identity: caller ?? main, region: SandboxDefaults.region, now: clock.now, expectedBucketOwner: owner)
    }

    // MARK: Short forms, on the bucket `b`

    func makeBucket(
        _ name: String = "bbb", versioning: S3Versioning? = nil, access: S3CannedACL? = nil
    ) async throws {
        try await backend.createBucket(
            S3NewBucket(name: name, region: SandboxDefaults.region, access: access.map { .canned($0) }), call())
        if let versioning { try await backend.putBucketVersioning(versioning, name, call()) }
    }

    func name(_ key: String, _ version: String? = nil) -> S3ObjectName {
        S3ObjectName(bucket: "bbb", key: key, versionID: version)
    }

    @discardableResult
    func put(
        _ key: String, _ text: String = "", _ new: S3NewObject = S3NewObject(), as caller: Caller? = nil
    ) async throws -> S3ObjectInfo {
        try await backend.putObject(name(key), new, .of(Array(text.utf8)), call(caller))
    }

    func get(
        _ key: String, _ version: String? = nil, _ reading: S3Reading = S3Reading(), as caller: Caller? = nil
    ) async throws -> String {
        let object = try await backend.getObject(name(key, version), reading, call(caller))
        return String(decoding: try await object.content.bytes(), as: UTF8.self)
    }

    @discardableResult
    func delete(_ key: String, _ version: String? = nil, as caller: Caller? = nil) async throws -> S3Deleted {
        try #require(
            try await backend.deleteObjects(
                [S3Deletion(key: key, versionID: version)], in: "bbb", call(caller)
            ).first
        ).get()
    }

    /// `key version`, `*` before the latest and `!` before delete markers; versions by the names given.
    func versions(_ names: [String?: String]) async throws -> [String] {
        try await backend.listObjectVersions(S3VersionListing(bucket: "bbb"), call()).versions.map { version in
            (version.isLatest ? "*" : "") + (version.isDeleteMarker ? "!" : "")
                + "\(version.key) \(names[version.versionID] ?? version.versionID)"
        }
    }

    func list(_ listing: S3Listing = S3Listing(bucket: "bbb")) async throws -> S3ListingPage {
        try await backend.listObjects(listing, call())
    }

    /// The rows of a table.
    func count(_ table: String) async throws -> Int {
        try await database.read { try $0.value("SELECT count(*) FROM \(table)") ?? 0 }
    }

    /// The statements that `body` runs, by their first word; savepoints, which cost nothing, are left out.
    func statements(_ body: () async throws -> Void) async throws -> [String: Int] {
        let counts = Mutex<[String: Int]>([:])
        try await database.write { database in
            database.trace { event in
                let word = event.description.split(separator: " ").first.map(String.init) ?? ""
                if word != "SAVEPOINT", word != "RELEASE", word != "PRAGMA" {
                    counts.withLock { $0[word, default: 0] += 1 }
                }
            }
        }
        counts.withLock { $0 = [:] }
        try await body()
        let result = counts.withLock { $0 }
        try await database.write { database in database.trace() }
        return result
    }
}

extension S3Upload {
    /// A body as it comes without `aws-chunked`.
    static func of(_ bytes: [UInt8], headers: HTTPFields = [:]) throws -> S3Upload {
        var headers = headers
        headers[.contentLength] = String(bytes.count)
        let decoder = try S3BodyDecoder(headers: headers, payload: nil, verifier: nil)
        let stream = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                continuation.yield(ByteBuffer(bytes: bytes[start..<Swift.min(start + 1 << 20, bytes.count)]))
            }
            continuation.finish()
        }
        return S3Upload(stream, decoder: decoder)
    }
}

extension S3Content {
    func bytes() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await write { bytes.append(contentsOf: $0.readableBytesView) }
        return bytes
    }
}

/// `404 NoSuchKey` and its like.
func refusal(_ body: () async throws -> Void) async throws -> String {
    do {
        try await body()
        return "200"
    } catch let error as S3Error {
        return "\(error.status) \(error.code)"
    }
}
