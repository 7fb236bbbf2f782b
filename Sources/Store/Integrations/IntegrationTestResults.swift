import Domain
import GRDB
import SQLiteStatements

/// The table `integration_test`: the results of the last validation.
struct IntegrationTestResults {
    let db: Database

    func load(_ id: IntegrationID) throws -> ValidationResults? {
        let tests = try db.rows(
            """
            SELECT name, status, message, duration_ms FROM integration_test WHERE integration_id = ? ORDER BY position
            """, [id.value]
        ) { row in
            ValidationTest(
                try row.parsed { text in ValidationTest.Name.allCases.first { $0.column == text } },
                try row.parsed(ValidationTest.Status.init(rawValue:)), row.optionalText(),
                durationMs: Int(try row.integer()))
        }
        return tests.isEmpty ? nil : ValidationResults(tests: tests)
    }

    func replace(_ old: ValidationResults?, by new: ValidationResults?, _ id: IntegrationID) throws {
        guard old != new else { return }
        if old != nil { try db.run("DELETE FROM integration_test WHERE integration_id = ?", [id.value]) }
        for (position, test) in (new?.tests ?? []).enumerated() {
            try db.run(
                """
                INSERT INTO integration_test (integration_id, position, name, status, message, duration_ms)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
                [
                    id.value, Int64(position), test.name.column, test.status.rawValue, test.message,
                    Int64(test.durationMs),
                ])
        }
    }
}

extension ValidationTest.Name {
    /// The documented names are sentences; the column holds these.
    fileprivate var column: String {
        switch self {
        case .noExistingIntegration: "noExistingIntegration"
        case .uniqueName: "uniqueName"
        case .roleARN: "roleARN"
        case .callerIdentity: "callerIdentity"
        case .instance: "instance"
        case .pathExists: "pathExists"
        case .noExistingLocation: "noExistingLocation"
        }
    }
}
