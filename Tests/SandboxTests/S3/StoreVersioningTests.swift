import Foundation
import HTTPTypes
import S3Server
import TestSupport
import Testing

@testable import Sandbox

struct StoreVersioningTests {
    @Test func `Without versioning a write replaces and a delete removes`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            #expect(try await store.put("k", "1").versionID == nil)
            #expect(try await store.put("k", "2").versionID == nil)
            #expect(try await store.versions([:]) == ["*k null"])
            #expect(try await store.get("k") == "2")
            #expect(try await store.get("k", "null") == "2")
            #expect(try await store.delete("k") == S3Deleted(key: "k"))
            #expect(try await store.delete("k") == S3Deleted(key: "k"))
            #expect(try await store.count("object_version WHERE bucket_id = 2") == 0)
            #expect(try await store.count("blob") == 4)
        }
    }

    @Test func `With versioning every write is kept and a delete hides`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(versioning: .enabled)
            let one = try #require(try await store.put("k", "1").versionID)
            let two = try #require(try await store.put("k", "2").versionID)
            let marker = try #require(try await store.delete("k").deleteMarker)
            let names: [String?: String] = [one: "1", two: "2", marker: "m"]
            #expect(try await store.versions(names) == ["*!k m", "k 2", "k 1"])
            #expect(try await store.list().entries.isEmpty)
            #expect(try await refusal { _ = try await store.get("k") } == "404 NoSuchKey")
            #expect(try await refusal { _ = try await store.get("k", marker) } == "405 MethodNotAllowed")
            let copy = S3Copy(source: store.name("k", marker))
            #expect(
                try await refusal { _ = try await store.backend.copyObject(copy, to: store.name("c"), store.call()) }
                    == "400 InvalidRequest")
            #expect(try await store.get("k", one) == "1")
            #expect(
                try await store.delete("k", marker) == S3Deleted(key: "k", versionID: marker, deleteMarker: marker))
            #expect(try await store.versions(names) == ["*k 2", "k 1"])
            #expect(try await store.delete("k", two) == S3Deleted(key: "k", versionID: two))
            #expect(try await store.get("k") == "1")
            #expect(try await store.list().entries.map(\.key) == ["k"])
            #expect(try await refusal { _ = try await store.get("k", two) } == "404 NoSuchVersion")
            #expect(try await refusal { _ = try await store.get("k", "nonsense") } == "400 InvalidArgument")
            #expect(try await store.delete("k", two) == S3Deleted(key: "k", versionID: two))
        }
    }

    @Test func `Suspended versioning replaces the null version and nothing else`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            try await store.put("k", "0")
            try await store.backend.putBucketVersioning(.enabled, "bbb", store.call())
            let one = try #require(try await store.put("k", "1").versionID)
            #expect(try await store.versions([one: "1"]) == ["*k 1", "k null"])
            try await store.backend.putBucketVersioning(.suspended, "bbb", store.call())
            #expect(try await store.put("k", "2").versionID == nil)
            #expect(try await store.versions([one: "1"]) == ["*k null", "k 1"])
            #expect(try await store.get("k", "null") == "2")
            #expect(try await store.delete("k") == S3Deleted(key: "k", deleteMarker: "null"))
            #expect(try await store.versions([one: "1"]) == ["*!k null", "k 1"])
            #expect(try await store.delete("k").deleteMarker == "null")
            #expect(
                try await store.delete("k", "null") == S3Deleted(key: "k", versionID: "null", deleteMarker: "null"))
            #expect(try await store.get("k") == "1")
        }
    }

    @Test func `What is missing says whether a delete marker hides it`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(versioning: .enabled)
            let marker = try #require(try await store.delete("k").deleteMarker)
            for (key, isMarker) in [("k", "true"), ("none", "false")] {
                let error = await #expect(throws: S3Error.self) { _ = try await store.get(key) }
                #expect(error?.headers[.deleteMarker] == isMarker)
                #expect(error?.headers[.versionID] == (isMarker == "true" ? marker : nil))
            }
        }
    }

    @Test func `A bucket goes when its last version has gone`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(versioning: .enabled)
            let marker = try #require(try await store.delete("k").deleteMarker)
            let delete = { try await store.backend.deleteBucket("bbb", store.call()) }
            #expect(try await refusal(delete) == "409 BucketNotEmpty")
            try await store.delete("k", marker)
            #expect(try await refusal(delete) == "200")
            #expect(try await refusal(delete) == "404 NoSuchBucket")
        }
    }

    @Test func `Versions page by key and version, even when the marker's version is gone`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket(versioning: .enabled)
            var names: [String?: String] = [:]
            for text in ["a1", "a2", "a3", "b1", "c/1", "c/2"] {
                let key = text.hasPrefix("c") ? text : String(text.prefix(1))
                names[try await store.put(key, text).versionID] = text
            }
            var listing = S3VersionListing(bucket: "bbb", delimiter: "/", limit: 2)
            var pages: [[String]] = []
            while true {
                let page = try await store.backend.listObjectVersions(listing, store.call())
                pages.append(
                    page.versions.map { ($0.isLatest ? "*" : "") + (names[$0.versionID] ?? "") } + page.commonPrefixes)
                guard let next = page.next else { break }
                if let version = next.versionID { try await store.delete(next.key, version) }
                (listing.afterKey, listing.afterVersion) = (next.key, next.versionID ?? "")
            }
            #expect(pages == [["*a3", "a2"], ["a1", "*b1"], ["c/"]])
        }
    }

    @Test func `Any mixture of writes and deletes keeps one latest version a key`() async throws {
        try await StoreFixture.run { store in
            try await store.makeBucket()
            var generator = SeededGenerator(seed: 7)
            // What there is of the key, newest last: version id and whether it is a delete marker.
            var model: [(id: String, isMarker: Bool)] = []
            var versioning: S3Versioning?
            for step in 0..<300 {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0:
                    versioning = versioning == .enabled ? .suspended : .enabled
                    try await store.backend.putBucketVersioning(try #require(versioning), "bbb", store.call())
                case 1...5:
                    let id = try await store.put("k", "\(step)").versionID ?? "null"
                    if id == "null" { model.removeAll { $0.id == "null" } }
                    model.append((id, false))
                case 6...7:
                    let marker = try await store.delete("k").deleteMarker
                    if versioning != .enabled { model.removeAll { $0.id == "null" } }
                    if let marker { model.append((marker, true)) }
                default:
                    guard let victim = model.randomElement(using: &generator) else { continue }
                    try await store.delete("k", victim.id)
                    model.removeAll { $0.id == victim.id }
                }
                let page = try await store.backend.listObjectVersions(S3VersionListing(bucket: "bbb"), store.call())
                #expect(page.versions.map(\.versionID) == model.reversed().map(\.id))
                #expect(page.versions.map(\.isDeleteMarker) == model.reversed().map(\.isMarker))
                #expect(page.versions.map(\.isLatest) == model.indices.map { $0 == 0 })
                let isListed = model.last.map { !$0.isMarker } ?? false
                #expect(try await store.list().entries.map(\.key) == (isListed ? ["k"] : []))
            }
        }
    }
}
