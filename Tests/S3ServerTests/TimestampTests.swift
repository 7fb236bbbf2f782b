import Foundation
import Testing

@testable import S3Server

struct TimestampTests {
    @Test func `A timestamp is what Foundation's ISO 8601 form says, to the millisecond`() {
        var random = SplitMix(state: 7)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2_000 {
            // From 1600 to 2600.
            let milliseconds = Int64.random(in: -11_676_096_000_000...19_880_899_200_000, using: &random)
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
            // Between two milliseconds Foundation cuts and we round.
            let expected = date.addingTimeInterval(0.000_1).formatted(style)
            #expect(S3Document.timestamp(date) == expected)
        }
        #expect(S3Document.timestamp(Date(timeIntervalSince1970: 1_142_726_400)) == "2006-03-19T00:00:00.000Z")
    }

    @Test func `A date of HTTP is what a formatter of its pattern says, and is read back`() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        var random = SplitMix(state: 8)
        for _ in 0..<2_000 {
            let date = Date(
                timeIntervalSince1970: Double(Int.random(in: -11_676_096_000...19_880_899_200, using: &random)))
            #expect(HTTPDate.format(date) == formatter.string(from: date))
            #expect(HTTPDate.parse(HTTPDate.format(date)) == date)
        }
    }
}
