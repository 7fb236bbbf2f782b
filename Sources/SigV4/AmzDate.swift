#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The date forms of signatures, headers and documents. Always UTC.
public enum AmzDate {
    /// `YYYYMMDD'T'HHMMSS'Z'`, fractions of a second cut. For years 0 to 9999.
    public static func format(_ date: Date) -> String {
        let (days, second) = daysAndSecond(date)
        let (year, month, day) = civil(days)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        appendYear(year, to: &bytes)
        appendTwo(month, to: &bytes)
        appendTwo(day, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        appendTwo(second / 3600, to: &bytes)
        appendTwo(second / 60 % 60, to: &bytes)
        appendTwo(second % 60, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The date of exactly that form; nil for any other and for dates that don't exist.
    public static func parse(_ text: some StringProtocol) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let year = number(bytes[0..<4]), let month = number(bytes[4..<6]), let day = number(bytes[6..<8]),
            let hour = number(bytes[9..<11]), let minute = number(bytes[11..<13]), let second = number(bytes[13..<15])
        else { return nil }
        return date(year, month, day, hour, minute, second)
    }

    /// The date of `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110, IMF-fixdate); the zone may also be `+0000`, `-0000` or `UTC`,
    /// as AWS's clients write it. The day of the week is not compared.
    public static func parseHTTPDate(_ text: some StringProtocol) -> Date? {
        let parts = Substring(text).utf8.split(
            separator: UInt8(ascii: " "), maxSplits: 6, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].count == 4, parts[0].last == UInt8(ascii: ","), parts[1].count == 2,
            parts[3].count == 4, parts[4].count == 8,
            zones.contains(where: { $0.utf8.elementsEqual(parts[5]) }),
            let month = months.firstIndex(where: { $0.utf8.elementsEqual(parts[2]) }),
            let day = number(parts[1]), let year = number(parts[3])
        else { return nil }
        let clock = parts[4].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard clock.count == 3, clock.allSatisfy({ $0.count == 2 }),
            let hour = number(clock[0]), let minute = number(clock[1]), let second = number(clock[2])
        else { return nil }
        return date(year, month + 1, day, hour, minute, second)
    }

    /// `Fri, 24 May 2013 00:00:00 GMT`, fractions of a second cut. For years 0 to 9999.
    public static func formatHTTPDate(_ date: Date) -> String {
        let (days, second) = daysAndSecond(date)
        let (year, month, day) = civil(days)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        bytes.append(contentsOf: weekdays[days.floorDivided(by: 7).remainder].utf8)
        bytes.append(contentsOf: ", ".utf8)
        appendTwo(day, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: months[month - 1].utf8)
        bytes.append(UInt8(ascii: " "))
        appendYear(year, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        appendClock(second, to: &bytes)
        bytes.append(contentsOf: " GMT".utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `YYYY-MM-DD'T'HH:MM:SS.sss'Z'`, rounded to the millisecond. For years 0 to 9999.
    public static func formatISO8601(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded())
        let (seconds, fraction) = milliseconds.floorDivided(by: 1000)
        let (days, second) = seconds.floorDivided(by: 86_400)
        let (year, month, day) = civil(days)
        let (hour, minute) = (second / 3600, second / 60 % 60)
        // A page of a listing has a thousand of them; appended byte by byte, each takes twice as long.
        let bytes = [
            digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), UInt8(ascii: "-"),
            digit(month / 10), digit(month), UInt8(ascii: "-"), digit(day / 10), digit(day), UInt8(ascii: "T"),
            digit(hour / 10), digit(hour), UInt8(ascii: ":"), digit(minute / 10), digit(minute), UInt8(ascii: ":"),
            digit(second / 10 % 6), digit(second), UInt8(ascii: "."),
            digit(fraction / 100), digit(fraction / 10), digit(fraction), UInt8(ascii: "Z"),
        ]
        return String(decoding: bytes, as: UTF8.self)
    }

    /// From the first day of 1970 on.
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let zones = ["GMT", "+0000", "-0000", "UTC"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func number(_ digits: some Collection<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    /// `HH:MM:SS`.
    private static func appendClock(_ second: Int, to bytes: inout [UInt8]) {
        appendTwo(second / 3600, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendTwo(second / 60 % 60, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendTwo(second % 60, to: &bytes)
    }

    /// The last of a number's digits.
    private static func digit(_ number: Int) -> UInt8 { 0x30 + UInt8(truncatingIfNeeded: number % 10) }

    /// - Parameter number: of two digits.
    private static func appendTwo(_ number: Int, to bytes: inout [UInt8]) {
        bytes.append(digit(number / 10))
        bytes.append(digit(number))
    }

    private static func appendYear(_ year: Int, to bytes: inout [UInt8]) {
        appendTwo(year / 100 % 100, to: &bytes)
        appendTwo(year % 100, to: &bytes)
    }

    private static func date(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> Date? {
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else { return nil }
        let days = self.days(year, month, day)
        guard civil(days) == (year, month, day) else { return nil }
        return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
    }

    /// Days since 1970-01-01, and the second of the day; fractions cut.
    private static func daysAndSecond(_ date: Date) -> (days: Int, second: Int) {
        let (days, second) = Int(date.timeIntervalSince1970.rounded(.down)).floorDivided(by: 86_400)
        return (days, second)
    }

    // The two below count years from March, so that the leap day is the last of the year.

    /// Days since 1970-01-01.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.floorDivided(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (days + 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Int {
    /// Quotient rounded down and the remainder, never negative.
    fileprivate func floorDivided(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
