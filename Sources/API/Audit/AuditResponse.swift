import Domain

extension AuditEvent {
    /// With its line feed.
    var line: [UInt8] {
        var bytes = json.bytes
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private var json: JSONValue {
        .members([
            "id": .integer(id),
            "at": .string(Timestamp.text(at)),
            "actor": origin.actor?.json ?? .null,
            "action": .string(action),
            "target": .members(["type": .string(targetType), "id": .string(targetID)]),
            "before": Self.value(before),
            "after": Self.value(after),
            "source": Self.text(origin.source),
            "requestId": Self.text(origin.requestID),
            "awsRequestId": Self.text(awsRequestID),
            "outcome": .string(outcome.rawValue),
            "hash": .string(Self.hexadecimal(hash)),
        ])
    }

    private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// What is no JSON was not written by Sluice: it is shown as it is, in a string, and the chain is broken there.
    private static func value(_ text: String?) -> JSONValue {
        guard let text else { return .null }
        return (try? JSONReader.read(Array(text.utf8))) ?? .string(text)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension AuditOrigin.Actor {
    fileprivate var json: JSONValue {
        .members(["id": .integer(user.value), "userid": .string(userid), "keyId": .integer(keyID)])
    }
}
