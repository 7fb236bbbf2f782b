import Domain

extension APIKey {
    /// - Parameters:
    ///   - secret: only in the answer that makes it.
    ///   - s3Secret: likewise, of a key pair.
    func json(secret: Secret? = nil, s3Secret: Secret? = nil) -> JSONValue {
        .members([
            "apikey": secret.map { .string($0.reveal()) },
            "accessKeyId": accessKeyID.map { .string($0) },
            "secretAccessKey": s3Secret.map { .string($0.reveal()) },
            "keyid": .integer(id),
            "name": .string(name),
            "userid": .string(userid),
            "createdAt": .string(Timestamp.text(createdAt)),
            "expiresAt": expiresAt.map { .string(Timestamp.text($0)) } ?? .null,
        ])
    }
}
