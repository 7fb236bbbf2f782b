import Foundation
import HTTPTypes
import SigV4
import Testing

/// A Python interpreter with botocore: `SLUICE_PYTHON`, else the package's own virtual environment, else `python3`.
enum PythonWithBotocore {
    static let path: String? = {
        let virtual = package.appending(path: ".venv/bin/python").path
        let chosen =
            ProcessInfo.processInfo.environment["SLUICE_PYTHON"]
            ?? (FileManager.default.isExecutableFile(atPath: virtual) ? virtual : "python3")
        return (try? run(chosen, ["-c", "import botocore"])) == nil ? nil : chosen
    }()

    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct Failure: Error {
        var status: Int32
    }

    static func run(_ python: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [python] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
        return data
    }
}

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
            if: PythonWithBotocore.path != nil,
            "no Python with botocore found: set SLUICE_PYTHON to an interpreter that can import it"))
    func `12,000 random requests signed by botocore are accepted`() throws {
        let python = try #require(PythonWithBotocore.path)
        let script = PythonWithBotocore.package.appending(path: "Tests/SigV4Tests/sign_with_botocore.py").path
        let lines = try PythonWithBotocore.run(python, [script, "20130524", "12000"]).split(
            separator: UInt8(ascii: "\n"))
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
