import HTTPTypes
import SigV4
import Testing

@Suite struct MalformedClaimTests {
    static let signature = String(repeating: "0a", count: 32)
    static let scope = "AK/20240229/eu-west-1/s3/aws4_request"
    static let headers = [
        "", "Credential", "Credential=\(scope)", "Credential=\(scope), SignedHeaders=host",
        "Credential=\(scope), SignedHeaders=host, Signature=\(signature), Signature=\(signature)",
        "Credential=\(scope), SignedHeaders=host, Signature=\(signature), More=1",
        "Credential=\(scope), SignedHeaders=host, Signature=\(signature),",
        "Credential=\(scope), SignedHeaders=host, Signature=",
        "Credential=\(scope), SignedHeaders=Host, Signature=\(signature)",
        "Credential=\(scope), SignedHeaders=, Signature=\(signature)",
        "Credential=\(scope), SignedHeaders=host;, Signature=\(signature)",
        "Credential=\(scope), SignedHeaders=x-a;host, Signature=\(signature)",
        "Credential=\(scope), SignedHeaders=host;host, Signature=\(signature)",
        "Credential=\(scope), SignedHeaders=host x, Signature=\(signature)",
        "Credential=/20240229/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=\(signature)",
        "Credential=AK/20240229/eu-west-1/s3/aws4, SignedHeaders=host, Signature=\(signature)",
        "Credential=AK/2024/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=\(signature)",
        "Credential=AK/2024022x/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=\(signature)",
        "Credential=AK/20240229//s3/aws4_request, SignedHeaders=host, Signature=\(signature)",
        "Credential=AK/x/20240229/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=\(signature)",
        "Credential=AK, SignedHeaders=host, Signature=\(signature)",
    ]

    @Test(arguments: headers) func `a malformed header is refused`(_ parts: String) throws {
        var request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/")
        request.headerFields[.authorization] = "AWS4-HMAC-SHA256 " + parts
        try request.append("x-amz-date", "20240229T000000Z")
        do throws(SigV4Error) {
            _ = try SignatureClaim(request)
            Issue.record("accepted")
        } catch {
            guard case .malformedAuthorization = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    static let query = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", scope), ("X-Amz-Date", "20240229T000000Z"),
        ("X-Amz-Expires", "60"), ("X-Amz-SignedHeaders", "host"), ("X-Amz-Signature", signature),
    ]

    private func refuse(_ parameters: [(String, String)]) {
        let query = parameters.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/?" + query)
        do throws(SigV4Error) {
            _ = try SignatureClaim(request)
            Issue.record("accepted: \(query)")
        } catch {
            guard case .malformedQuery = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `a query that lacks a parameter or has one twice is refused`() {
        for index in Self.query.indices {
            var fewer = Self.query
            fewer.remove(at: index)
            refuse(fewer)
            refuse(Self.query + [Self.query[index]])
            var undecodable = Self.query
            undecodable[index].1 = "%zz"
            refuse(undecodable)
        }
        for date in ["20240230T000000Z", "20240229T240000Z", "2024-02-29T00:00:00Z", "20240229T000000", ""] {
            refuse(Self.query.map { $0.0 == "X-Amz-Date" ? ($0.0, date) : $0 })
        }
    }

    @Test func `parts in any order, with or without spaces, are read`() throws {
        var request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/")
        request.headerFields[.authorization] =
            "AWS4-HMAC-SHA256  Signature=\(Self.signature),SignedHeaders=host,   Credential=\(Self.scope)"
        try request.append("x-amz-date", "20240229T000000Z")
        let claim = try SignatureClaim(request)
        #expect(claim.accessKeyID == "AK")
        #expect(claim.signedHeaders == ["host"])
    }

    @Test func `mutated claims neither crash nor take long`() throws {
        var random = SplitMix64(state: 2)
        let header = Array(("AWS4-HMAC-SHA256 " + Self.headers[3] + ", Signature=" + Self.signature).utf8)
        let query = Array(("/?" + Self.query.map { "\($0.0)=\($0.1)" }.joined(separator: "&")).utf8)
        for _ in 0..<5_000 {
            var request = HTTPRequest(method: .get, scheme: nil, authority: "h", path: mutated(query, &random))
            _ = try? SignatureClaim(request)
            request.path = "/"
            request.headerFields[.authorization] = mutated(header, &random)
            _ = try? SignatureClaim(request)
        }
    }

    private func mutated(_ bytes: [UInt8], _ random: inout SplitMix64) -> String {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert("%&=/;, +".utf8.randomElement(using: &random) ?? 0, at: index)
            default: bytes.append(contentsOf: bytes[index...].prefix(20))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
