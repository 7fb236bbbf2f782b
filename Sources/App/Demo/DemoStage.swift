import Domain
import HTTPTypes

/// Sends the demonstration's requests, prints each as the curl line that does it with its answer, and keeps account of
/// what did not come out as it should.
final class DemoStage {
    private let api: APIClient
    private let address: String
    private(set) var failures: [String] = []
    private var step = 0

    init(api: APIClient, address: String) {
        self.api = api
        self.address = address
    }

    func heading(_ text: String) {
        step += 1
        Terminal.print("\n\(step). \(text)")
    }

    func say(_ text: String) { Terminal.print("   \(text)") }

    /// - Returns: the answer, printed; a status other than `wanted` is a failure.
    func send(
        _ method: HTTPRequest.Method, _ path: String, body: JSONValue? = nil, expecting wanted: Int = 200
    ) async throws -> JSONValue {
        Terminal.print(indented(try curl(method, path, body: body), by: "   $ ", then: "     "))
        let answer = try await api.send(method, path, body: try body?.bytes())
        Terminal.print(indented("HTTP \(answer.status)\n" + JSONText.indented(answer.body), by: "   < ", then: "   < "))
        expect("\(method) \(path) answers \(wanted)", answer.status == wanted, got: "\(answer.status)")
        return answer.json
    }

    /// A GET that nobody sees.
    func ask(_ path: String) async throws -> JSONValue { try await api.send(.get, path).json }

    /// Looks again until it is so, or ten seconds are over.
    func wait(until isSo: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while try await !isSo(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// A command that is no request to Sluice, and what came of it.
    func show(command: String, answer: String, then judge: (String) -> Void = { _ in }) {
        Terminal.print(indented(command, by: "   $ ", then: "     "))
        Terminal.print(indented(answer, by: "   < ", then: "   < "))
        judge(answer)
    }

    func expect(_ what: String, _ holds: Bool, got: String = "") {
        if holds {
            Terminal.print("   ✓ \(what)")
        } else {
            failures.append("step \(step): \(what)" + (got.isEmpty ? "" : ", but it was \(got)"))
            Terminal.print("   ✗ \(what)\(got.isEmpty ? "" : ": \(got)")")
        }
    }

    private func curl(_ method: HTTPRequest.Method, _ path: String, body: JSONValue?) throws -> String {
        var line = "curl -sS"
        if method != .get { line += " -X \(method)" }
        line += " -H \"Authorization: $SLUICE_API_KEY\" '\(address)\(path)'"
        guard let body else { return line }
        let text = JSONText.indented(try body.bytes())
        return line + " \\\n  -H 'Content-Type: application/json' -d '\(text)'"
    }

    private func indented(_ text: String, by first: String, then rest: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset == 0 ? first : rest) + $0.element }
            .joined(separator: "\n")
    }
}
