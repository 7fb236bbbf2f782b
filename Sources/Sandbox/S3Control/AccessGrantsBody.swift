import XML

/// The document of a request, held to the service model: its root, the members it may have and how often.
///
/// Members come in any order (botocore keeps the model's, the Go SDK sorts them). A member the model does not have, or
/// one given twice, is `MalformedXML` [our decision], so that a client's typing error does not go unnoticed.
struct AccessGrantsBody {
    static let namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

    private let element: XMLElement

    /// - Parameter isOptional: whether no document at all stands for an empty one (boto3 sends none for
    ///   CreateAccessGrantsInstance without options).
    /// - Throws: `MalformedXML`.
    init(
        _ bytes: [UInt8], root: String, members: Set<String>, isOptional: Bool = false
    ) throws(AccessGrantsError) {
        if bytes.isEmpty, isOptional {
            try self.init(XMLElement(name: root), members: members)
            return
        }
        guard let element = try? XMLReader.read(bytes), element.name == root,
            element.namespace == nil || element.namespace == Self.namespace
        else { throw .malformedXML }
        try self.init(element, members: members)
    }

    private init(_ element: XMLElement, members: Set<String>) throws(AccessGrantsError) {
        var seen = Set<String>()
        for child in element.children {
            guard members.contains(child.name), seen.insert(child.name).inserted else { throw .malformedXML }
        }
        self.element = element
    }

    /// The text of a member without children; nil where it is absent.
    func optional(_ name: String) throws(AccessGrantsError) -> String? {
        guard let child = element.child(name) else { return nil }
        guard child.children.isEmpty else { throw .malformedXML }
        return child.text
    }

    func required(_ name: String) throws(AccessGrantsError) -> String {
        guard let text = try optional(name) else { throw .malformedXML }
        return text
    }

    func structure(_ name: String, members: Set<String>) throws(AccessGrantsError) -> AccessGrantsBody? {
        guard let child = element.child(name) else { return nil }
        return try AccessGrantsBody(child, members: members)
    }

    func requiredChoice<Choice: RawRepresentable>(
        _ name: String, of type: Choice.Type = Choice.self
    ) throws(AccessGrantsError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try required(name)) else { throw .malformedXML }
        return choice
    }

    /// The `Tags` member, checked; empty where it is absent.
    func tags(isRequired: Bool = false) throws(AccessGrantsError) -> [ResourceTag] {
        guard let list = element.child("Tags") else {
            if isRequired { throw .malformedXML }
            return []
        }
        var tags: [ResourceTag] = []
        for item in list.children {
            guard item.name == "Tag" else { throw .malformedXML }
            let tag = try AccessGrantsBody(item, members: ["Key", "Value"])
            tags.append(ResourceTag(key: try tag.required("Key"), value: try tag.required("Value")))
        }
        try ResourceTag.check(tags)
        return tags
    }
}

extension AccessGrantWish {
    /// - Throws: `MalformedXML`, `InvalidRequest` for a bad grantee or application, the tag errors.
    init(body bytes: [UInt8]) throws(AccessGrantsError) {
        let body = try AccessGrantsBody(
            bytes, root: "CreateAccessGrantRequest",
            members: [
                "AccessGrantsLocationId", "AccessGrantsLocationConfiguration", "Grantee", "Permission",
                "ApplicationArn", "S3PrefixType", "Tags",
            ])
        locationID = try body.required("AccessGrantsLocationId")
        guard AccessGrantsARN.isID(locationID) else {
            throw .invalidRequest("The AccessGrantsLocationId is not valid")
        }
        let configuration = try body.structure("AccessGrantsLocationConfiguration", members: ["S3SubPrefix"])
        subPrefix = try configuration?.optional("S3SubPrefix") ?? ""
        guard let grantee = try body.structure("Grantee", members: ["GranteeType", "GranteeIdentifier"]) else {
            throw .malformedXML
        }
        self.grantee = try Grantee(
            kind: try grantee.requiredChoice("GranteeType"), identifier: try grantee.required("GranteeIdentifier"))
        permission = try body.requiredChoice("Permission")
        applicationARN = try body.optional("ApplicationArn")
        if let applicationARN {
            guard IdentityCenterARN.isApplication(applicationARN) else {
                throw .invalidRequest("The ApplicationArn is not valid")
            }
            guard self.grantee.kind != .iam else {
                throw .invalidRequest("An ApplicationArn goes with a directory grantee only")
            }
        }
        switch try body.optional("S3PrefixType") {
        case nil: isObject = false
        case "Object": isObject = true
        default: throw .malformedXML
        }
        tags = try body.tags()
    }
}

/// Forms of Identity Center ARNs.
enum IdentityCenterARN {
    /// `arn:{partition}:sso::[{account}]:instance/{id}`, 10 to 1,224 characters.
    static func isInstance(_ text: String) -> Bool {
        guard let (account, resource) = parts(text) else { return false }
        return (account.isEmpty || AccountID.isValid(account)) && resource.hasPrefix("instance/")
            && resource != "instance/"
    }

    /// `arn:{partition}:sso::{account}:application/{instance id}/{application id}`, 10 to 1,224 characters.
    static func isApplication(_ text: String) -> Bool {
        guard let (account, resource) = parts(text) else { return false }
        return AccountID.isValid(account) && resource.hasPrefix("application/") && resource != "application/"
    }

    /// The application S3 makes in the Identity Center instance; `id` is 16 characters.
    static func application(in instance: String, account: String, id: String) -> String {
        let partition = instance.split(separator: ":").dropFirst().first ?? "aws"
        let name = instance.split(separator: "/").last ?? "ssoins-unknown"
        return "arn:\(partition):sso::\(account):application/\(name)/apl-\(id)"
    }

    private static func parts(_ text: String) -> (account: String, resource: String)? {
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard (10...1224).contains(text.unicodeScalars.count), S3Path.isPrintable(text), fields.count == 6,
            fields[0] == "arn",
            !fields[1].isEmpty, fields[2] == "sso", fields[3].isEmpty
        else { return nil }
        return (fields[4], fields[5])
    }
}
