import Foundation
import HTTPTypes
import SigV4
import Testing

@Suite struct VerifierTests {
    static let signedAt = "20240229T235959Z"
    let credentials = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("secret"), sessionToken: "token/+=")
    var signer: Signer { Signer(credentials: credentials, region: "eu-west-1", service: "s3") }
    let verifier = SignatureVerifier(service: "s3", region: "eu-west-1")
    let request = HTTPRequest(
        method: .get, scheme: "https", authority: "data.example:8443", path: "/b/a/../b//c%20d%2Be~%C3%A9?list-type=2&x"
    )

    func signed() throws -> HTTPRequest {
        signer.sign(request, payload: .empty, at: try date(Self.signedAt))
    }

    func presigned(_ expires: Int = 60) throws -> HTTPRequest {
        signer.presign(request, expires: expires, at: try date(Self.signedAt))
    }

    func verify(
        _ request: HTTPRequest, after seconds: TimeInterval = 0, with verifier: SignatureVerifier? = nil,
        payload: PayloadHash? = nil
    ) throws(SigV4Error) {
        let now = AmzDate.parse(Self.signedAt)?.addingTimeInterval(seconds) ?? .distantPast
        let claim = try SignatureClaim(request)
        try (verifier ?? self.verifier).verify(
            claim, request, payload: payload, secret: credentials.secretAccessKey, now: now)
    }

    @Test func `a claim is read from the header`() throws {
        var claim = try SignatureClaim(try signed())
        claim.signature = ""
        var expected = try SignatureClaim(try presigned())
        expected.location = .header
        expected.signature = ""
        expected.signedHeaders = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
        expected.expires = nil
        expected.payload = .sha256Hex(PayloadHash.empty.header)
        #expect(claim == expected)
        #expect(claim.sessionToken == "token/+=")
        #expect(claim.scope == CredentialScope(day: "20240229", region: "eu-west-1", service: "s3"))
        #expect(claim.accessKeyID == "AKIDEXAMPLE")
        #expect(claim.timestamp == Self.signedAt)
    }

    @Test func `a header is valid for fifteen minutes both ways`() throws {
        try verify(try signed(), after: 900)
        try verify(try signed(), after: -900)
        let signedAt = try date(Self.signedAt)
        for seconds in [901.0, -901] {
            #expect(
                throws: SigV4Error.requestTimeTooSkewed(
                    requestTime: signedAt, serverTime: signedAt.addingTimeInterval(seconds), allowedSkew: 900)
            ) { try verify(try signed(), after: seconds) }
        }
    }

    @Test func `a presigned request is valid until it expires`() throws {
        let signedAt = try date(Self.signedAt)
        try verify(try presigned(), after: 60)
        try verify(try presigned(604_800), after: 604_800)
        try verify(try presigned(), after: -900)
        #expect(
            throws: SigV4Error.expired(at: signedAt.addingTimeInterval(60), serverTime: signedAt.addingTimeInterval(61))
        ) { try verify(try presigned(), after: 61) }
        #expect(
            throws: SigV4Error.notYetValid(validFrom: signedAt, serverTime: signedAt.addingTimeInterval(-901))
        ) { try verify(try presigned(), after: -901) }
    }

    @Test(arguments: ["0", "-1", "604801", "1.5", "", "+60", "99999999999999999999", "6e1"])
    func `a life outside 1 to 604800 seconds is refused`(_ expires: String) throws {
        var request = try presigned()
        request.path = request.path?.replacing("X-Amz-Expires=60", with: "X-Amz-Expires=\(URIEncoding.encode(expires))")
        let error = #expect(throws: SigV4Error.self) { try verify(request) }
        if case .malformedQuery(let reason) = error {
            #expect(reason.hasPrefix("X-Amz-Expires "))
        } else {
            Issue.record("\(String(describing: error))")
        }
    }

    @Test func `a scope for elsewhere is refused`() throws {
        let elsewhere = SignatureVerifier(service: "s3", region: "us-east-1")
        #expect(throws: SigV4Error.wrongRegion(expected: "us-east-1", actual: "eu-west-1", .header)) {
            try verify(try signed(), with: elsewhere)
        }
        #expect(throws: SigV4Error.wrongRegion(expected: "us-east-1", actual: "eu-west-1", .query)) {
            try verify(try presigned(), with: elsewhere)
        }
        #expect(throws: SigV4Error.wrongService(expected: "sts", actual: "s3", .header)) {
            try verify(try signed(), with: SignatureVerifier(service: "sts", region: nil, pathRule: .s3))
        }
        try verify(try signed(), with: SignatureVerifier(service: "s3", region: nil))
    }

    @Test func `a scope of another day is refused`() throws {
        var request = try signed()
        request.headerFields[.authorization] =
            request.headerFields[.authorization]?.replacing("/20240229/", with: "/20240301/")
        #expect(throws: SigV4Error.wrongDay(expected: "20240229", actual: "20240301", .header)) {
            try verify(request)
        }
    }

    @Test(arguments: ["x-amz-meta-added", "x-amz-acl", "X-Amz-Copy-Source"])
    func `an x-amz header that is not signed is refused`(_ name: String) throws {
        for var request in [try signed(), try presigned()] {
            try request.append(name, "1")
            #expect(throws: SigV4Error.missingSignedHeader(name.lowercased())) { try verify(request) }
        }
    }

    @Test func `other headers may be added on the way`() throws {
        var request = try signed()
        try request.append("Via", "1.1 proxy")
        try request.append("X-Amzn-Trace-Id", "Root=1")
        try verify(request)
    }

    @Test func `a signed header that is gone or doubled is refused`() throws {
        var request = self.request
        try request.append("x-amz-meta-a", "1")
        request = signer.sign(request, payload: .empty, at: try date(Self.signedAt))
        let name = try #require(HTTPField.Name("x-amz-meta-a"))
        var gone = request
        gone.headerFields[name] = nil
        #expect(throws: SigV4Error.missingSignedHeader("x-amz-meta-a")) { try verify(gone) }
        var doubled = request
        doubled.headerFields.append(HTTPField(name: name, value: "1"))
        let error = #expect(throws: SigV4Error.self) { try verify(doubled) }
        if case .signatureDoesNotMatch(let canonicalRequest, _) = error {
            #expect(canonicalRequest.contains("x-amz-meta-a:1,1\n"))
        } else {
            Issue.record("\(String(describing: error))")
        }
    }

    @Test func `S3 wants the payload's hash and others do without`() throws {
        var request = try signed()
        let name = try #require(HTTPField.Name("x-amz-content-sha256"))
        request.headerFields[name] = nil
        request.headerFields[.authorization] =
            request.headerFields[.authorization]?.replacing("x-amz-content-sha256;", with: "")
        #expect(throws: SigV4Error.missingPayloadHash) { try verify(request) }
        request.headerFields[name] = "abc"
        #expect(throws: SigV4Error.invalidPayloadHash("abc")) { try verify(request) }
        request.headerFields[name] = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
        #expect(throws: SigV4Error.invalidPayloadHash("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")) {
            try verify(request)
        }

        let body = PayloadHash.body(Array("Action=GetCallerIdentity".utf8))
        let sts = Signer(credentials: credentials, region: "eu-west-1", service: "sts")
        let call = sts.sign(self.request, payload: body, at: try date(Self.signedAt))
        #expect(call.headerFields[name] == nil)
        let verifier = SignatureVerifier(service: "sts", region: "eu-west-1")
        try verify(call, with: verifier, payload: body)
        #expect(throws: SigV4Error.self) { try verify(call, with: verifier, payload: .body([])) }
        #expect(throws: SigV4Error.self) { try verify(call, with: verifier) }
    }

    @Test func `a body that is not the signed one is refused`() throws {
        let other = PayloadHash.body([1])
        #expect(
            throws: SigV4Error.payloadHashMismatch(claimed: PayloadHash.empty.header, computed: other.header)
        ) { try verify(try signed(), payload: other) }
        try verify(try signed(), payload: .body([]))
        try verify(signer.sign(request, payload: .unsigned, at: try date(Self.signedAt)), payload: other)
    }

    @Test func `the Date header serves when there is no x-amz-date`() throws {
        let names = "date;host;x-amz-content-sha256"
        for form in ["Thu, 29 Feb 2024 23:59:59 GMT", "Thu, 29 Feb 2024 23:59:59 -0000", Self.signedAt] {
            var request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/")
            request.headerFields[.date] = form
            try request.append("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
            request.headerFields[.authorization] =
                "AWS4-HMAC-SHA256 Credential=A/20240229/eu-west-1/s3/aws4_request,SignedHeaders=\(names),"
                + "Signature=\(String(repeating: "0", count: 64))"
            let error = #expect(throws: SigV4Error.self) { try verify(request) }
            if case .signatureDoesNotMatch(_, let stringToSign) = error {
                #expect(stringToSign.hasPrefix("AWS4-HMAC-SHA256\n\(Self.signedAt)\n20240229/eu-west-1/s3/"))
            } else {
                Issue.record("\(String(describing: error))")
            }
            request.headerFields[.authorization] = request.headerFields[.authorization]?.replacing("=date;", with: "=")
            #expect(throws: SigV4Error.missingSignedHeader("x-amz-date")) { try verify(request) }
            request.headerFields[.date] = "yesterday"
            #expect(throws: SigV4Error.missingDate) { try verify(request) }
            request.headerFields[.date] = nil
            #expect(throws: SigV4Error.missingDate) { try verify(request) }
        }
    }

    @Test func `no signature, two of them or another algorithm is told apart`() throws {
        #expect(throws: SigV4Error.missingAuthentication) { try verify(request) }
        var both = try presigned()
        both.headerFields[.authorization] = try signed().headerFields[.authorization]
        #expect(throws: SigV4Error.multipleAuthentications) { try verify(both) }
        for (header, algorithm) in [
            ("AWS AKID:sig", "AWS"), ("Bearer x", "Bearer"), ("", ""),
            ("AWS4-ECDSA-P256-SHA256 x", "AWS4-ECDSA-P256-SHA256"),
        ] {
            var request = request
            request.headerFields[.authorization] = header
            #expect(throws: SigV4Error.unsupportedAlgorithm(algorithm)) { try verify(request) }
        }
        var query = try presigned()
        query.path = query.path?.replacing("AWS4-HMAC-SHA256", with: "AWS4-ECDSA-P256-SHA256")
        #expect(throws: SigV4Error.unsupportedAlgorithm("AWS4-ECDSA-P256-SHA256")) { try verify(query) }
    }
}
