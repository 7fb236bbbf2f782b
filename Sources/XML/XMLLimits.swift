/// What a document may cost. A document beyond a limit is refused, never cut.
public struct XMLLimits: Sendable, Equatable {
    /// The document's length in bytes. The largest AWS answers (a listing of 1,000 keys of 1,024 bytes) stay below 4 MiB,
    /// requests far below 1 MiB (DeleteObjects apart: 2 MiB).
    public var bytes: Int
    /// Elements open at once; AWS dialects use fewer than ten.
    public var depth: Int
    /// Elements in the document.
    public var elements: Int
    /// Attributes, namespace declarations included, of one element.
    public var attributes: Int

    public init(bytes: Int = 1 << 20, depth: Int = 32, elements: Int = 50_000, attributes: Int = 16) {
        self.bytes = bytes
        self.depth = depth
        self.elements = elements
        self.attributes = attributes
    }

    public static let standard = XMLLimits()
}
