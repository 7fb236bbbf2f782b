public import SigV4

/// The decoded query of a request, in the order it was sent; names may repeat.
public struct QueryItems: Sendable, Equatable {
    public var items: [QueryParameter]

    public init(_ items: [QueryParameter] = []) {
        self.items = items
    }

    /// Reads `a=b&c`, decoding each part once; nil when a part is not valid percent-encoded UTF-8.
    public init?(parsing query: Substring) {
        guard let items = URIEncoding.parameters(query) else { return nil }
        self.items = items
    }

    /// The first value of a name; empty when the name stands without a value.
    public subscript(_ name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    public func values(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    public func contains(_ name: String) -> Bool {
        items.contains { $0.name == name }
    }
}
