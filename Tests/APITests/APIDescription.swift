import HTTPTypes
import OpenAPIDocument
import Testing
import Yams

@testable import API

/// `openapi.yaml`, taken apart.
struct APIDescription {
    let root: JSONValue
    let operations: [Operation]

    struct Operation {
        var id: String
        var method: HTTPRequest.Method
        var path: String
        /// With every reference of its own level resolved.
        var json: JSONValue
        var parameters: [JSONValue]

        var route: String { "\(method) \(path)" }
    }

    struct Response {
        /// `nil` for `default`.
        var status: Int?
        var json: JSONValue
        /// Described once, for several operations.
        var isShared: Bool
    }

    struct Example {
        var name: String
        var value: JSONValue
        var mediaType: String
        var schema: JSONValue?
    }

    static func read() throws -> APIDescription {
        let text = String(decoding: openAPIDocument, as: UTF8.self)
        return try APIDescription(JSONValue(#require(try compose(yaml: text))))
    }

    private init(_ root: JSONValue) throws {
        self.root = root
        var operations: [Operation] = []
        for path in root["paths"]?.members ?? [] {
            for member in path.value.members {
                let method = try #require(HTTPRequest.Method(member.name.uppercased()))
                guard case .string(let id) = member.value["operationId"] else { throw Missing(name: "operationId") }
                let parameters = (member.value["parameters"]?.items ?? []).map { Self.resolve($0, in: root) }
                operations.append(
                    Operation(id: id, method: method, path: path.name, json: member.value, parameters: parameters))
            }
        }
        self.operations = operations
    }

    struct Missing: Error { var name: String }

    func resolve(_ value: JSONValue) -> JSONValue { Self.resolve(value, in: root) }

    /// What a value that is a reference refers to.
    private static func resolve(_ value: JSONValue, in root: JSONValue) -> JSONValue {
        guard case .string(let reference) = value["$ref"], reference.hasPrefix("#/") else { return value }
        let target = reference.dropFirst(2).split(separator: "/")
            .reduce(root) { $0[String($1)] ?? .null }
        return resolve(target, in: root)
    }

    func responses(_ operation: Operation) -> [Response] {
        (operation.json["responses"]?.members ?? []).map {
            Response(status: Int($0.name), json: resolve($0.value), isShared: $0.value["$ref"] != nil)
        }
    }

    /// Of a request's body or a response.
    func examples(_ container: JSONValue?) -> [Example] {
        (container?["content"]?.members ?? []).flatMap { media in
            (media.value["examples"]?.members ?? []).map { example in
                Example(
                    name: example.name, value: resolve(example.value)["value"] ?? .null, mediaType: media.name,
                    schema: media.value["schema"])
            }
        }
    }
}

extension JSONValue {
    init(_ node: Node) throws {
        switch node {
        case .scalar(let scalar):
            switch node.tag {
            case Tag(.null): self = .null
            case Tag(.bool): self = .bool(scalar.string == "true")
            case Tag(.int), Tag(.float): self = .number(scalar.string)
            default: self = .string(scalar.string)
            }
        case .sequence(let items): self = .array(try items.map { try JSONValue($0) })
        case .mapping(let pairs):
            self = .object(
                try pairs.map { Member(name: try #require($0.key.string), value: try JSONValue($0.value)) })
        case .alias: throw APIDescription.Missing(name: "anchor")
        }
    }

    var members: [Member] { if case .object(let members) = self { members } else { [] } }
    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }

    /// Members by name; how long something took and the request's id, which differ each time, as zeros.
    var comparable: JSONValue {
        switch self {
        case .null, .bool, .number, .string: self
        case .array(let items): .array(items.map(\.comparable))
        case .object(let members):
            .object(
                members.sorted { $0.name < $1.name }.map { member in
                    switch member.name {
                    case "durationMs": Member(name: member.name, value: .number("0"))
                    case "requestId": Member(name: member.name, value: .string(""))
                    default: Member(name: member.name, value: member.value.comparable)
                    }
                })
        }
    }
}
