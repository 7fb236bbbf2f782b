import HTTPTypes
import Hummingbird
import NIOCore
import S3Server
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The faults and counts of a running sandbox.
final class FaultState: Sendable {
    private let plan: Mutex<FaultPlan>

    /// - Parameter rules: in force from the start.
    init(rules: [FaultRule] = []) {
        var plan = FaultPlan()
        plan.replace(rules)
        self.plan = Mutex(plan)
    }

    func update<Value: Sendable>(_ body: (inout FaultPlan) -> Value) -> Value {
        plan.withLock { body(&$0) }
    }
}

extension SandboxResponder {
    /// Counts the call and says what is to befall it: by the rules in force and by its `x-sandbox-fault` header.
    /// - Throws: `InvalidArgument` for a header that is no list of rules.
    func strike(_ call: SandboxCall, _ target: SandboxTarget) throws(S3Error) -> FaultEffect {
        let name = call.name
        var own: [FaultRule] = []
        if configuration.faultsEnabled, let text = target.request.headerFields[.sandboxFault] {
            guard let rules = FaultRule.parse(Array(text.utf8)) else {
                throw .invalidArgument("x-sandbox-fault is not a list of fault rules")
            }
            own = rules
        }
        return faults.update { [own] plan in
            plan.count(name)
            return plan.strike(name, account: call.caller.account, own: own, now: call.now)
        }
    }

    /// `/_sandbox/faults` (when enabled) and `/_sandbox/calls`, unsigned and in JSON.
    func administer(_ target: SandboxTarget, _ body: [UInt8]) throws -> S3Response {
        switch (target.rawPath, target.request.method) {
        case ("/_sandbox/calls", .get):
            return try Self.json(faults.update { $0.calls })
        case ("/_sandbox/calls", .delete):
            faults.update { $0.resetCalls() }
            return S3Response(status: 204)
        case ("/_sandbox/faults", let method):
            guard configuration.faultsEnabled else { throw S3Error.accessDenied("Faults are not enabled") }
            return try administerFaults(method, body)
        default:
            throw S3Error("NoSuchResource", 404, "The sandbox has no such resource")
        }
    }

    private func administerFaults(_ method: HTTPRequest.Method, _ body: [UInt8]) throws -> S3Response {
        switch method {
        case .get:
            return try Self.json(faults.update { $0.rules })
        case .put:
            guard let rules = FaultRule.parse(body) else {
                throw S3Error.invalidArgument("The body is not a list of fault rules")
            }
            faults.update { $0.replace(rules) }
            return S3Response(status: 204)
        case .delete:
            faults.update { $0.replace([]) }
            return S3Response(status: 204)
        default:
            throw S3Error.methodNotAllowed
        }
    }

    private static func json(_ value: some Encodable) throws -> S3Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(value)
        return S3Response(headers: [.contentType: "application/json"], body: .bytes(Array(data)))
    }
}
