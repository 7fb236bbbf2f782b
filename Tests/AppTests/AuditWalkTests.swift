import Domain
import Testing

@testable import App

@Suite struct AuditWalkTests {
    /// A chain whose row n has a hash of n everywhere.
    private struct Chain: AuditRepository {
        var rows: Int64
        var broken: Int64?

        static func checkpoint(_ id: Int64) -> AuditCheckpoint {
            AuditCheckpoint(id: id, hash: Array(repeating: UInt8(truncatingIfNeeded: id), count: 32))
        }

        func append(_ entry: AuditEntry) async throws(DomainError) {}
        func append(_ entries: [AuditEntry]) async throws(DomainError) {}
        func events(_ query: AuditQuery, after: Int64, limit: Int) async throws(DomainError) -> [AuditEvent] { [] }

        func verify(after: AuditCheckpoint, limit: Int) async throws(DomainError) -> AuditVerification {
            let last = min(rows, after.id + Int64(limit))
            if let broken, after.id < broken, broken <= last { return .broken(id: broken) }
            return last == after.id ? .end(after) : .whole(Self.checkpoint(last))
        }
    }

    private func walk(_ chain: Chain, _ anchor: AuditCheckpoint? = nil) async throws -> AuditCheckpoint {
        try await AuditWalk(audit: chain, anchor: anchor.map { AuditAnchor($0) }).run()
    }

    @Test(arguments: [0, 1, 1999, 2000, 2001, 9999] as [Int64])
    func `a whole chain is walked to its end`(_ rows: Int64) async throws {
        #expect(try await walk(Chain(rows: rows)) == Chain.checkpoint(rows))
        for anchored in [0, 1, 1500, 2000, rows] as [Int64] where anchored <= rows {
            #expect(try await walk(Chain(rows: rows), Chain.checkpoint(anchored)) == Chain.checkpoint(rows))
        }
    }

    @Test func `the first broken row is named`() async throws {
        for row in [1, 2000, 2001, 4999] as [Int64] {
            await #expect(
                throws: CommandFailure(
                    "The audit log is broken at row \(row): it was changed, removed, added or moved.")
            ) { try await walk(Chain(rows: 5000, broken: row)) }
        }
    }

    @Test func `a row that was there is missed, and one with another hash too`() async throws {
        await #expect(
            throws: CommandFailure("The audit log ends with row 3, and row 5 was there: it was cut off.")
        ) { try await walk(Chain(rows: 3), Chain.checkpoint(5)) }
        let other = AuditCheckpoint(id: 2500, hash: AuditCheckpoint.start.hash)
        await #expect(
            throws: CommandFailure(
                "Row 2500 of the audit log has another hash than it had: the log was written anew before it.")
        ) { try await walk(Chain(rows: 5000), other) }
    }

    @Test func `an anchor is read as it is printed`() {
        let hash = (0..<32).map { UInt8($0 * 8) }
        let anchor = AuditAnchor(AuditCheckpoint(id: 12, hash: hash))
        #expect(
            anchor.description == "12:0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8")
        #expect(AuditAnchor(argument: anchor.description) == anchor)
        for text in [
            "", "12", "12:", "12:00", "x:" + anchor.description.dropFirst(3), "-1" + anchor.description.dropFirst(2),
        ] {
            #expect(AuditAnchor(argument: String(text)) == nil, "\(text)")
        }
        #expect(AuditAnchor(argument: "1:+" + String(repeating: "0", count: 63)) == nil)
    }

    @Test func `a query has what is given, encoded`() {
        #expect(QueryText([("a", nil), ("b", nil)]).description == "")
        #expect(
            QueryText([("a", "1"), ("b", nil), ("c", "x y&z=é+")]).description == "?a=1&c=x%20y%26z%3D%C3%A9%2B")
    }
}
