import SigV4

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// `Last-Modified` and its like (RFC 9110, section 5.6.7).
public enum HTTPDate {
    public static func format(_ date: Date) -> String { AmzDate.formatHTTPDate(date) }

    /// Reads HTTP's form, a numeric zone of UTC included, and `YYYYMMDDTHHMMSSZ`.
    public static func parse(_ text: String) -> Date? { AmzDate.parse(text) ?? AmzDate.parseHTTPDate(text) }
}
