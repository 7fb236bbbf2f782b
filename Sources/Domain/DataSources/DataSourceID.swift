/// Counts from 1, and is never given again.
public struct DataSourceID: Sendable, Hashable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
}
