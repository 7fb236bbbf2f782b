import Foundation
import S3Server
import Testing

@testable import Sandbox

struct StoreAccessTests {
    /// What `caller` gets for each call, by the ACL of the bucket and of its object.
    private static func outcomes(_ store: StoreFixture, _ caller: Caller) async throws -> [String] {
        let call = store.call(caller)
        let backend = store.backend
        return [
            try await refusal { _ = try await backend.listObjects(S3Listing(bucket: "bbb"), call) },
            try await refusal { _ = try await store.get("k", as: caller) },
            try await refusal { try await store.put("new", "1", as: caller) },
            try await refusal { _ = try await backend.objectACL(store.name("k"), call) },
            try await refusal { _ = try await backend.bucketACL("bbb", call) },
            try await refusal { _ = try await backend.bucketVersioning("bbb", call) },
        ]
    }

    private static let (yes, no) = ("200", "403 AccessDenied")

    @Test(arguments: [
        (S3CannedACL.private, S3CannedACL.private, [no, no, no, no, no, no], [no, no, no, no, no, no]),
        (.publicRead, .private, [yes, no, no, no, no, no], [yes, no, no, no, no, no]),
        (.private, .publicRead, [no, yes, no, no, no, no], [no, yes, no, no, no, no]),
        (.publicReadWrite, .private, [yes, no, yes, no, no, no], [yes, no, yes, no, no, no]),
        (.authenticatedRead, .authenticatedRead, [yes, yes, no, no, no, no], [no, no, no, no, no, no]),
    ])
    func `Others may what a canned ACL says`(
        bucket: S3CannedACL, object: S3CannedACL, other: [String], anonymous: [String]
    ) async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(access: bucket)
            try await store.put("k", "1", S3NewObject(access: .canned(object)))
            #expect(try await Self.outcomes(store, store.other) == other)
            #expect(try await Self.outcomes(store, .anonymous) == anonymous)
            #expect(try await Self.outcomes(store, store.main) == Array(repeating: Self.yes, count: 6))
        }
    }

    @Test func `A grant gives one account its permission and no other`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            try await store.put("k", "1")
            let granted = S3Grant(.email("OTHER@example.com"), .readACL)
            try await store.backend.putBucketACL(.grants([granted]), "bbb", store.call())
            let other = S3Owner(id: store.other.canonicalID, displayName: "other")
            #expect(
                try await store.backend.bucketACL("bbb", store.call(store.other))
                    == S3ACL(owner: store.owner, grants: [S3Grant(.user(other), .readACL)]))
            #expect(
                try await Self.outcomes(store, store.other) == [Self.no, Self.no, Self.no, Self.no, Self.yes, Self.no])
            let version = try await store.backend.putObjectACL(
                .document(S3ACL(owner: store.owner, grants: [S3Grant(.user(other), .fullControl)])), store.name("k"),
                store.call())
            #expect(version == nil)
            #expect(try await store.get("k", as: store.other) == "1")
            #expect(
                try await refusal {
                    _ = try await store.backend.putObjectACL(
                        .canned(.private), store.name("k"), store.call(store.other))
                } == "200")
            #expect(try await refusal { _ = try await store.get("k", as: store.other) } == "403 AccessDenied")
        }
    }

    @Test func `An ACL is shown as it was asked for, groups first`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(access: .publicReadWrite)
            let full = S3Grant(.user(store.owner), .fullControl)
            #expect(
                try await store.backend.bucketACL("bbb", store.call())
                    == S3ACL(
                        owner: store.owner,
                        grants: [S3Grant(.group(.allUsers), .read), S3Grant(.group(.allUsers), .write), full]))
            let document = S3ACL(owner: store.owner, grants: [full, S3Grant(.group(.authenticatedUsers), .read)])
            try await store.backend.putBucketACL(.document(document), "bbb", store.call())
            #expect(try await store.backend.bucketACL("bbb", store.call()).grants == document.grants.reversed())
            try await store.backend.putBucketACL(.document(S3ACL(owner: store.owner, grants: [])), "bbb", store.call())
            #expect(try await store.backend.bucketACL("bbb", store.call()).grants == [])
            try await store.backend.putBucketACL(.canned(.private), "bbb", store.call())
            #expect(try await store.backend.bucketACL("bbb", store.call()).grants == [full])
        }
    }

    @Test func `Nobody unknown is granted anything`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            func put(_ access: S3AccessRequest) async throws -> String {
                try await refusal { try await store.backend.putBucketACL(access, "bbb", store.call()) }
            }
            #expect(try await put(.grants([S3Grant(.email("x@y"), .read)])) == "400 UnresolvableGrantByEmailAddress")
            let stranger = S3Owner(id: "_foo", displayName: "")
            #expect(try await put(.grants([S3Grant(.user(stranger), .read)])) == "400 InvalidArgument")
            #expect(try await put(.document(S3ACL(owner: stranger, grants: []))) == "403 AccessDenied")
        }
    }

    @Test func `Whoever writes an object owns it`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(access: .publicReadWrite)
            let other = S3Owner(id: store.other.canonicalID, displayName: "other")
            try await store.put("k", "1", as: store.other)
            try await store.put("a", "1", as: .anonymous)
            #expect(try await store.list().entries.map(\.owner) == [.anonymous, other])
            #expect(try await refusal { _ = try await store.get("k") } == "403 AccessDenied")
            try await store.put("k", "2", S3NewObject(access: .canned(.bucketOwnerRead)), as: store.other)
            #expect(try await store.get("k") == "2")
            #expect(
                try await store.backend.objectACL(store.name("k"), store.call(store.other)).grants
                    == [S3Grant(.user(store.owner), .read), S3Grant(.user(other), .fullControl)])
            try await store.delete("k")
        }
    }

    @Test func `Who may not list does not learn what is missing`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            #expect(try await refusal { _ = try await store.get("k") } == "404 NoSuchKey")
            #expect(try await refusal { _ = try await store.get("k", as: .anonymous) } == "403 AccessDenied")
            try await store.backend.putBucketACL(.canned(.publicRead), "bbb", store.call())
            #expect(try await refusal { _ = try await store.get("k", as: .anonymous) } == "404 NoSuchKey")
        }
    }

    @Test func `A bucket's name is taken once`() async throws {
        try await StoreFixture.run { store async throws in
            func make(_ caller: Caller, _ access: S3CannedACL?, _ region: String) async throws -> String {
                try await refusal {
                    try await store.backend.createBucket(
                        S3NewBucket(name: "bbb", region: region, access: access.map { .canned($0) }),
                        store.call(caller))
                }
            }
            #expect(try await make(store.main, nil, "us-east-1") == "200")
            #expect(try await make(store.main, nil, "us-east-1") == "200")
            #expect(try await make(store.main, .publicRead, "us-east-1") == "409 BucketAlreadyExists")
            #expect(try await make(store.main, nil, "eu-west-1") == "409 BucketAlreadyOwnedByYou")
            #expect(try await make(store.other, nil, "us-east-1") == "409 BucketAlreadyExists")
            #expect(try await make(.anonymous, nil, "us-east-1") == "403 AccessDenied")
            #expect(try await make(store.main, nil, "mars") == "400 InvalidLocationConstraint")
        }
    }

    @Test func `The owner a caller expects must be the bucket's`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(access: .publicRead)
            for (owner, outcome) in [
                (store.main.account, "200"), (store.main.canonicalID, "200"), (store.other.account, "403 AccessDenied"),
            ] {
                let call = store.call(.anonymous, owner: owner)
                #expect(
                    try await refusal { _ = try await store.backend.listObjects(S3Listing(bucket: "bbb"), call) }
                        == outcome)
            }
        }
    }
}

extension StoreFixture {
    var owner: S3Owner { S3Owner(id: main.canonicalID, displayName: main.displayName) }
}
