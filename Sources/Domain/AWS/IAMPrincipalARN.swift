/// The ARN of an IAM user or role: whom S3 Access Grants accepts as a grantee of type `IAM`.
public struct IAMPrincipalARN: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    /// - Throws: `MalformedARN` that says in words what is wrong; of a session, an account's root or a group, too.
    public init(_ text: String) throws(IAMRoleARN.MalformedARN) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn" else {
            throw .init("it has neither the form arn:aws:iam::123456789012:role/NAME nor …:user/NAME")
        }
        guard parts[2] != "sts" else {
            throw .init("it names a session; name the role that is assumed: arn:aws:iam::123456789012:role/NAME")
        }
        let kind = parts[5].prefix { $0 != "/" }
        switch kind {
        case "user", "role": _ = try IAMEntity(text, String(kind))
        case "root": throw .init("it names a whole account; only a user or a role can be a grantee")
        case "group": throw .init("it names a group; only a user or a role can be a grantee")
        default: throw .init("it names neither a user (user/NAME) nor a role (role/NAME)")
        }
        description = text
    }
}
