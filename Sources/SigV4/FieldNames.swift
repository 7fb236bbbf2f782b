public import HTTPTypes

extension HTTPField.Name {
    /// A name known to be valid: a literal, or one made of such.
    public init(known name: String) {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a valid field name") }
        self = name
    }

    static let amzDate = Self(known: "x-amz-date")
    static let amzSecurityToken = Self(known: "x-amz-security-token")
    static let amzContentSHA256 = Self(known: "x-amz-content-sha256")
}
