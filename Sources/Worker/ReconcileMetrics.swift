import Domain
import Metrics

/// The worker's metrics. Their labels are actions and kinds, never ids.
enum ReconcileMetrics {
    static func measured(_ status: IntegrationStatus, _ duration: Duration) {
        Timer(label: "sluice_reconcile_seconds", dimensions: [("status", status.rawValue)])
            .record(duration: duration)
    }

    static func failed(_ action: String, kind: String) {
        Counter(label: "sluice_reconcile_failures_total", dimensions: [("action", action), ("kind", kind)]).increment()
    }

    static func granted(_ outcome: GrantOutcome) {
        if case .failed(let problem, _, _) = outcome { failed(problem.action, kind: problem.kind.label) }
        Counter(label: "sluice_grant_steps_total", dimensions: [("outcome", outcome.label)]).increment()
    }

    static func checked(_ status: ValidationTest.Status) {
        Counter(label: "sluice_recurring_checks_total", dimensions: [("result", status.rawValue)]).increment()
    }

    static func drifted(_ report: DriftReport) {
        for (kind, count) in [("missing", report.missing), ("left_over", report.leftOver)] where count > 0 {
            Counter(label: "sluice_grant_drift_total", dimensions: [("kind", kind)]).increment(by: Int64(count))
        }
    }

    static func called(_ action: String, outcome: String, _ duration: Duration) {
        let dimensions = [("action", action), ("outcome", outcome)]
        Counter(label: "sluice_aws_calls_total", dimensions: dimensions).increment()
        Timer(label: "sluice_aws_call_seconds", dimensions: [("action", action)]).record(duration: duration)
    }
}

extension GrantOutcome {
    fileprivate var label: String {
        switch self {
        case .made: "made"
        case .foreign: "foreign"
        case .gone: "gone"
        case .notSeen: "not_seen"
        case .failed: "failed"
        case .noLocation: "no_location"
        case .notCalled: "not_called"
        }
    }
}

extension AWSProblem.Kind {
    var label: String {
        switch self {
        case .refused: "refused"
        case .throttled: "throttled"
        case .serviceFault: "service_fault"
        case .unreachable: "unreachable"
        case .credentials: "credentials"
        }
    }
}
