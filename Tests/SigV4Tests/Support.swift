import Foundation
import HTTPTypes
import SigV4
import Testing

/// A request as the published suites write it.
struct RawRequest {
    var request: HTTPRequest
    var body: [UInt8]

    init(_ text: String) throws {
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        body = parts.count == 2 ? Array(parts[1].utf8) : []
        var lines = parts[0].split(separator: "\n").map(String.init)
        let start = lines.removeFirst()
        let first = try #require(start.firstIndex(of: " "))
        let last = try #require(start.lastIndex(of: " "))
        request = HTTPRequest(
            method: try #require(HTTPRequest.Method(String(start[..<first]))), scheme: nil, authority: nil,
            path: String(start[start.index(after: first)..<last]))
        var fields: [(name: String, value: String)] = []
        for line in lines {
            if line.hasPrefix(" ") {
                fields[fields.count - 1].value += line
            } else {
                let colon = try #require(line.firstIndex(of: ":"))
                fields.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
            }
        }
        for (name, value) in fields { try request.append(name, value) }
    }
}

extension HTTPRequest {
    mutating func append(_ name: String, _ value: String) throws {
        headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
    }

    /// Method, target and fields, without the order of fields of different names.
    var comparable: [String] {
        let fields = Dictionary(grouping: headerFields, by: \.name.canonicalName)
            .map { name, fields in "\(name):\(fields.map(\.value).joined(separator: ","))" }
        return ["\(method) \(path ?? "")"] + fields.sorted()
    }
}

/// The two texts a signature is made of, as a refusal shows them.
struct SignedTexts: Equatable {
    var canonicalRequest: String
    var stringToSign: String

    init(_ request: HTTPRequest, verifier: SignatureVerifier, payload: PayloadHash) throws {
        let claim = try SignatureClaim(request)
        let error = #expect(throws: SigV4Error.self) {
            try verifier.verify(claim, request, payload: payload, secret: Secret("another"), now: claim.date)
        }
        guard case .signatureDoesNotMatch(let canonicalRequest, let stringToSign) = error else {
            throw try #require(error)
        }
        self.canonicalRequest = canonicalRequest
        self.stringToSign = stringToSign
    }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators".
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

enum Vectors {
    static func load<Case: Decodable>(_ folder: String, as type: Case.Type) -> [Case] {
        do {
            let url = try #require(Bundle.module.url(forResource: "Vectors/\(folder)", withExtension: nil))
            return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
                .sorted { $0.path < $1.path }
                .map { try JSONDecoder().decode(type, from: Data(contentsOf: $0)) }
        } catch {
            Issue.record("no vectors in \(folder): \(error)")
            return []
        }
    }
}

func date(_ timestamp: String) throws -> Date {
    try #require(AmzDate.parse(timestamp))
}
