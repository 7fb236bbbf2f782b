import Domain
import Hummingbird
import Logging

/// Notes every refusal for lack of permission in the audit log, whichever route it comes from.
struct Refusals: Sendable {
    let audit: any AuditRepository
    let environment: APIEnvironment

    /// Runs `body`; what it throws is thrown on. A log that cannot be written changes no answer.
    func noting<Value>(
        _ route: APIRoute, _ context: CallerContext, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as DomainError {
            if error.code == .forbidden { await note(route, context) }
            throw error
        }
    }

    private func note(_ route: APIRoute, _ context: CallerContext) async {
        let entry = AuditEntry(
            at: environment.now(), origin: context.origin, action: route.action,
            target: AuditTarget(route.targetType, route.targetID(context)), outcome: .refused)
        do throws(DomainError) {
            try await audit.append(entry)
        } catch {
            context.logger.error(
                "refusal not in the audit log",
                metadata: ["action": "\(route.action.rawValue)", "error": "\(error.cause ?? error.message)"])
        }
    }
}
