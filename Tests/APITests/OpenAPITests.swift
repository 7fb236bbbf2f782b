import Domain
import Foundation
import HTTPTypes
import OpenAPIDocument
import TestSupport
import Testing

@testable import API

/// `openapi.yaml` against the router it describes.
struct OpenAPITests {
    private let description: APIDescription

    init() throws { description = try APIDescription.read() }

    @Test func `every route is described, with its permission, and nothing else is`() async throws {
        let store = try await TemporaryStore()
        let dependencies = try await APIStage().dependencies(store)
        let authenticator = Authenticator(dependencies.identities, now: dependencies.environment.now)
        let routes = apiRoutes(dependencies, authenticator).map { route in
            let roles =
                switch route.handler {
                case .open: "open"
                case .caller(let permission, _): "caller \(permission.map(\.rawValue) ?? "")"
                }
            return "\(route.method) \(route.path) \(roles)"
        }
        let described = description.operations.map { "\($0.route) \(roles($0))" }
        #expect(described.sorted() == routes.sorted())
    }

    @Test func `operations have names of their own`() {
        let names = description.operations.map(\.id)
        #expect(Set(names).count == names.count)
    }

    @Test func `the document is served to the byte`() async throws {
        let answer = try await APIStage().answers(to: [.init(target: "/openapi.yaml")])[0]
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/yaml; charset=utf-8")
        #expect(answer.body == openAPIDocument)
    }

    @Test func `every example of a request has one answer`() {
        for operation in description.operations {
            let answers = description.responses(operation).flatMap { response in
                response.isShared ? [] : description.examples(response.json).map(\.name)
            }
            #expect(Set(answers).count == answers.count, "\(operation.id)")
            for example in description.examples(operation.json["requestBody"]) {
                #expect(answers.contains(example.name), "\(operation.id)/\(example.name) has no answer")
            }
        }
    }

    /// The schemas may not be narrower than the router is.
    @Test func `every example that is accepted matches its schema`() {
        let check = SchemaCheck(description: description)
        for operation in description.operations {
            let accepted = description.responses(operation).filter { $0.status == 200 }
                .flatMap { description.examples($0.json) }.map(\.name)
            for example in description.examples(operation.json["requestBody"]) where accepted.contains(example.name) {
                let problems = check.problems(example.value, example.schema ?? .null)
                #expect(problems == [], "\(operation.id)/\(example.name)")
            }
        }
    }

    @Test func `every example is what the router answers`() async throws {
        var tested: Set<String> = []
        for operation in description.operations {
            for response in description.responses(operation) where !response.isShared {
                for example in description.examples(response.json) {
                    let name = "\(operation.id)/\(example.name)"
                    let scene = ExampleScene.named(name)
                    let request = self.request(operation, example.name)
                    let answers = try await scene.stage.answers(to: scene.before + [request])
                    expect(try #require(answers.last), is: response, example, name)
                    tested.insert(name)
                }
            }
        }
        let scenes = Set(ExampleScene.table.keys).union(ExampleScene.dataSourceTable.keys)
        #expect(scenes.subtracting(tested) == [], "scenes of examples that are not there")
    }

    @Test func `every shared error is what the router answers`() async throws {
        var tested: Set<String> = []
        for shared in description.root["components"]?["responses"]?.members ?? [] {
            for example in description.examples(shared.value) {
                let name = "\(shared.name)/\(example.name)"
                let scene = try #require(SharedErrorScene.table[name], "\(name) has no scene")
                let answer = try #require(try await scene.stage.answers(to: [scene.request]).first)
                let status = example.value["statusCode"].flatMap { value -> Int? in
                    guard case .number(let text) = value else { return nil }
                    return Int(text)
                }
                expect(answer, is: .init(status: status, json: shared.value, isShared: true), example, name)
                tested.insert(name)
            }
        }
        #expect(Set(SharedErrorScene.table.keys).subtracting(tested) == [], "scenes of errors that are not there")
    }

    @Test func `a wrong document would be found`() throws {
        let check = SchemaCheck(description: description)
        let schema = JSONValue.members(["$ref": .string("#/components/schemas/ValidationTest")])
        let test = JSONValue.members(["name": .string("Something else"), "status": .string("passed")])
        #expect(check.problems(test, schema) == ["$: lacks durationMs", "$.name: is none of enum"])
    }
}

extension OpenAPITests {
    /// As the route's handler has it.
    private func roles(_ operation: APIDescription.Operation) -> String {
        let security = operation.json["security"] ?? description.root["security"] ?? .null
        guard let first = security.items.first, let scheme = first.members.first else { return "open" }
        return "caller \(scheme.value.items.compactMap(\.text).joined(separator: " "))"
    }

    /// What the examples of that name make together; a path's parameter without one takes its first example.
    private func request(_ operation: APIDescription.Operation, _ name: String) -> APIStage.Sent {
        var sent = APIStage.Sent(method: operation.method, target: operation.path)
        sent.headers[.authorization] = "Bearer \(APIStage.administratorKey)"
        var query: [String] = []
        for parameter in operation.parameters {
            let examples = parameter["examples"]?.members ?? []
            let isPath = parameter["in"]?.text == "path"
            let example = examples.first { $0.name == name } ?? (isPath ? examples.first : nil)
            guard let value = example?.value["value"], let parameterName = parameter["name"]?.text else { continue }
            let text = value.text ?? String(decoding: value.bytes, as: UTF8.self)
            switch parameter["in"]?.text {
            case "path": sent.target = sent.target.replacing("{\(parameterName)}", with: text)
            case "query": query.append("\(parameterName)=\(text)")
            default: if let field = HTTPField.Name(parameterName) { sent.headers[field] = text }
            }
        }
        if !query.isEmpty { sent.target += "?" + query.joined(separator: "&") }
        if let body = description.examples(operation.json["requestBody"]).first(where: { $0.name == name }) {
            sent.headers[.contentType] = body.mediaType
            let isForm = body.mediaType == "application/x-www-form-urlencoded"
            sent.body = isForm ? form(body.value) : body.value.bytes
        }
        return sent
    }

    private func form(_ value: JSONValue) -> [UInt8] {
        Array(value.members.map { "\($0.name)=\($0.value.text ?? "")" }.joined(separator: "&").utf8)
    }

    private func expect(
        _ answer: APIStage.Answer, is response: APIDescription.Response, _ example: APIDescription.Example,
        _ name: String
    ) {
        #expect(answer.status == response.status, "\(name)")
        #expect(answer.headers[.contentType]?.hasPrefix(example.mediaType) == true, "\(name)")
        let check = SchemaCheck(description: description)
        do {
            let body = try JSONReader.read(answer.body)
            let shown = String(decoding: body.comparable.bytes, as: UTF8.self)
            #expect(shown == String(decoding: example.value.comparable.bytes, as: UTF8.self), "\(name)")
            #expect(check.problems(body, example.schema ?? .null) == [], "\(name)")
        } catch {
            Issue.record("\(name) is not answered with JSON: \(error)")
        }
        for header in response.json["headers"]?.members ?? [] {
            let header = JSONValue.Member(name: header.name, value: description.resolve(header.value))
            let value = HTTPField.Name(header.name).flatMap { answer.headers[$0] }
            guard let value else {
                #expect(header.value["required"] != .bool(true), "\(name) lacks \(header.name)")
                continue
            }
            #expect(check.problems(.string(value), header.value["schema"] ?? .null) == [], "\(name) \(header.name)")
        }
    }
}
