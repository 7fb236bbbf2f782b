import Domain
import HTTPTypes
import Hummingbird

/// One line of the contract's tables.
struct APIRoute: Sendable {
    var method: HTTPRequest.Method
    /// As OpenAPI writes it: `/integrations/{id}`.
    var path: String
    /// What is refused to who lacks the permission, as the audit log names it.
    var action: AuditAction = .read
    var handler: Handler

    enum Handler: Sendable {
        case open(@Sendable (Request, APIRequestContext) async throws -> Response)
        /// Any authenticated caller, or one with the permission.
        case caller(Permission?, @Sendable (Request, CallerContext) async throws -> Response)
    }

    static func open(
        _ method: HTTPRequest.Method, _ path: String,
        _ handler: @escaping @Sendable (Request, APIRequestContext) async throws -> Response
    ) -> APIRoute {
        APIRoute(method: method, path: path, handler: .open(handler))
    }

    static func caller(
        _ method: HTTPRequest.Method, _ path: String, requires permission: Permission? = nil,
        action: AuditAction = .read, _ handler: @escaping @Sendable (Request, CallerContext) async throws -> Response
    ) -> APIRoute {
        APIRoute(method: method, path: path, action: action, handler: .caller(permission, handler))
    }

    /// The path as Hummingbird writes it: `/integrations/:id`.
    var routerPath: RouterPath {
        RouterPath(path.replacing("{", with: ":").replacing("}", with: ""))
    }
}

extension APIRoute {
    /// What the path leads to.
    var targetType: AuditTarget.Kind {
        switch path.split(separator: "/").first {
        case "integrations": .integration
        case "audit": .auditLog
        case "bim": path.hasPrefix("/bim/apikey") ? .apiKey : .user
        default: path.contains("/access") ? .access : .dataSource
        }
    }

    /// What the path's parameters hold: `5`, `5/2`. Empty when it has none.
    func targetID(_ context: CallerContext) -> String {
        path.split(separator: "/").filter { $0.first == "{" }
            .compactMap { context.parameters.get(String($0.dropFirst().dropLast())) }
            .map { FieldReader.printable(FormCoding.decode($0, plusIsSpace: false) ?? $0, limit: 255) }
            .joined(separator: "/")
    }
}

/// Which methods a path has, for the answer to a wrong one.
struct RouteTable: Sendable {
    private var entries: [(segments: [Substring], methods: [String])] = []

    init(_ routes: [APIRoute]) {
        for route in routes {
            let segments = Self.segments(route.path)
            let methods = route.method == .get ? ["GET", "HEAD"] : [route.method.rawValue]
            if let index = entries.firstIndex(where: { $0.segments == segments }) {
                entries[index].methods += methods
            } else {
                entries.append((segments, methods))
            }
        }
    }

    /// `nil` for an unknown path. The more literal one of two patterns decides, as in the router.
    func allowedMethods(_ path: String) -> [String]? {
        let asked = Self.segments(path)
        let matching = entries.filter { entry in
            entry.segments.count == asked.count
                && zip(entry.segments, asked).allSatisfy { $0 == $1 || Self.isParameter($0) }
        }
        return matching.min { Self.parameters($0.segments) < Self.parameters($1.segments) }?.methods.sorted()
    }

    private static func segments(_ path: String) -> [Substring] { path.split(separator: "/") }
    private static func isParameter(_ segment: Substring) -> Bool { segment.first == "{" }
    private static func parameters(_ segments: [Substring]) -> Int { segments.count(where: isParameter) }
}
