import Foundation
import HTTPTypes
import Sandbox
import SigV4
import Synchronization
import Testing
import Transport

/// The real embedded AWS, killed in the midst of uploads of every kind.
@Suite(.serialized) struct SandboxCrashTests {
    @Test(.timeLimit(.minutes(2)), arguments: [1, 12, 40])
    func `every answered upload is whole after a kill, and nothing else is there`(_ answers: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sandbox-crash-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let uploads = Uploads(killAfter: answers)
        let first = try await Program(["sandbox", "--port", "0", "--directory", folder.path])
        try await uploads.run(against: first)
        #expect(first.wasKilled())

        let second = try await Program(["sandbox", "--port", "0", "--directory", folder.path])
        let client = try ObjectClient(address: second.address)
        for upload in uploads.attempted {
            let answer = try await client.send(.get, upload.key)
            if uploads.answered.contains(upload) {
                #expect(answer.status == 200 && answer.body == upload.bytes, "\(upload.key), answered")
            } else {
                let isWhole = answer.status == 200 && answer.body == upload.bytes
                #expect(isWhole || answer.status == 404, "\(upload.key), not answered")
            }
        }
        second.kill()
        #expect(uploads.answered.count >= answers)
        // No file is left that belongs to nothing, since the second start.
        let scrub = try Program.output(of: ["sandbox", "scrub", "--directory", folder.path])
        #expect(scrub.status == 0)
        #expect(scrub.text.hasPrefix("everything is as it was stored, blobs: "))
    }

    @Test func `scrub names the object one bit of which has changed, and ends with 1`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sandbox-scrub-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = try await Program(["sandbox", "--port", "0", "--directory", folder.path])
        let upload = Upload(kind: .large, number: 1)
        let isDone = try await ObjectClient(address: program.address).put(upload)
        #expect(isDone)
        let scrub = ["sandbox", "scrub", "--directory", folder.path]
        // Not while it runs.
        #expect(try Program.output(of: scrub).status == 1)
        program.kill()
        #expect(try Program.output(of: scrub).status == 0)
        let objects = folder.appending(path: "objects")
        for path in try FileManager.default.subpathsOfDirectory(atPath: objects.path) where path.utf8.count > 32 {
            let file = objects.appending(path: path)
            var bytes = try Data(contentsOf: file)
            bytes[123_456] ^= 4
            try bytes.write(to: file)
        }
        let damaged = try Program.output(of: scrub)
        #expect(damaged.status == 1)
        let name = "\(upload.key.dropFirst()) (null)"
        #expect(damaged.text == "\(name): its bytes are not those that were stored\n")
        #expect(try Program.output(of: ["sandbox", "scrub"]).status == 2)
    }
}

/// An object to be put, whose bytes follow from its number.
private struct Upload: Hashable, Sendable {
    enum Kind: String, CaseIterable {
        case small, large, multipart
    }

    let kind: Kind
    let number: Int

    var key: String { "/\(SandboxDefaults.bucket)/crash/\(kind)-\(number)" }

    var bytes: [UInt8] {
        let size =
            switch kind {
            case .small: 1_000
            case .large: 400_000
            case .multipart: 5 * 1_048_576 + 100_000
            }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            for index in 0..<size { buffer[index] = UInt8(truncatingIfNeeded: (index &+ number) &* 2_654_435_761 >> 7) }
            count = size
        }
    }
}

/// Clients that put one object after the other, until so many have been answered that the server is killed.
private final class Uploads: Sendable {
    private let killAfter: Int
    private let state = Mutex((attempted: Set<Upload>(), answered: Set<Upload>()))

    init(killAfter: Int) { self.killAfter = killAfter }

    var attempted: Set<Upload> { state.withLock { $0.attempted } }
    var answered: Set<Upload> { state.withLock { $0.answered } }

    func run(against program: Program) async throws {
        let objects = try ObjectClient(address: program.address)
        let kinds: [Upload.Kind] = [.small, .small, .small, .small, .large, .large, .multipart, .multipart]
        await withTaskGroup(of: Void.self) { group in
            for (client, kind) in kinds.enumerated() {
                group.addTask { [self] in
                    for round in 0... {
                        let upload = Upload(kind: kind, number: client + round * kinds.count)
                        _ = state.withLock { $0.attempted.insert(upload) }
                        guard (try? await objects.put(upload)) == true else { return }
                        let isEnough = state.withLock { state in
                            state.answered.insert(upload)
                            return state.answered.count >= killAfter
                        }
                        if isEnough { return program.kill() }
                    }
                }
            }
        }
    }
}

private struct ObjectClient: Sendable {
    private let authority: String
    private let transport: CurlTransport
    private let signer = Signer(
        credentials: AWSCredentials(
            accessKeyID: SandboxDefaults.adminAccessKeyID,
            secretAccessKey: Secret(SandboxDefaults.adminSecretAccessKey)),
        region: SandboxDefaults.region, service: "s3")

    init(address: String) throws {
        authority = String(address.dropFirst("http://".count))
        transport = try CurlTransport()
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8] = []
    ) async throws -> (status: Int, body: [UInt8], etag: String?) {
        let request = HTTPRequest(method: method, scheme: "http", authority: authority, path: path)
        let signed = signer.sign(request, payload: .unsigned, at: Date())
        let answer = try await transport.send(DocumentRequest(signed, body: body))
        return (answer.status.code, answer.body, answer.headerFields[.eTag])
    }

    /// Whether it was answered as done.
    func put(_ upload: Upload) async throws -> Bool {
        let bytes = upload.bytes
        guard upload.kind == .multipart else { return try await send(.put, upload.key, body: bytes).status == 200 }
        let started = String(decoding: try await send(.post, upload.key + "?uploads").body, as: UTF8.self)
        guard let id = started.firstMatch(of: /<UploadId>([^<]+)</)?.1 else { return false }
        var parts = ""
        for (index, part) in [bytes.prefix(5 << 20), bytes.dropFirst(5 << 20)].enumerated() {
            let answer = try await send(
                .put, "\(upload.key)?partNumber=\(index + 1)&uploadId=\(id)", body: Array(part))
            guard let etag = answer.etag else { return false }
            parts += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(etag)</ETag></Part>"
        }
        let completion = "<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>"
        let answer = try await send(.post, "\(upload.key)?uploadId=\(id)", body: Array(completion.utf8))
        // A late error stands in the body of a 200.
        return answer.status == 200 && String(decoding: answer.body, as: UTF8.self).contains("<ETag>")
    }
}
