import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Gives every answer its `x-request-id`, and every error its documented form. Errors are thrown on, as answers ready to
/// be sent, so that metrics around this see them.
struct AnswerMiddleware: RouterMiddleware {
    let table: RouteTable

    func handle(
        _ request: Request, context: APIRequestContext,
        next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            var response = try await next(request, context)
            response.headers[.requestID] = context.requestID
            return response
        } catch {
            var failure = failure(for: error, of: request, context)
            failure.requestID = context.requestID
            if failure.status.kind == .serverError {
                let cause = (error as? DomainError).map { $0.cause ?? $0.message } ?? String(describing: error)
                context.logger.error(
                    "request failed",
                    metadata: ["http.status": "\(failure.status.code)", "error": "\(cause)"])
            }
            throw failure
        }
    }

    private func failure(for error: any Error, of request: Request, _ context: APIRequestContext) -> APIFailure {
        switch error {
        case let failure as APIFailure: return failure
        case let error as DomainError: return APIFailure(error)
        case let error as any HTTPResponseError where error.status == .notFound:
            guard let methods = table.allowedMethods(request.uri.path) else {
                return APIFailure(.notFound, "There is nothing at this path.")
            }
            var failure = APIFailure(.methodNotAllowed, "This path knows \(methods.joined(separator: ", ")) only.")
            failure.headers[.allow] = methods.joined(separator: ", ")
            return failure
        case let error as any HTTPResponseError: return APIFailure(error.status, error.status.hapiReason)
        case is CancellationError: return APIFailure(.serviceUnavailable, "The server is shutting down.")
        default: return APIFailure(.internalServerError, APIFailure.internalMessage)
        }
    }
}

extension HTTPField.Name {
    static let requestID = named("x-request-id")
    static let idempotencyKey = named("Idempotency-Key")
    static let idempotencyReplayed = named("Idempotency-Replayed")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("a literal of token characters") }
        return name
    }
}
