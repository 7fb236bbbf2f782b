import Domain
import HTTPTypes
import Hummingbird
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds out who sends a request.
final class Authenticator: Sendable {
    /// A revocation made by another process is seen after this many seconds; one made here, at once.
    static let cacheSeconds: TimeInterval = 1
    /// Callers remembered; at the limit all are forgotten, which costs one look-up each.
    static let cacheLimit = 1024
    /// Longer text is no key of ours, and is not worth hashing.
    static let maximumCredentialBytes = 1024

    private struct Cache {
        var entries: [CredentialHash: (authenticated: Authenticated, until: Date)] = [:]
        /// Counts the times everything was forgotten: a look-up begun before must not be remembered after.
        var generation = 0
    }

    private let identities: any IdentityRepository
    private let now: @Sendable () -> Date
    private let cache = Mutex(Cache())

    init(_ identities: any IdentityRepository, now: @escaping @Sendable () -> Date) {
        self.identities = identities
        self.now = now
    }

    /// The credential in an Authorization header: bare, or after `Bearer`. `nil` when there is none.
    static func credential(in header: String?) -> Substring? {
        guard let header else { return nil }
        let text = header.trimmingSpace()
        guard let space = text.firstIndex(where: { $0 == " " || $0 == "\t" }) else { return text.isEmpty ? nil : text }
        guard text[..<space].lowercased() == "bearer" else { return nil }
        let rest = text[space...].trimmingSpace()
        return rest.isEmpty || rest.contains(" ") ? nil : rest
    }

    /// - Throws: `unauthorized`.
    func authenticate(_ credential: Substring?) async throws(DomainError) -> Authenticated {
        guard let credential else { throw .unauthenticated }
        let refused = DomainError(.unauthorized, "The API key or token is unknown, revoked or expired.")
        guard credential.utf8.count <= Self.maximumCredentialBytes else { throw refused }
        let hash = Credential.hash(String(credential))
        let now = now()
        let (known, generation) = cache.withLock { ($0.entries[hash], $0.generation) }
        if let known, now < known.until { return known.authenticated }
        guard let found = try await identities.authenticated(by: hash, now: now) else { throw refused }
        remember(found, hash, generation: generation, now: now)
        return found
    }

    /// After a key was revoked.
    func forgetAll() {
        cache.withLock { cache in
            cache.entries = [:]
            cache.generation += 1
        }
    }

    private func remember(_ found: Authenticated, _ hash: CredentialHash, generation: Int, now: Date) {
        let until = min(now.addingTimeInterval(Self.cacheSeconds), found.expiresAt ?? .distantFuture)
        cache.withLock { cache in
            guard cache.generation == generation else { return }
            if cache.entries.count >= Self.cacheLimit { cache.entries = [:] }
            cache.entries[hash] = (found, until)
        }
    }
}

struct AuthenticationMiddleware: RouterMiddleware {
    let authenticator: Authenticator

    func handle(
        _ request: Request, context: APIRequestContext,
        next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let credential = Authenticator.credential(in: request.headers[.authorization])
        context.caller = try await authenticator.authenticate(credential).caller
        return try await next(request, context)
    }
}
