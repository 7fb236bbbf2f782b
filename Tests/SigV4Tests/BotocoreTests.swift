import Foundation
import HTTPTypes
import SigV4
import TestSupport
import Testing

private let pythonWithBotocore = TestPython.path(importing: "botocore")

@Suite struct BotocoreTests {
    struct Signed: Decodable {
        var method: String
        var host: String
        var target: String
        var headers: [[String]]
        var body: String
        var secret: String
        var region: String
        var service: String
        var now: Int
    }

    @Test(
        .enabled(
            if: pythonWithBotocore != nil,
            "no Python with botocore found: set SLUICE_PYTHON to an interpreter that can import it"))
    func `12,000 random requests signed by botocore are accepted`() throws {
        let python = try #require(pythonWithBotocore)
        let script = TestPython.package.appending(path: "Tests/SigV4Tests/sign_with_botocore.py").path
        let run = try Child.run(python, [script, "20130524", "12000"])
        try #require(run.end == .exit(0))
        let lines = run.output.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 12_000)
        var counts: [SignatureClaim.Location: Int] = [:]
        let decoder = JSONDecoder()
        for line in lines {
            let signed = try decoder.decode(Signed.self, from: line)
            let request = try httpRequest(signed)
            do {
                let claim = try SignatureClaim(request)
                try SignatureVerifier(service: signed.service, region: signed.region).verify(
                    claim, request, payload: .body(Array(signed.body.utf8)), secret: Secret(signed.secret),
                    now: Date(timeIntervalSince1970: Double(signed.now)))
                counts[claim.location, default: 0] += 1
            } catch {
                Issue.record("\(error)\n\(signed)")
                return
            }
        }
        #expect(counts.values.allSatisfy { $0 > 3_000 })
        #expect(counts.values.reduce(0, +) == 12_000)
    }

    private func httpRequest(_ signed: Signed) throws -> HTTPRequest {
        let hasHost = signed.headers.contains { $0[0].lowercased() == "host" }
        var request = HTTPRequest(
            method: try #require(HTTPRequest.Method(signed.method)), scheme: nil,
            authority: hasHost ? nil : signed.host, path: signed.target)
        for header in signed.headers { try request.append(header[0], header[1]) }
        return request
    }
}
