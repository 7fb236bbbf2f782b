import Domain

/// The answer of /integrations/scripts/*: policies as JSON, and the AWS CLI commands that use them.
struct ScriptResponse {
    var externalID: ExternalID
    var policies: JSONValue
    var commands: [SetupCommand]
    /// Lines for whoever reads the script.
    var remarks: [String]

    var json: JSONValue {
        let lines = commands.map(\.shellText)
        let script = ["#!/bin/sh", "set -eu"] + remarks.map { "# \($0)" } + lines
        return .members([
            "awsExternalId": .string(externalID.description),
            "policies": policies,
            "commands": .array(lines.map(JSONValue.string)),
            "script": .string(script.joined(separator: "\n") + "\n"),
        ])
    }
}

extension IntegrationSetup {
    var policiesJSON: JSONValue {
        .members([
            "locationRole": locationRole.json,
            "sluiceRole": sluiceRolePolicies.json,
            "optional": .members(["kms": kms.json, "identityCenter": identityCenter.json]),
        ])
    }
}

extension RolePolicies {
    fileprivate var json: JSONValue {
        .members(["role": .string(role.description), "trust": trust.json, "permissions": permissions.json])
    }
}

extension PolicyDocument {
    var json: JSONValue {
        .members([
            "Version": .string(Self.version),
            "Statement": .array(statements.map(\.json)),
        ])
    }
}

extension PolicyDocument.Statement {
    fileprivate var json: JSONValue {
        .members([
            "Sid": .string(sid),
            "Effect": .string("Allow"),
            "Principal": principal.map { .object([.init(name: $0.kind, value: .string($0.value))]) },
            "Action": .array(actions.map(JSONValue.string)),
            "Resource": resources.isEmpty ? nil : .array(resources.map(JSONValue.string)),
            "Condition": conditions.isEmpty ? nil : conditionsJSON,
        ])
    }

    /// Conditions of one test stand together.
    private var conditionsJSON: JSONValue {
        var tests: [JSONValue.Member] = []
        for condition in conditions {
            let key = JSONValue.Member(name: condition.key, value: .string(condition.value))
            if let index = tests.firstIndex(where: { $0.name == condition.test }),
                case .object(let keys) = tests[index].value
            {
                tests[index].value = .object(keys + [key])
            } else {
                tests.append(.init(name: condition.test, value: .object([key])))
            }
        }
        return .object(tests)
    }
}

extension SetupCommand {
    /// For a POSIX shell: every word that is not plain is in single quotes.
    fileprivate var shellText: String {
        words.map { word in
            switch word {
            case .text(let text): Self.quoted(text)
            case .policy(let document): Self.quoted(String(decoding: document.json.bytes, as: UTF8.self))
            }
        }.joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-_./:@+=,".utf8.contains(byte)
            }
        }
        if isPlain, !word.isEmpty { return word }
        return "'" + word.replacing("'", with: #"'\''"#) + "'"
    }
}
