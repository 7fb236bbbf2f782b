import Crypto
import Domain
import SQLiteStatements

/// Writes values as JSON, secrets as their HMAC: one can see that a secret changed, and never what it was.
struct AuditMask: Sendable {
    private let key: SymmetricKey

    /// - Parameter installationSecret: so that equal secrets of two installations look different.
    init(installationSecret: [UInt8]) {
        let label = Array("sluice audit".utf8)
        key = SymmetricKey(
            data: HMAC<SHA256>.authenticationCode(for: label, using: SymmetricKey(data: installationSecret)))
    }

    func json(_ value: AuditValue) -> String {
        var text = ""
        write(value, to: &text)
        return text
    }

    private func write(_ value: AuditValue, to text: inout String) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .string(let value): Self.write(value, to: &text)
        case .secret(let secret): Self.write("hmac-sha256:" + code(secret), to: &text)
        case .array(let values):
            write(values.map { (nil, $0) }, between: ("[", "]"), to: &text)
        case .members(let members):
            write(members.map { ($0.name, $0.value) }, between: ("{", "}"), to: &text)
        }
    }

    private func write(
        _ values: [(name: String?, value: AuditValue)], between brackets: (String, String), to text: inout String
    ) {
        text += brackets.0
        for (index, (name, value)) in values.enumerated() {
            if index > 0 { text += "," }
            if let name {
                Self.write(name, to: &text)
                text += ":"
            }
            write(value, to: &text)
        }
        text += brackets.1
    }

    private func code(_ secret: Secret) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(secret.reveal().utf8), using: key)
            .map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
