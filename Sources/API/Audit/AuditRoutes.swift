import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `GET /audit`: JSON lines, oldest first. Only a page at a time is in memory, however long the answer is.
struct AuditRoutes: Sendable {
    static let defaultLimit = 1000
    /// A client that wants more goes on after the last row it got.
    static let maximumLimit = 1_000_000
    /// Rows read in one transaction.
    static let pageSize = 500

    let audit: any AuditRepository

    var routes: [APIRoute] {
        [.caller(.get, "/audit", requires: .audit) { try await list($0, $1) }]
    }

    private func list(_ request: Request, _ context: CallerContext) async throws -> Response {
        let wanted = try AuditRequest.read(request)
        // Before the answer begins, so that a failure can still be told.
        let first = try await audit.events(wanted.query, after: wanted.after, limit: wanted.pageLimit(sent: 0))
        let (audit, logger) = (audit, context.logger)
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson; charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                var (page, sent) = (first, 0)
                do {
                    while let last = page.last {
                        try await writer.write(ByteBuffer(bytes: page.flatMap(\.line)))
                        sent += page.count
                        let limit = wanted.pageLimit(sent: sent)
                        guard limit > 0, page.count == wanted.pageLimit(sent: sent - page.count) else { break }
                        page = try await audit.events(wanted.query, after: last.id, limit: limit)
                    }
                } catch let error as DomainError {
                    // The connection is cut: a caller must not take what came for the whole.
                    logger.error("audit log cut short", metadata: ["error": "\(error.cause ?? error.message)"])
                    throw error
                }
                try await writer.finish(nil)
            })
    }
}

/// The query of `GET /audit`.
struct AuditRequest {
    var query = AuditQuery()
    /// The number of the last row that is not wanted.
    var after: Int64
    var limit: Int

    /// - Throws: `badRequest` with every fault.
    static func read(_ request: Request) throws(DomainError) -> AuditRequest {
        var reader = QueryReader(request)
        var wanted = AuditRequest(
            after: Int64(reader.integer("after", in: 0...Int.max) ?? 0),
            limit: reader.integer("limit", in: 1...AuditRoutes.maximumLimit) ?? AuditRoutes.defaultLimit)
        wanted.query.from = reader.moment("from")
        wanted.query.until = reader.moment("until")
        wanted.query.actor = reader.text("actor", limit: 255)
        wanted.query.action = reader.choice("action", of: AuditAction.self)?.rawValue
        wanted.query.targetType = reader.choice("targetType", of: AuditTarget.Kind.self)?.rawValue
        wanted.query.targetID = reader.text("targetId", limit: 1024)
        let faults = reader.finish()
        guard faults.isEmpty else { throw .invalid(faults) }
        return wanted
    }

    func pageLimit(sent: Int) -> Int { min(AuditRoutes.pageSize, limit - sent) }
}

extension QueryReader {
    /// `nil` when absent.
    fileprivate mutating func moment(_ name: String) -> Date? {
        guard let text = text(name, limit: 64) else { return nil }
        guard let date = Timestamp.date(text) else {
            fault(name, "must be a moment in ISO 8601, such as 2030-01-31T12:00:00Z")
            return nil
        }
        return date
    }
}
