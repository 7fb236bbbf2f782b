import AWS
import Foundation
import Sandbox
import Testing

/// The real binary on the embedded AWS, killed at every call and commit in turn, until a change survives.
@Suite(.serialized) struct CrashTests {
    @Test(.timeLimit(.minutes(10)))
    func `killed at any call or commit, the next start brings every change to its end`() async throws {
        let stage = try await CrashStage()
        let points = try await withThrowingTaskGroup(of: (Change, Int).self) { group in
            for change in Change.allCases {
                group.addTask { (change, try await Rehearsal(change: change, stage: stage).run()) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for change in Change.allCases {
            let count = points[change] ?? 0
            print("killed during \(change.rawValue) at \(count) points")
            #expect(count >= change.leastPoints)
        }
        print("killed at \(points.values.reduce(0, +)) points in all")
    }
}

enum Change: String, CaseIterable {
    case create = "create"
    case editPath = "edit of the path"
    case editRole = "edit of the role"
    case delete = "delete"

    /// Before and after: each test that asks AWS, the accepted wish, and each call and commit of the worker.
    var leastPoints: Int {
        switch self {
        case .create: 2 * (4 + 1 + 3)
        case .editPath: 2 * (4 + 1 + 6)
        case .editRole: 2 * (4 + 1 + 3)
        case .delete: 2 * (3 + 1 + 3)
        }
    }
}

/// One change, rehearsed with a kill at the first point, the second, …; each change has a server and paths of its own.
private struct Rehearsal: Sendable {
    let change: Change
    let stage: CrashStage

    /// How many points were killed at.
    func run() async throws -> Int {
        var wish = Wish(change)
        try await onServer { try await prepare(&wish, $0) }
        for point in 1... {
            wish.next(point)
            let survived = try await isSurvived(&wish, killedAt: point)
            try await onServer { server in
                if !survived { try await finish(&wish, server) }
                #expect(try await server.settledStatus(wish.id) == wish.end, "\(change), killed at \(point)")
                #expect(try await locations() == wish.expected, "\(change), killed at \(point)")
                if !survived { try await prepare(&wish, server) }
            }
            if survived { return point - 1 }
        }
        return 0
    }

    private func onServer(_ body: (ControlPlane) async throws -> Void) async throws {
        let program = try await stage.serve(change.rawValue)
        defer { program.kill() }
        try await body(ControlPlane(address: program.address))
    }

    /// Asks for the change on a server that dies at the point, if it comes so far.
    private func isSurvived(_ wish: inout Wish, killedAt point: Int) async throws -> Bool {
        guard let program = try await stage.serve(change.rawValue, killedAt: point) else { return false }
        defer { program.kill() }
        do {
            let server = ControlPlane(address: program.address)
            try await wish.ask(server)
            _ = try await server.settledStatus(wish.id)
            return true
        } catch is URLError {
            // A server that lives and does not answer ends the test by its time limit.
            #expect(program.wasKilled(), "\(change), killed at \(point)")
            return false
        }
    }

    /// As a client does that got no answer: asks again, if the change is not under way or done.
    private func finish(_ wish: inout Wish, _ server: ControlPlane) async throws {
        if try await wish.isAsked(server) { return }
        try await wish.ask(server)
    }

    /// Before a deletion or an edit there must be something.
    private func prepare(_ wish: inout Wish, _ server: ControlPlane) async throws {
        guard change != .create, wish.id.isEmpty || change == .delete else { return }
        try await wish.create(server)
        #expect(try await server.settledStatus(wish.id) == "enabled")
    }

    /// Scope and role of what AWS has below this change's prefix.
    private func locations() async throws -> [String] {
        let page = try await stage.aws.listAccessGrantsLocations(maxResults: 1000)
        return page.items.filter { $0.scope.hasPrefix("s3://\(SandboxDefaults.bucket)/\(change)/") }
            .map { "\($0.scope) \($0.roleARN)" }.sorted()
    }
}

/// What is asked for, and what must come of it.
private struct Wish {
    let change: Change
    /// Empty until it is known.
    var id = ""
    private var number = 0
    private var path: String
    private var role = SandboxDefaults.locationRole
    /// The locations of integrations that earlier rounds made and left.
    private var left: [String] = []

    init(_ change: Change) {
        self.change = change
        path = "s3://\(SandboxDefaults.bucket)/\(change)/0/"
    }

    var end: String { change == .delete ? "deleted" : "enabled" }

    var expected: [String] {
        switch change {
        case .delete: []
        case .create: (left + ["\(path) \(role)"]).sorted()
        case .editPath, .editRole: ["\(path) \(role)"]
        }
    }

    mutating func next(_ point: Int) {
        number = point
        switch change {
        case .create:
            if point > 1 { left.append("\(path) \(role)") }
            id = ""
            path = "s3://\(SandboxDefaults.bucket)/\(change)/\(point)/"
        case .editPath: path = "s3://\(SandboxDefaults.bucket)/\(change)/\(point)/"
        case .editRole:
            role =
                role == SandboxDefaults.locationRole
                ? SandboxDefaults.otherLocationRole : SandboxDefaults.locationRole
        case .delete: break
        }
    }

    mutating func ask(_ server: ControlPlane) async throws {
        switch change {
        case .create: try await create(server)
        case .editPath, .editRole:
            let answer = try await server.send("PUT", "/integrations/\(id)", body)
            #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        case .delete:
            let answer = try await server.send("DELETE", "/integrations/\(id)")
            #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    /// With a key, so that asking again after a lost answer makes no second one.
    mutating func create(_ server: ControlPlane) async throws {
        let answer = try await server.send(
            "POST", "/integrations", body, idempotencyKey: "\(change)-\(number)")
        #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        id = answer["id"] ?? ""
    }

    /// Whether the change that got no answer is under way, or done.
    func isAsked(_ server: ControlPlane) async throws -> Bool {
        guard !id.isEmpty else { return false }
        let integration = try await server.send("GET", "/integrations/\(id)")
        switch change {
        case .create: return true
        case .delete: return integration.status == 404 || integration["status"] == "deleting"
        case .editPath:
            return integration["status"] == "editing" || integration.config("awsLocationPath") == path
        case .editRole:
            return integration["status"] == "editing" || integration.config("awsLocationRole") == role
        }
    }

    private var body: [String: Any] {
        CrashStage.integration("\(change)-\(change == .create ? number : 0)", at: path, role: role)
    }
}
