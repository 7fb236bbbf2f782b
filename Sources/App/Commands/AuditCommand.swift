import ArgumentParser
import Domain
import HTTPTypes
import Store

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the audit log, and list it.", subcommands: [Verify.self, List.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the chain of the audit log, on the database itself; ends with 1 at the first broken row.",
            discussion: """
                Every row carries a hash over itself and the hash of the row before it. A row that was changed, removed, \
                slipped in or moved breaks the chain. Rows cut off at the end do not, nor does a log that was computed \
                anew from some row on: keep the printed ROW:HASH elsewhere, and give it as --anchor next time.
                """)
        @OptionGroup var options: DatabaseOptions
        @Option(help: "ROW:HASH, as an earlier run printed it: that row must be there, with that hash.")
        var anchor: AuditAnchor?

        func run() async throws {
            let store = try await OpenStore.open(options.settings(), makingDatabase: false).database
            let last = try await AuditWalk(audit: store.audit, anchor: anchor).run()
            try await store.close()
            Terminal.print("the audit log is whole, rows: \(last.id)")
            Terminal.print("last row and its hash: \(AuditAnchor(last))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rows of the audit log of a running server, oldest first.",
            discussion: "With --output json, one JSON object a line, as the server sends them.")
        @Option(help: "Not before this moment, ISO 8601.") var from: String?
        @Option(help: "Before this moment, ISO 8601.") var until: String?
        @Option(help: "A userid, or a user's id.") var actor: String?
        @Option(help: "Such as integration.create.") var action: String?
        @Option(help: "Such as integration.") var targetType: String?
        @Option(help: "The target's id.") var targetId: String?
        @Option(help: "Rows after the one of this number.") var after: Int64?
        @Option(help: "How many rows at most.") var limit: Int?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let query = QueryText([
                ("from", from), ("until", until), ("actor", actor), ("action", action), ("targetType", targetType),
                ("targetId", targetId), ("after", after.map(String.init)), ("limit", limit.map(String.init)),
            ])
            let answer = try await options.client().send(.get, "/audit\(query)")
            guard answer.isSuccess else { throw CommandFailure(ErrorAnswer.text(answer)) }
            let lines = answer.body.split(separator: UInt8(ascii: "\n")).map { Array($0) }
            guard options.output == .table else {
                for line in lines { Terminal.print(String(decoding: line, as: UTF8.self)) }
                return
            }
            let rows = lines.map { AuditTable.row(APIAnswer(status: 200, body: $0).json) }
            for line in TextTable(header: AuditTable.header, rows: rows).lines { Terminal.print(line) }
        }
    }
}

enum AuditTable {
    static let header = ["ID", "AT", "ACTOR", "ACTION", "TARGET", "OUTCOME", "SOURCE"]

    static func row(_ event: JSONValue) -> [String] {
        let actor = event["actor"] == .null ? "(sluice)" : event["actor"]["userid"].text
        return [
            event["id"].text, event["at"].text, actor, event["action"].text,
            "\(event["target"]["type"].text) \(event["target"]["id"].text)", event["outcome"].text,
            event["source"].text,
        ]
    }
}

/// A row's number and hash, as text `7:0f…`.
struct AuditAnchor: ExpressibleByArgument, Sendable, Equatable, CustomStringConvertible {
    var checkpoint: AuditCheckpoint

    init(_ checkpoint: AuditCheckpoint) { self.checkpoint = checkpoint }

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int64(parts[0]), id >= 0, parts[1].utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var digits = parts[1]
        while !digits.isEmpty {
            guard digits.allSatisfy(\.isHexDigit), let byte = UInt8(digits.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            digits = digits.dropFirst(2)
        }
        checkpoint = AuditCheckpoint(id: id, hash: bytes)
    }

    var description: String {
        let digits = checkpoint.hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return "\(checkpoint.id):\(digits.joined())"
    }
}

/// Goes through the whole chain, a piece at a time.
struct AuditWalk {
    /// Rows read in one transaction.
    static let pieceSize = 2000

    var audit: any AuditRepository
    var anchor: AuditAnchor?

    /// - Returns: the last row.
    /// - Throws: `CommandFailure` naming the first broken row, or the anchor that was not met.
    func run() async throws -> AuditCheckpoint {
        var last = AuditCheckpoint.start
        while true {
            switch try await audit.verify(after: last, limit: pieceSize(after: last)) {
            case .whole(let checkpoint): last = checkpoint
            case .end(let checkpoint):
                guard let anchor, checkpoint.id < anchor.checkpoint.id else { return checkpoint }
                throw CommandFailure(
                    "The audit log ends with row \(checkpoint.id), and row \(anchor.checkpoint.id) was there: it was cut off."
                )
            case .broken(let id):
                throw CommandFailure("The audit log is broken at row \(id): it was changed, removed, added or moved.")
            }
            if let anchor, last.id == anchor.checkpoint.id, last != anchor.checkpoint {
                throw CommandFailure(
                    "Row \(last.id) of the audit log has another hash than it had: the log was written anew before it.")
            }
        }
    }

    /// Pieces end at the anchor.
    private func pieceSize(after last: AuditCheckpoint) -> Int {
        guard let anchor, anchor.checkpoint.id > last.id else { return Self.pieceSize }
        return Int(min(Int64(Self.pieceSize), anchor.checkpoint.id - last.id))
    }
}
