@testable import API

/// The part of JSON Schema that `openapi.yaml` uses. Other keywords (`format`, `description`) say nothing about validity.
struct SchemaCheck {
    let description: APIDescription

    /// What is wrong with `value`, each with its place; empty when nothing is.
    func problems(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> [String] {
        var found: [String] = []
        if schema["$ref"] != nil { found += problems(value, description.resolve(schema), at: place) }
        for part in schema["allOf"]?.items ?? [] { found += problems(value, part, at: place) }
        if let choices = schema["oneOf"]?.items {
            let matching = choices.filter { problems(value, $0, at: place).isEmpty }
            if matching.count != 1 { found.append("\(place): matches \(matching.count) of oneOf") }
        }
        if let unwanted = schema["not"], problems(value, unwanted).isEmpty { found.append("\(place): matches not") }
        if let condition = schema["if"] {
            let branch = problems(value, condition).isEmpty ? schema["then"] : schema["else"]
            if let branch { found += problems(value, branch, at: place) }
        }
        if let const = schema["const"], const != value { found.append("\(place): is not \(const)") }
        if let choices = schema["enum"]?.items, !choices.contains(value) { found.append("\(place): is none of enum") }
        return found + typeProblems(value, schema, place) + contentProblems(value, schema, place)
    }

    private func typeProblems(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        guard let type = schema["type"] else { return [] }
        let allowed = (type.text.map { [$0] } ?? type.items.compactMap(\.text))
        let isAllowed = allowed.contains { name in
            switch (name, value) {
            case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
                ("object", .object):
                true
            case ("integer", .number(let text)): Int(text) != nil
            default: false
            }
        }
        return isAllowed ? [] : ["\(place): is \(value.kind), not \(allowed)"]
    }

    private func contentProblems(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        switch value {
        case .object(let members): objectProblems(members, schema, place)
        case .array(let items):
            items.enumerated().flatMap { index, item in
                schema["items"].map { problems(item, $0, at: "\(place)[\(index)]") } ?? []
            }
        case .string(let text): textProblems(text, schema, place)
        case .number(let text):
            zip([schema["minimum"], schema["maximum"]], [true, false]).compactMap { limit, isLeast in
                guard case .number(let limitText) = limit, let limit = Double(limitText), let number = Double(text),
                    isLeast ? number < limit : number > limit
                else { return nil }
                return "\(place): is beyond \(limitText)"
            }
        case .null, .bool: []
        }
    }

    private func objectProblems(_ members: [JSONValue.Member], _ schema: JSONValue, _ place: String) -> [String] {
        var found: [String] = []
        for name in (schema["required"]?.items ?? []).compactMap(\.text)
        where !members.contains(where: { $0.name == name }) {
            found.append("\(place): lacks \(name)")
        }
        if case .number(let limit) = schema["maxProperties"], members.count > Int(limit) ?? 0 {
            found.append("\(place): has more than \(limit) members")
        }
        for member in members {
            let memberPlace = "\(place).\(member.name)"
            if let known = schema["properties"]?[member.name] {
                found += problems(member.value, known, at: memberPlace)
            } else if schema["additionalProperties"] == .bool(false) {
                found.append("\(memberPlace): is not described")
            } else if let other = schema["additionalProperties"] {
                found += problems(member.value, other, at: memberPlace)
            }
        }
        return found
    }

    private func textProblems(_ text: String, _ schema: JSONValue, _ place: String) -> [String] {
        var found: [String] = []
        if case .number(let limit) = schema["minLength"], text.count < Int(limit) ?? 0 {
            found.append("\(place): is shorter than \(limit)")
        }
        if case .number(let limit) = schema["maxLength"], text.count > Int(limit) ?? 0 {
            found.append("\(place): is longer than \(limit)")
        }
        if let pattern = schema["pattern"]?.text {
            do {
                if try Regex(pattern).firstMatch(in: text) == nil {
                    found.append("\(place): does not match \(pattern)")
                }
            } catch {
                found.append("\(place): \(pattern) is no pattern: \(error)")
            }
        }
        return found
    }
}
