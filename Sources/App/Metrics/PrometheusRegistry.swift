public import CoreMetrics
import Synchronization

/// Keeps the process's metrics and writes them in Prometheus's text format (version 0.0.4).
///
/// Labels of swift-metrics become Prometheus names (`http.server.requests` is `sluice_http_server_requests_total`).
/// Timers and aggregating recorders are histograms; timers count seconds.
public final class PrometheusRegistry: MetricsFactory {
    /// Series beyond this many are measured into the void, so that a runaway label cannot fill the memory.
    static let seriesLimit = 10_000
    /// Seconds.
    static let durationBounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ]
    static let sizeBounds = [1.0, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262_144, 1_048_576]

    private let families = Mutex<[String: Family]>([:])

    public init() {}

    struct Family: Sendable {
        var kind: Kind
        var series: [String: any PrometheusSeries] = [:]
    }

    enum Kind: String, Sendable { case counter, gauge, histogram }

    /// The series of that name and labels, made when it is new. A name that is in use for another kind gets a series
    /// that is not shown.
    private func series<Series: PrometheusSeries>(
        _ label: String, _ dimensions: [(String, String)], kind: Kind, suffix: String = "",
        _ make: @Sendable () -> Series
    ) -> Series {
        let name = PrometheusText.name(label, suffix: suffix)
        let labels = PrometheusText.labels(dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            if let known = family.series[labels] as? Series { return known }
            let new = make()
            let count = families.values.reduce(0) { $0 + $1.series.count }
            guard family.kind == kind, family.series[labels] == nil, count < Self.seriesLimit else { return new }
            family.series[labels] = new
            families[name] = family
            return new
        }
    }

    /// The exposition: families by name, series by labels.
    ///
    /// - Parameter counters: Counted elsewhere; shown first.
    public func text(and counters: [(name: String, total: Int)] = []) -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, total) in counters { text += "# TYPE \(name) counter\n\(name) \(total)\n" }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name: name, labels: labels, to: &text)
            }
        }
        return text
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, kind: .counter, suffix: "_total") { PrometheusCounter() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, kind: .counter, suffix: "_total") { PrometheusCounter() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, kind: .gauge) { PrometheusGauge() }
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return series(label, dimensions, kind: .gauge) { PrometheusGauge() } }
        return series(label, dimensions, kind: .histogram) { PrometheusHistogram(bounds: Self.sizeBounds) }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let suffix = label.hasSuffix("seconds") ? "" : "_seconds"
        return series(label, dimensions, kind: .histogram, suffix: suffix) {
            PrometheusHistogram(bounds: Self.durationBounds)
        }
    }

    // A series outlives the handles to it: two handles may share one, and Prometheus wants counters to go on.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}
