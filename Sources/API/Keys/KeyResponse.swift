import Domain

extension APIKey {
    /// - Parameter secret: only in the answer that makes it.
    func json(secret: Secret? = nil) -> JSONValue {
        .members([
            "apikey": secret.map { .string($0.reveal()) },
            "keyid": .integer(id),
            "name": .string(name),
            "userid": .string(userid),
            "createdAt": .string(Timestamp.text(createdAt)),
            "expiresAt": expiresAt.map { .string(Timestamp.text($0)) } ?? .null,
        ])
    }
}
