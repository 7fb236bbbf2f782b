/// The id of a user or group of IAM Identity Center: a UUID, with ten hexadecimal digits and a hyphen before it in some
/// identity stores.
public struct IdentityCenterID: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        var groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        if groups.count == 6 {
            guard groups[0].count == 10, groups[0].allSatisfy(Self.isLowerHex) else { return nil }
            groups.removeFirst()
        }
        guard groups.map(\.count) == [8, 4, 4, 4, 12], groups.joined().allSatisfy(Self.isHex) else { return nil }
        description = text
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
    private static func isHex(_ byte: UInt8) -> Bool { isLowerHex(byte) || (0x41...0x46).contains(byte) }
}
