/// A text that must not be printed by accident: in descriptions, dumps and string interpolation it is `<redacted>`.
public struct Secret: Sendable {
    private let value: String

    public init(_ value: String) {
        self.value = value
    }

    /// The text itself. Call it only where the secret is used.
    public func reveal() -> String {
        value
    }
}

extension Secret: Equatable {
    /// Takes time that depends on the lengths only.
    public static func == (left: Secret, right: Secret) -> Bool {
        let (left, right) = (Array(left.value.utf8), Array(right.value.utf8))
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
