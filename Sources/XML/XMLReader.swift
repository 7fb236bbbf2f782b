/// Reads whole documents, strictly: UTF-8, no document type declaration, no entities but the five predefined and numeric
/// ones, tags matched, namespaces bound, nothing behind the root element.
public enum XMLReader {
    /// The root element of the document.
    ///
    /// Time and memory are proportional to the document's length, which `limits` bounds.
    public static func read(
        _ bytes: some Collection<UInt8>, limits: XMLLimits = .standard
    ) throws(XMLError) -> XMLElement {
        guard bytes.count <= limits.bytes else {
            throw XMLError(.tooManyBytes(limit: limits.bytes), at: limits.bytes)
        }
        let bytes = Array(bytes)
        try XMLCharacters.check(bytes)
        var builder = XMLTreeBuilder(
            tokenizer: try XMLTokenizer(bytes, attributeLimit: limits.attributes), limits: limits)
        return try builder.document()
    }
}

/// Builds the tree from tokens without recursion, so that depth costs no stack.
private struct XMLTreeBuilder {
    private struct OpenElement {
        var name: XMLTokenizer.Name
        var element: XMLElement
        var isBlank = true
        /// How many namespace bindings were in force outside this element.
        var outerBindings: Int
    }

    private struct Binding {
        var prefix: String
        var namespace: String
    }

    private var tokenizer: XMLTokenizer
    private let limits: XMLLimits
    private var open: [OpenElement] = []
    private var bindings: [Binding] = []
    private var root: XMLElement?
    private var count = 0

    init(tokenizer: XMLTokenizer, limits: XMLLimits) {
        self.tokenizer = tokenizer
        self.limits = limits
    }

    mutating func document() throws(XMLError) -> XMLElement {
        while true {
            let offset = tokenizer.position
            switch try tokenizer.next() {
            case .start(let name, let attributes, let isEmpty):
                try begin(name, attributes, at: offset)
                if isEmpty { finish() }
            case .end(let name):
                try end(name, at: offset)
            case .text(let text, let isBlank):
                try append(text, isBlank: isBlank, at: offset)
            case .endOfDocument:
                guard open.isEmpty, let root else { throw XMLError(.unexpectedEnd, at: offset) }
                return root
            }
        }
    }

    private mutating func begin(
        _ name: XMLTokenizer.Name, _ attributes: [XMLTokenizer.Attribute], at offset: Int
    ) throws(XMLError) {
        guard root == nil else { throw XMLError(.contentOutsideRoot, at: offset) }
        guard open.count < limits.depth else { throw XMLError(.tooDeep(limit: limits.depth), at: offset) }
        count += 1
        guard count <= limits.elements else { throw XMLError(.tooManyElements(limit: limits.elements), at: offset) }

        let outerBindings = bindings.count
        for attribute in attributes { try bind(attribute, since: outerBindings) }
        var element = XMLElement(name: tokenizer.string(name.local), namespace: try namespace(of: name))
        for attribute in attributes where !isDeclaration(attribute) {
            let namespace = attribute.name.prefix.isEmpty ? nil : try self.namespace(of: attribute.name)
            let name = tokenizer.string(attribute.name.local)
            guard !element.attributes.contains(where: { $0.name == name && $0.namespace == namespace }) else {
                throw XMLError(.duplicateAttribute, at: attribute.name.whole.lowerBound)
            }
            element.attributes.append(XMLAttribute(name: name, namespace: namespace, value: attribute.value))
        }
        open.append(OpenElement(name: name, element: element, outerBindings: outerBindings))
    }

    private mutating func end(_ name: XMLTokenizer.Name, at offset: Int) throws(XMLError) {
        guard let current = open.last else { throw XMLError(.contentOutsideRoot, at: offset) }
        guard tokenizer.bytes[name.whole].elementsEqual(tokenizer.bytes[current.name.whole]) else {
            throw XMLError(.mismatchedTag(expected: tokenizer.string(current.name.whole)), at: offset)
        }
        finish()
    }

    private mutating func finish() {
        guard var current = open.popLast() else { return }
        bindings.removeSubrange(current.outerBindings...)
        if current.isBlank, !current.element.children.isEmpty { current.element.text = "" }
        if open.isEmpty {
            root = current.element
        } else {
            open[open.count - 1].element.children.append(current.element)
        }
    }

    private mutating func append(_ text: String, isBlank: Bool, at offset: Int) throws(XMLError) {
        guard !open.isEmpty else {
            if isBlank { return }
            throw XMLError(.contentOutsideRoot, at: offset)
        }
        open[open.count - 1].element.text += text
        if !isBlank { open[open.count - 1].isBlank = false }
    }
}

// MARK: - Namespaces (Namespaces in XML 1.0)

extension XMLTreeBuilder {
    private static let reserved = [
        "xml": "http://www.w3.org/XML/1998/namespace", "xmlns": "http://www.w3.org/2000/xmlns/",
    ]

    private func isDeclaration(_ attribute: XMLTokenizer.Attribute) -> Bool {
        let name = attribute.name.prefix.isEmpty ? attribute.name.local : attribute.name.prefix
        return tokenizer.bytes[name].elementsEqual("xmlns".utf8)
    }

    private mutating func bind(_ attribute: XMLTokenizer.Attribute, since first: Int) throws(XMLError) {
        guard isDeclaration(attribute) else { return }
        let isDefault = attribute.name.prefix.isEmpty
        let prefix = isDefault ? "" : tokenizer.string(attribute.name.local)
        let offset = attribute.name.whole.lowerBound
        guard isDefault || !attribute.value.isEmpty else {
            throw XMLError(.malformed("a prefix bound to no namespace"), at: offset)
        }
        guard prefix != "xmlns", (prefix == "xml") == (attribute.value == Self.reserved["xml"]),
            attribute.value != Self.reserved["xmlns"]
        else {
            throw XMLError(.malformed("a reserved prefix or namespace bound"), at: offset)
        }
        guard !bindings[first...].contains(where: { $0.prefix == prefix }) else {
            throw XMLError(.duplicateAttribute, at: offset)
        }
        bindings.append(Binding(prefix: prefix, namespace: attribute.value))
    }

    private func namespace(of name: XMLTokenizer.Name) throws(XMLError) -> String? {
        let prefix = tokenizer.string(name.prefix)
        if let binding = bindings.last(where: { $0.prefix == prefix }) {
            return binding.namespace.isEmpty ? nil : binding.namespace
        }
        if prefix.isEmpty { return nil }
        if prefix == "xml" { return Self.reserved["xml"] }
        throw XMLError(.unboundPrefix, at: name.whole.lowerBound)
    }
}
