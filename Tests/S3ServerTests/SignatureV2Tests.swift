import Foundation
import HTTPTypes
import SigV4
import Testing

@testable import S3Server

/// The examples of "Signing and authenticating REST requests", in Amazon's guide to S3.
struct SignatureV2Tests {
    private static let secret = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    private static let now = Date(timeIntervalSince1970: 1_174_999_002)  // 2007-03-27T12:36:42Z, at which it was signed

    private static func request(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields
    ) -> HTTPRequest {
        HTTPRequest(
            method: method, scheme: "http", authority: "awsexamplebucket1.us-west-1.s3.amazonaws.com", path: path,
            headerFields: headers)
    }

    private static func verify(_ request: HTTPRequest, bucket: String?, now: Date) throws {
        let query = try S3Target(request).query
        try #require(try SignatureV2(request, query: query))
            .verify(request, query: query, secret: secret, hostBucket: bucket, now: now)
    }

    @Test func `An object's GET of a virtual-hosted bucket`() throws {
        let request = Self.request(
            .get, "/photos/puppy.jpg",
            [
                .date: "Tue, 27 Mar 2007 19:36:42 +0000",
                .authorization: "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
            ])
        let now = Date(timeIntervalSince1970: 1_175_024_202)
        try Self.verify(request, bucket: "awsexamplebucket1", now: now)
        #expect(throws: S3Error.self) { try Self.verify(request, bucket: nil, now: now) }
        #expect(throws: S3Error.self) { try Self.verify(request, bucket: "awsexamplebucket1", now: Self.now) }
    }

    @Test func `The upload of an object with its type`() throws {
        let request = Self.request(
            .put, "/photos/puppy.jpg",
            [
                .contentType: "image/jpeg", .contentLength: "94328", .date: "Tue, 27 Mar 2007 21:15:45 +0000",
                .authorization: "AWS AKIAIOSFODNN7EXAMPLE:iqRzw+ileNPu1fhspnRs8nOjjIA=",
            ])
        try Self.verify(request, bucket: "awsexamplebucket1", now: Date(timeIntervalSince1970: 1_175_030_145))
    }

    @Test func `A subresource is part of what is signed`() throws {
        let request = Self.request(
            .get, "/?acl",
            [
                .date: "Tue, 27 Mar 2007 19:44:46 +0000",
                .authorization: "AWS AKIAIOSFODNN7EXAMPLE:GJd1V6r0pIHYZjrcaIPkXM8ACfA=",
            ])
        let now = Date(timeIntervalSince1970: 1_175_024_686)
        #expect(throws: S3Error.self) { try Self.verify(request, bucket: nil, now: now) }
    }

    @Test(arguments: ["/bucket", "/bucket/"]) func `A bucket is signed with a slash behind it`(path: String) throws {
        // HMAC-SHA1 of "GET\n\n\nTue, 27 Mar 2007 19:36:42 GMT\n/bucket/".
        let request = Self.request(
            .get, path,
            [
                .date: "Tue, 27 Mar 2007 19:36:42 GMT",
                .authorization: "AWS AKIAIOSFODNN7EXAMPLE:qa4YaWzdl22kCT0wKFk82JKZ5OQ=",
            ])
        try Self.verify(request, bucket: nil, now: Date(timeIntervalSince1970: 1_175_024_202))
    }

    @Test(arguments: [
        ("AWS HAHAHA", "InvalidArgument"), ("AWS :x", "InvalidArgument"), ("AWS4-HMAC-SHA256 x", "nil"), ("", "nil"),
    ])
    func `What claims no such signature is told apart from a malformed one`(header: String, code: String) {
        var answer = "nil"
        do {
            let request = Self.request(.get, "/", [.authorization: header])
            if try SignatureV2(request, query: QueryItems()) != nil { answer = "claim" }
        } catch { answer = error.code }
        #expect(answer == code)
    }

    @Test(arguments: [
        ("Bad Date", "AccessDenied"), ("", "AccessDenied"), ("Tue, 07 Jul 1950 21:53:04 GMT", "AccessDenied"),
        ("Tue, 07 Jul 2010 21:53:04 GMT", "RequestTimeTooSkewed"),
    ])
    func `A date that is none, or not now, is refused`(date: String, code: String) throws {
        let request = Self.request(.get, "/", [.authorization: "AWS a:b", .date: date])
        let error = #expect(throws: S3Error.self) { try Self.verify(request, bucket: nil, now: Self.now) }
        #expect(error?.code == code)
    }
}
