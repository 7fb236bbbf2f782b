/// `Range: bytes=…` with one range (RFC 9110, section 14.1.2).
public enum S3ByteRange: Sendable, Equatable {
    case from(Int, through: Int?)
    case last(Int)

    /// Nil for anything but one well-formed range, which S3 ignores.
    public init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, let last?) where first <= last: self = .from(first, through: last)
        case (let first?, nil) where ends[1].isEmpty: self = .from(first, through: nil)
        case (nil, let count?) where ends[0].isEmpty: self = .last(count)
        default: return nil
        }
    }

    /// `bytes=first-last`. The positions are not empty.
    public init(_ positions: Range<Int>) {
        precondition(!positions.isEmpty)
        self = .from(positions.lowerBound, through: positions.upperBound - 1)
    }

    /// The positions, where both ends are given; nil for others, and for an end that no position can follow.
    public var closed: Range<Int>? {
        guard case .from(let first, let last?) = self, last < .max else { return nil }
        return first..<last + 1
    }

    /// The positions within an object of `size` bytes.
    /// - Throws: `InvalidRange` 416 when there are none.
    public func resolved(size: Int) throws(S3Error) -> Range<Int> {
        switch self {
        case .from(let first, let last) where first < size:
            return first..<(last.map { min($0, size - 1) } ?? size - 1) + 1
        case .last(let count) where count > 0 && size > 0:
            return max(0, size - count)..<size
        case .from, .last:
            throw S3Error(
                "InvalidRange", 416, "The requested range is not satisfiable",
                elements: [.init("ActualObjectSize", String(size))])
        }
    }
}

extension S3ByteRange: CustomStringConvertible {
    /// As the header has it.
    public var description: String {
        switch self {
        case .from(let first, let last): "bytes=\(first)-\(last.map { "\($0)" } ?? "")"
        case .last(let count): "bytes=-\(count)"
        }
    }
}
