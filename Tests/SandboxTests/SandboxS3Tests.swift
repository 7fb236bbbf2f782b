import Foundation
import GRDB
import HTTPTypes
import NIOCore
import S3Server
import SigV4
import Testing
import Transport
import XML

@testable import Sandbox

struct SandboxS3Tests {
    @Test func `An object goes in and comes out, whole and in parts`() async throws {
        try await SandboxClient.run { client async throws in
            let target = "/sandbox-data/a/../b//c%20d%2Be~%C3%A9"
            let put = try await client.send(
                .put, target, headers: [.contentType: "text/plain", metadata: "green"], body: "hello, world")
            #expect(put.status == .ok)
            #expect(put.headerFields[.eTag] == "\"e4d7f1b4ed2e42d15898f4b27b019da4\"")
            let get = try await client.send(.get, target)
            #expect(get.text == "hello, world")
            #expect(get.headerFields[.contentType] == "text/plain")
            #expect(get.headerFields[metadata] == "green")
            #expect(get.headerFields[.lastModified] == "Sat, 21 Nov 2026 02:00:00 GMT")
            let part = try await client.send(.get, target, headers: [.range: "bytes=7-"])
            #expect(part.status == .partialContent)
            #expect(part.text == "world")
            #expect(part.headerFields[.contentRange] == "bytes 7-11/12")
            let head = try await client.send(.head, target)
            #expect(head.headerFields[.contentLength] == "12")
            #expect(head.body.isEmpty)
            #expect(try await client.send(.get, target, headers: [.range: "bytes=12-"]).summary == "416 InvalidRange")
            #expect(try await client.send(.delete, target).status == .noContent)
            #expect(try await client.send(.get, target).summary == "404 NoSuchKey")
            #expect(try await client.send(.delete, target).status == .noContent)
        }
    }

    @Test func `A listing pages and rolls up by delimiter`() async throws {
        try await SandboxClient.run { client async throws in
            #expect(try await client.send(.put, "/listing").status == .ok)
            for key in ["a", "b/1", "b/2", "c/1", "d", "e%20f"] {
                #expect(try await client.send(.put, "/listing/\(key)", body: key).status == .ok)
            }
            #expect(try await client.send(.get, "/listing?list-type=2").keys == ["a", "b/1", "b/2", "c/1", "d", "e f"])
            #expect(
                try await client.send(.get, "/listing?encoding-type=url&list-type=2&prefix=e").keys == ["e%20f"])
            var pages: [[String]] = []
            var token: String?
            repeat {
                let next = token.map { "&continuation-token=\(URIEncoding.encode($0))" } ?? ""
                let answer = try await client.send(.get, "/listing?list-type=2&delimiter=%2F&max-keys=2\(next)")
                let document = try XMLReader.read(answer.body)
                pages.append(answer.keys + document.children("CommonPrefixes").compactMap { $0["Prefix"] })
                token = document["NextContinuationToken"]
            } while token != nil
            #expect(pages == [["a", "b/"], ["d", "c/"], ["e f"]])
            #expect(try await client.send(.get, "/listing?marker=c").keys == ["c/1", "d", "e f"])
            #expect(try await client.send(.get, "/listing?list-type=2&start-after=d").keys == ["e f"])
            #expect(try await client.send(.get, "/listing?max-keys=x").summary == "400 InvalidArgument")
            #expect(try await client.send(.delete, "/listing").summary == "409 BucketNotEmpty")
            let keys = ["a", "b/1", "b/2", "c/1", "d", "e f"].map { "<Object><Key>\($0)</Key></Object>" }.joined()
            let wish = "<Delete>\(keys)</Delete>"
            #expect(try await client.send(.post, "/listing?delete", body: wish).summary == "400 InvalidRequest")
            var hasher = S3ChecksumHasher(.sha256)
            hasher.update(ByteBuffer(string: wish))
            let checksum = try #require(HTTPField.Name("x-amz-checksum-sha256"))
            let deleted = try await client.send(
                .post, "/listing?delete", headers: [checksum: hasher.value], body: wish)
            #expect(try XMLReader.read(deleted.body).children("Deleted").count == 6)
            #expect(try await client.send(.delete, "/listing").status == .noContent)
            #expect(try await client.send(.get, "/listing").summary == "404 NoSuchBucket")
        }
    }

    @Test func `A bucket of another Region redirects there`() async throws {
        try await SandboxClient.run { client async throws in
            let document =
                "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint>"
                + "</CreateBucketConfiguration>"
            #expect(try await client.send(.put, "/far-away", body: document).status == .ok)
            let head = try await client.send(.head, "/far-away")
            #expect(head.status.code == 301)
            #expect(head.headerFields[HTTPField.Name("x-amz-bucket-region")!] == "eu-west-1")
            #expect(try await client.send(.get, "/far-away").summary == "301 PermanentRedirect")
            #expect(try await client.at("eu-west-1").send(.head, "/far-away").status == .ok)
            let location = try await client.send(.get, "/far-away?location")
            #expect(try XMLReader.read(location.body).text == "eu-west-1")
            #expect(try await client.send(.put, "/far-away").summary == "409 BucketAlreadyOwnedByYou")
            #expect(try await client.send(.put, "/Bad_Name").summary == "400 InvalidBucketName")
            let here = try await client.send(.get, "/sandbox-data?location")
            #expect(try XMLReader.read(here.body).text == "")
        }
    }

    @Test func `Copies keep or replace the metadata`() async throws {
        try await SandboxClient.run { client async throws in
            #expect(try await client.send(.put, "/sandbox-data/a", headers: [metadata: "1"], body: "x").status == .ok)
            let source = HTTPField.Name("x-amz-copy-source")!
            #expect(
                try await client.send(.put, "/sandbox-data/b", headers: [source: "/sandbox-data/a"]).status == .ok)
            #expect(try await client.send(.get, "/sandbox-data/b").headerFields[metadata] == "1")
            #expect(
                try await client.send(.put, "/sandbox-data/b", headers: [source: "/sandbox-data/none"]).summary
                    == "404 NoSuchKey")
        }
    }

    @Test(arguments: [
        ("/sandbox-data?policy", "501 NotImplemented"), ("/sandbox-data/x?retention", "501 NotImplemented"),
        ("/?location", "501 NotImplemented"), ("/%zz", "400 InvalidURI"),
    ])
    func `What is not spoken is said so`(target: String, summary: String) async throws {
        try await SandboxClient.run { client async throws in
            #expect(try await client.send(.get, target).summary == summary)
        }
    }

    @Test func `Signatures are verified, with S3's codes`() async throws {
        try await SandboxClient.run { client async throws in
            #expect(try await client.sendUnsigned(.get, "/").summary == "403 AccessDenied")
            #expect(
                try await client.sendUnsigned(.get, "/", headers: [.authorization: "AWS AKID:sig"]).summary
                    == "403 InvalidAccessKeyId")
            #expect(
                try await client.sendUnsigned(.get, "/?AWSAccessKeyId=A&Signature=B&Expires=1").summary
                    == "403 InvalidAccessKeyId")
            let unknown = client.with(AWSCredentials(accessKeyID: "AKIANOBODY", secretAccessKey: Secret("x")))
            #expect(try await unknown.send(.get, "/").summary == "403 InvalidAccessKeyId")
            let wrong = client.with(
                AWSCredentials(accessKeyID: SandboxDefaults.adminAccessKeyID, secretAccessKey: Secret("x")))
            #expect(try await wrong.send(.get, "/").summary == "403 SignatureDoesNotMatch")
            let late = try await client.send(
                .get, "/", bytes: [], signedAt: SandboxClient.start.addingTimeInterval(-901))
            #expect(late.summary == "403 RequestTimeTooSkewed")
            #expect(try await client.at("mars-north-1").send(.get, "/").summary == "200")
            let mismatch = try await client.send(
                .put, "/sandbox-data/x", bytes: Array("other".utf8), payload: .body(Array("body".utf8)))
            #expect(mismatch.summary == "400 XAmzContentSHA256Mismatch")
        }
    }

    @Test func `A presigned address works until it expires`() async throws {
        try await SandboxClient.run { client async throws in
            let signer = Signer(credentials: client.credentials, region: client.region, service: "s3")
            let request = client.request(.get, "/sandbox-data/README.txt")
            let target = try #require(signer.presign(request, expires: 60, at: client.clock.now).path)
            #expect(try await client.sendUnsigned(.get, target).text == "Objects to try Sluice with.\n")
            client.clock.advance(by: 61)
            #expect(try await client.sendUnsigned(.get, target).summary == "403 AccessDenied")
        }
    }

    @Test(arguments: [
        ("content-md5", "XrY7u+Ae7tCTyyK7j1rNww==", "200"),
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==", "400 BadDigest"),
        ("content-md5", "nonsense", "400 InvalidDigest"), ("x-amz-checksum-crc32", "DUoRhQ==", "200"),
        ("x-amz-checksum-crc32", "AAAAAA==", "400 BadDigest"), ("x-amz-checksum-crc32c", "yZRlqg==", "200"),
        ("x-amz-checksum-sha256", "AAAA", "400 InvalidRequest"),
    ])
    func `Checksums are compared`(name: String, value: String, summary: String) async throws {
        try await SandboxClient.run { client async throws in
            let field = try #require(HTTPField.Name(name))
            let answer = try await client.send(.put, "/sandbox-data/x", headers: [field: value], body: "hello world")
            #expect(answer.summary == summary)
        }
    }

    @Test func `A body in signed chunks is put together`() async throws {
        try await SandboxClient.run { client async throws in
            let signer = Signer(credentials: client.credentials, region: client.region, service: "s3")
            let length = HTTPField.Name("x-amz-decoded-content-length")!
            let request = client.request(
                .put, "/sandbox-data/chunks", [.contentEncoding: "aws-chunked,gzip", length: "10"])
            var (signed, chunks) = signer.signStreaming(request, payload: .signed, at: client.clock.now)
            let body = ["hello", "world", ""].map { chunk in
                "\(String(chunk.utf8.count, radix: 16));chunk-signature=\(chunks.sign(Array(chunk.utf8)))\r\n\(chunk)\r\n"
            }.joined()
            let answer = try await client.sendUnsigned(
                .put, "/sandbox-data/chunks", headers: signed.headerFields, body: Array(body.utf8))
            #expect(answer.summary == "200")
            let stored = try await client.send(.get, "/sandbox-data/chunks")
            #expect(stored.text == "helloworld")
            #expect(stored.headerFields[.contentEncoding] == "gzip")
            let tampered = body.replacing("world", with: "w0rld")
            let refused = try await client.sendUnsigned(
                .put, "/sandbox-data/chunks", headers: signed.headerFields, body: Array(tampered.utf8))
            #expect(refused.summary == "403 SignatureDoesNotMatch")
        }
    }

    @Test func `Credentials of GetDataAccess reach what the grant says and nothing else`() async throws {
        try await SandboxClient.run { client async throws in
            let session = try await client.grantedSession(permission: "READ", subPrefix: "sales/*")
            #expect(try await session.send(.get, "/sandbox-data/sales/2026/january.csv").status == .ok)
            #expect(try await session.send(.get, "/sandbox-data?list-type=2&prefix=sales%2F").keys.count == 2)
            #expect(try await session.send(.get, "/sandbox-data/README.txt").summary == "403 AccessDenied")
            #expect(try await session.send(.put, "/sandbox-data/sales/x", body: "x").summary == "403 AccessDenied")
            #expect(try await session.send(.get, "/sandbox-data?list-type=2").summary == "403 AccessDenied")
            #expect(try await session.send(.get, "/").summary == "403 AccessDenied")
            client.clock.advance(by: 901)
            #expect(
                try await session.send(.get, "/sandbox-data/sales/2026/january.csv").summary == "400 ExpiredToken")
        }
    }

    @Test func `The state survives a restart`() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "sandbox-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await SandboxClient.run(directory: directory) { client async throws in
            #expect(try await client.send(.put, "/sandbox-data/kept", body: "kept").status == .ok)
            #expect(try await client.send(.delete, "/sandbox-data/README.txt").status == .noContent)
        }
        try await SandboxClient.run(directory: directory) { client async throws in
            #expect(try await client.send(.get, "/sandbox-data/kept").text == "kept")
            #expect(try await client.send(.get, "/sandbox-data/README.txt").summary == "404 NoSuchKey")
        }
    }

    @Test func `A virtual-hosted address names the bucket`() async throws {
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: "sandbox-data.s3.test:80", path: "/sales/x?list-type=2")
        let target = try SandboxTarget(request, bucketDomain: "s3.test")
        #expect(target.hostBucket == "sandbox-data")
        #expect(target.s3.path == "/sales/x")
    }

    @Test(arguments: [
        ("http://111122223333.s3control.sandbox/v20180820/x?a=b", "111122223333.s3control.sandbox", "/v20180820/x?a=b"),
        ("HTTP://sandbox:81", "sandbox:81", "/"), ("https://sandbox?list-type=2", "sandbox", "/?list-type=2"),
    ])
    func `A target in absolute form is brought to origin form`(
        target: String, authority: String, path: String
    ) throws {
        let parsed = try SandboxTarget(
            HTTPRequest(method: .get, scheme: "http", authority: "other", path: target), bucketDomain: nil)
        #expect(parsed.request.authority == authority)
        #expect(parsed.request.path == path)
    }
}

private let metadata = HTTPField.Name("x-amz-meta-colour")!

extension SandboxClient {
    /// Makes a location for the bucket and a grant for the caller, and gets credentials through it.
    func grantedSession(permission: String, subPrefix: String) async throws -> SandboxClient {
        let account: HTTPFields = [.accountID: SandboxDefaults.account]
        let root = "/v20180820/accessgrantsinstance"
        let location = try await send(
            .post, "\(root)/location", headers: account,
            body: "<CreateAccessGrantsLocationRequest><LocationScope>s3://sandbox-data/</LocationScope>"
                + "<IAMRoleArn>\(SandboxDefaults.locationRole)</IAMRoleArn></CreateAccessGrantsLocationRequest>")
        let id = try #require(XMLReader.read(location.body)["AccessGrantsLocationId"], "\(location.text)")
        let grant = try await send(
            .post, "\(root)/grant", headers: account,
            body: "<CreateAccessGrantRequest><AccessGrantsLocationId>\(id)</AccessGrantsLocationId>"
                + "<AccessGrantsLocationConfiguration><S3SubPrefix>\(subPrefix)</S3SubPrefix>"
                + "</AccessGrantsLocationConfiguration><Grantee><GranteeType>IAM</GranteeType>"
                + "<GranteeIdentifier>arn:aws:iam::123456789012:user/admin</GranteeIdentifier></Grantee>"
                + "<Permission>\(permission)</Permission></CreateAccessGrantRequest>")
        #expect(grant.summary == "200", "\(grant.text)")
        let target = URIEncoding.encode("s3://sandbox-data/\(subPrefix)")
        let answer = try await send(
            .get, "\(root)/dataaccess?target=\(target)&permission=\(permission)&durationSeconds=900",
            headers: account)
        return with(try Self.credentials(XMLReader.read(answer.body)))
    }
}
