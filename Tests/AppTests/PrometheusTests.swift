import CoreMetrics
import Testing

@testable import App

@Suite struct PrometheusTests {
    @Test func `counters and gauges are written by name and labels`() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "hb.requests", dimensions: [("method", "PUT"), ("code", "200")]).increment(by: 2)
        registry.makeCounter(label: "hb.requests", dimensions: [("code", "200"), ("method", "GET")]).increment(by: 1)
        registry.makeCounter(label: "hb.requests", dimensions: [("method", "PUT"), ("code", "200")]).increment(by: 1)
        registry.makeMeter(label: "sluice_due", dimensions: []).set(Int64(4))
        registry.makeRecorder(label: "temperature", dimensions: [], aggregate: false).record(1.5)
        #expect(
            registry.text(and: [("sluice_store_commits_total", 7)]) == """
                # TYPE sluice_store_commits_total counter
                sluice_store_commits_total 7
                # TYPE sluice_due gauge
                sluice_due 4
                # TYPE sluice_hb_requests_total counter
                sluice_hb_requests_total{code="200",method="GET"} 1
                sluice_hb_requests_total{code="200",method="PUT"} 3
                # TYPE sluice_temperature gauge
                sluice_temperature 1.5

                """)
    }

    @Test func `a timer is a cumulative histogram of seconds`() {
        let registry = PrometheusRegistry()
        let timer = registry.makeTimer(label: "pass", dimensions: [("kind", "a")])
        timer.recordNanoseconds(1_000_000)
        timer.recordNanoseconds(40_000_000)
        timer.recordNanoseconds(500_000_000_000)
        let lines = registry.text().split(separator: "\n").map(String.init)
        #expect(lines.first == "# TYPE sluice_pass_seconds histogram")
        #expect(lines.contains(#"sluice_pass_seconds_bucket{kind="a",le="0.001"} 1"#))
        #expect(lines.contains(#"sluice_pass_seconds_bucket{kind="a",le="0.05"} 2"#))
        #expect(lines.contains(#"sluice_pass_seconds_bucket{kind="a",le="120"} 2"#))
        #expect(
            lines.suffix(3) == [
                #"sluice_pass_seconds_bucket{kind="a",le="+Inf"} 3"#,
                #"sluice_pass_seconds_sum{kind="a"} 500.041"#,
                #"sluice_pass_seconds_count{kind="a"} 3"#,
            ])
    }

    @Test func `label values are escaped and names made of what Prometheus accepts`() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "9 lives/é", dimensions: [("a-b", "x\"y\\z\nw")]).increment(by: 1)
        #expect(
            registry.text() == """
                # TYPE sluice__9_lives___total counter
                sluice__9_lives___total{a_b="x\\"y\\\\z\\nw"} 1

                """)
    }

    @Test func `a name in use for one kind is not shown as another`() {
        let registry = PrometheusRegistry()
        registry.makeMeter(label: "depth", dimensions: []).set(Int64(1))
        registry.makeRecorder(label: "depth", dimensions: [], aggregate: true).record(Int64(5))
        #expect(registry.text() == "# TYPE sluice_depth gauge\nsluice_depth 1\n")
    }

    @Test func `a runaway label does not fill the memory`() {
        let registry = PrometheusRegistry()
        for index in 0..<(PrometheusRegistry.seriesLimit + 10) {
            registry.makeCounter(label: "c", dimensions: [("i", "\(index)")]).increment(by: 1)
        }
        let series = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(series.count == PrometheusRegistry.seriesLimit)
    }
}
