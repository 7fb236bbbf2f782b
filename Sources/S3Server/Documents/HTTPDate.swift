import SigV4

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// `Last-Modified` and its like (RFC 9110, section 5.6.7).
public enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    public static func format(_ date: Date) -> String {
        let digits = Array(AmzDate.format(date))  // YYYYMMDDTHHMMSSZ
        let day = Int((date.timeIntervalSince1970 / 86_400).rounded(.down))
        let month = (Int(String(digits[4...5])) ?? 1) - 1
        return "\(days[((day % 7) + 7) % 7]), \(String(digits[6...7])) \(months[month]) \(String(digits[0...3])) "
            + "\(String(digits[9...10])):\(String(digits[11...12])):\(String(digits[13...14])) GMT"
    }

    /// Reads HTTP's form, a numeric zone of UTC included, and `YYYYMMDDTHHMMSSZ`.
    public static func parse(_ text: String) -> Date? { AmzDate.parse(text) ?? AmzDate.parseHTTPDate(text) }
}
