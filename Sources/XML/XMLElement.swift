/// An element of a parsed document: names without their prefix, character data concatenated.
public struct XMLElement: Sendable, Equatable {
    /// The local name, its prefix dropped.
    public var name: String
    /// The namespace the name is in; nil when in none.
    public var namespace: String?
    /// In document order, namespace declarations left out.
    public var attributes: [XMLAttribute]
    /// The character data directly in this element, concatenated, line ends as LF. Empty in an element that has children
    /// and otherwise only white space.
    public var text: String
    /// In document order.
    public var children: [XMLElement]

    public init(
        name: String, namespace: String? = nil, attributes: [XMLAttribute] = [], text: String = "",
        children: [XMLElement] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.text = text
        self.children = children
    }

    /// The first child of that local name, whatever its namespace.
    public func child(_ name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// All children of that local name, in document order.
    public func children(_ name: String) -> [XMLElement] {
        children.filter { $0.name == name }
    }

    /// The value of the first attribute of that local name, whatever its namespace.
    public func attribute(_ name: String) -> String? {
        attributes.first { $0.name == name }?.value
    }

    /// The text of the element found by going down the path, at each step to the first child of that name; nil when a
    /// step is missing. An empty path gives this element's own text.
    public subscript(_ path: String...) -> String? {
        var element = self
        for name in path {
            guard let next = element.child(name) else { return nil }
            element = next
        }
        return element.text
    }
}

/// An attribute of an element.
public struct XMLAttribute: Sendable, Equatable {
    /// The local name, its prefix dropped.
    public var name: String
    /// The namespace of the name's prefix; nil without prefix.
    public var namespace: String?
    public var value: String

    public init(name: String, namespace: String? = nil, value: String) {
        self.name = name
        self.namespace = namespace
        self.value = value
    }
}
