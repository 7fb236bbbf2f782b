import Foundation
import HTTPTypes
import SigV4
import Testing

/// Changes one byte of a signed request and expects a refusal, for every byte that the signature covers.
@Suite struct MutationTests {
    let secret = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    let accessKeyID = "AKIDEXAMPLE"
    let now = Date(timeIntervalSince1970: 1_700_000_000)

    struct Sample: Sendable, CustomTestStringConvertible {
        var seed: UInt64
        var service: String
        var isPresigned: Bool

        var testDescription: String { "\(service) \(isPresigned ? "query" : "header") \(seed)" }
    }

    static let samples = (0..<16).map { (number: Int) -> Sample in
        Sample(seed: UInt64(number), service: number % 4 > 1 ? "sts" : "s3", isPresigned: number % 2 == 1)
    }

    private func signed(_ sample: Sample, _ random: inout SplitMix64) throws -> (HTTPRequest, PayloadHash) {
        let signer = Signer(
            credentials: AWSCredentials(
                accessKeyID: accessKeyID, secretAccessKey: secret,
                sessionToken: sample.seed % 3 == 0 ? "FwoGZXIvYXdz/+=" : nil),
            region: "eu-west-1", service: sample.service)
        let words = ["a", "b c", "é", "x+y", "..", "~", "k/l", "1", "%"]
        let path = (0..<3).map { _ in URIEncoding.encode(words.randomElement(using: &random) ?? "") }
        let query = (0..<3).map { _ in
            URIEncoding.encode(words.randomElement(using: &random) ?? "") + "="
                + URIEncoding.encode(words.randomElement(using: &random) ?? "")
        }
        let method = [HTTPRequest.Method.get, .put, .post, .delete].randomElement(using: &random) ?? .get
        var request = HTTPRequest(
            method: method, scheme: "https", authority: nil,
            path: "/\(path.joined(separator: "/"))?\(query.joined(separator: "&"))")
        try request.append("Host", "bucket.example:9000")
        try request.append("Content-Type", "text/plain; charset=utf-8")
        try request.append("x-amz-meta-note", "some value")
        let payload = PayloadHash.body(Array("body \(sample.seed)".utf8))
        let date = now.addingTimeInterval(-30)
        return (
            sample.isPresigned
                ? signer.presign(request, expires: 300, at: date, payload: sample.service == "s3" ? nil : payload)
                : signer.sign(request, payload: payload, at: date), payload
        )
    }

    private func isAccepted(_ request: HTTPRequest, _ payload: PayloadHash, service: String) -> Bool {
        do throws(SigV4Error) {
            let claim = try SignatureClaim(request)
            // A server finds no secret for another key id.
            guard claim.accessKeyID == accessKeyID else { return false }
            try SignatureVerifier(service: service, region: nil)
                .verify(claim, request, payload: payload, secret: secret, now: now)
            return true
        } catch {
            return false
        }
    }

    /// What the request means, without the spellings that mean the same: the case of hexadecimal digits, `x` and `x=`,
    /// runs of blanks in a field, and for services other than S3 dot segments and empty ones. Path and query are decoded here by Foundation's rules, not by those under test.
    private func meaning(_ request: HTTPRequest, service: String) -> [String] {
        let target = (request.path ?? "").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = target[0].split(separator: "/", omittingEmptySubsequences: false)
            .reduce(into: [Substring]()) { segments, segment in
                if service == "s3" || !["", ".", ".."].contains(segment) {
                    segments.append(segment)
                } else if segment == ".." {
                    _ = segments.popLast()
                }
            }
            .map { $0.removingPercentEncoding ?? "undecodable \($0)" }
        let query = (target.count > 1 ? target[1] : "").split(separator: "&")
            .map { part -> String in
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    .map { $0.replacing("+", with: " ") }
                    .map { $0.removingPercentEncoding ?? "undecodable \($0)" }
                return "\(pair[0].debugDescription)=\((pair.count > 1 ? pair[1] : "").debugDescription)"
            }
        let fields = request.headerFields.map {
            "\($0.name.canonicalName):\($0.value.split { $0 == " " || $0 == "\t" }.joined(separator: " "))"
        }
        return [request.method.rawValue] + path + ["?"] + query.sorted() + fields
    }

    private func mutations(of text: String, _ random: inout SplitMix64) -> [String] {
        let bytes = Array(text.utf8)
        return bytes.indices.flatMap { index in
            [bytes[index] ^ 0x20, bytes[index] ^ 1, UInt8.random(in: 0x21...0x7E, using: &random), 0xFF]
                .filter { $0 != bytes[index] && $0 > 0x20 }
                .map { byte in
                    var changed = bytes
                    changed[index] = byte
                    return String(decoding: changed, as: UTF8.self)
                }
        }
    }

    @Test func `a signature of another form is one that does not match`() throws {
        var random = SplitMix64(state: 1)
        let (request, payload) = try signed(Sample(seed: 1, service: "s3", isPresigned: true), &random)
        let path = try #require(request.path)
        for other in [path + "0", String(path.dropLast()), path + "-"] {
            var mutant = request
            mutant.path = other
            let claim = try SignatureClaim(mutant)
            let error = #expect(throws: SigV4Error.self) {
                try SignatureVerifier(service: "s3", region: nil)
                    .verify(claim, mutant, payload: payload, secret: secret, now: now)
            }
            guard case .signatureDoesNotMatch = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: samples) func `no byte of a signed request can be changed`(_ sample: Sample) throws {
        var random = SplitMix64(state: sample.seed)
        let (request, payload) = try signed(sample, &random)
        try #require(isAccepted(request, payload, service: sample.service))

        var mutants: [HTTPRequest] = []
        for path in mutations(of: request.path ?? "", &random) {
            var mutant = request
            mutant.path = path
            mutants.append(mutant)
        }
        for method in mutations(of: request.method.rawValue, &random) {
            guard let method = HTTPRequest.Method(method) else { continue }
            var mutant = request
            mutant.method = method
            mutants.append(mutant)
        }
        for (index, field) in request.headerFields.enumerated() {
            for value in mutations(of: field.value, &random) {
                var fields = Array(request.headerFields)
                fields[index].value = value
                mutants.append(request.with(fields))
            }
            for name in mutations(of: field.name.rawName, &random) {
                guard let name = HTTPField.Name(name) else { continue }
                var fields = Array(request.headerFields)
                fields[index] = HTTPField(name: name, value: field.value)
                mutants.append(request.with(fields))
            }
        }

        let original = meaning(request, service: sample.service)
        var refused = 0
        for mutant in mutants where meaning(mutant, service: sample.service) != original {
            if isAccepted(mutant, payload, service: sample.service) {
                Issue.record("accepted: \(mutant) \(Array(mutant.headerFields))")
            } else {
                refused += 1
            }
        }
        #expect(refused > 1_000)
        #expect(Double(refused) > 0.9 * Double(mutants.count))
        let isBodySigned = !(sample.isPresigned && sample.service == "s3")
        #expect(isAccepted(request, .body(Array("other".utf8)), service: sample.service) != isBodySigned)
    }
}

extension HTTPRequest {
    fileprivate func with(_ fields: [HTTPField]) -> HTTPRequest {
        var request = self
        request.headerFields = HTTPFields(fields)
        return request
    }
}
