import SigV4
import XML

extension S3Document {
    static func acl(_ acl: S3ACL) -> [UInt8] {
        document("AccessControlPolicy") { writer in
            writer.owner(acl.owner)
            writer.element("AccessControlList") { writer in
                for grant in acl.grants {
                    writer.element("Grant") { writer in
                        grantee(grant.grantee, &writer)
                        writer.element("Permission", grant.permission.rawValue)
                    }
                }
            }
        }
    }

    private static func grantee(_ grantee: S3Grantee, _ writer: inout XMLWriter) {
        func element(_ type: String, _ body: (inout XMLWriter) -> Void) {
            writer.element("Grantee", attributes: ["xmlns:xsi": instance, "xsi:type": type], body)
        }
        switch grantee {
        case .user(let owner):
            element("CanonicalUser") { writer in
                writer.element("ID", owner.id)
                writer.element("DisplayName", owner.displayName)
            }
        case .email(let address): element("AmazonCustomerByEmail") { $0.element("EmailAddress", address) }
        case .group(let group): element("Group") { $0.element("URI", group.rawValue) }
        }
    }

    /// - Throws: `MalformedACLError` or `InvalidArgument`.
    static func acl(_ document: XMLElement) throws(S3Error) -> S3ACL {
        guard let owner = document["Owner", "ID"], let list = document.child("AccessControlList") else {
            throw malformedACL
        }
        var grants: [S3Grant] = []
        for grant in list.children("Grant") {
            guard let permission = grant["Permission"].flatMap(S3Permission.init), let grantee = grant.child("Grantee")
            else { throw malformedACL }
            grants.append(S3Grant(try self.grantee(grantee), permission))
        }
        guard grants.count <= 100 else { throw malformedACL }
        return S3ACL(
            owner: S3Owner(id: owner, displayName: document["Owner", "DisplayName"] ?? ""), grants: grants)
    }

    private static func grantee(_ element: XMLElement) throws(S3Error) -> S3Grantee {
        if let id = element["ID"] { return .user(S3Owner(id: id, displayName: "")) }
        if let address = element["EmailAddress"] { return .email(address) }
        guard let uri = element["URI"] else { throw malformedACL }
        guard let group = S3Group(rawValue: uri) else { throw .invalidArgument("Invalid group uri") }
        return .group(group)
    }

    private static let malformedACL = S3Error(
        "MalformedACLError", 400,
        "The XML you provided was not well-formed or did not validate against our published schema")

    // MARK: Tags

    static func tagging(_ tags: [S3Tag]) -> [UInt8] {
        document("Tagging") { writer in
            writer.element("TagSet") { writer in
                for tag in tags {
                    writer.element("Tag") { writer in
                        writer.element("Key", tag.key)
                        writer.element("Value", tag.value)
                    }
                }
            }
        }
    }

    /// - Throws: `MalformedXML`, `InvalidTag` or `BadRequest`.
    static func tags(_ document: XMLElement, limit: Int) throws(S3Error) -> [S3Tag] {
        guard let set = document.child("TagSet") else { throw .malformedXML }
        var tags: [S3Tag] = []
        for element in set.children("Tag") {
            guard let key = element["Key"], let value = element["Value"] else { throw .malformedXML }
            tags.append(S3Tag(key: key, value: value))
        }
        return try S3Tag.checked(tags, limit: limit)
    }
}

extension S3Tag {
    static let mostOfObject = 10
    static let mostOfBucket = 50

    /// - Throws: `InvalidTag` 400 or `BadRequest` 400.
    static func checked(_ tags: [S3Tag], limit: Int) throws(S3Error) -> [S3Tag] {
        guard tags.count <= limit else {
            throw limit == mostOfObject
                ? S3Error("BadRequest", 400, "Object tags cannot be greater than \(limit)")
                : S3Error("BadRequest", 400, "Bucket tag count cannot be greater than \(limit)")
        }
        var seen: Set<String> = []
        for tag in tags {
            guard (1...128).contains(tag.key.unicodeScalars.count), !tag.key.hasPrefix("aws:") else {
                throw S3Error("InvalidTag", 400, "The TagKey you have provided is invalid")
            }
            guard tag.value.unicodeScalars.count <= 256 else {
                throw S3Error("InvalidTag", 400, "The TagValue you have provided is invalid")
            }
            guard seen.insert(tag.key).inserted else {
                throw S3Error("InvalidTag", 400, "Cannot provide multiple Tags with the same key")
            }
        }
        return tags
    }

    /// Reads `x-amz-tagging`, in the form of a query.
    /// - Throws: `InvalidArgument`, or as `checked`.
    static func parsing(_ header: String) throws(S3Error) -> [S3Tag] {
        guard let items = QueryItems(parsing: header[...]) else {
            throw .invalidArgument(
                "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."
            )
        }
        return try checked(items.items.map { S3Tag(key: $0.name, value: $0.value) }, limit: mostOfObject)
    }
}
