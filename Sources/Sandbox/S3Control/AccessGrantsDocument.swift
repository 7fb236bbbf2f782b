import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The documents S3 Access Grants answers with: a root named after the operation, members in the model's order.
enum AccessGrantsDocument {
    static func instance(_ instance: AccessGrantsInstance, root: String) -> [UInt8] {
        document(root) { writer in
            switch root {
            case "CreateAccessGrantsInstanceResult":
                writer.element("CreatedAt", timestamp(instance.createdAt))
                writer.element("AccessGrantsInstanceId", AccessGrantsARN.instanceID)
                writer.element("AccessGrantsInstanceArn", instance.arn.description)
                identityCenter(instance, &writer)
            default:
                writer.element("AccessGrantsInstanceArn", instance.arn.description)
                writer.element("AccessGrantsInstanceId", AccessGrantsARN.instanceID)
                identityCenter(instance, &writer)
                writer.element("CreatedAt", timestamp(instance.createdAt))
            }
        }
    }

    static func instances(_ page: Page<AccessGrantsInstance>) -> [UInt8] {
        list("ListAccessGrantsInstances", "AccessGrantsInstance", page) { instance, writer in
            writer.element("AccessGrantsInstanceId", AccessGrantsARN.instanceID)
            writer.element("AccessGrantsInstanceArn", instance.arn.description)
            writer.element("CreatedAt", timestamp(instance.createdAt))
            identityCenter(instance, &writer)
        }
    }

    static func instanceForPrefix(_ arn: AccessGrantsARN) -> [UInt8] {
        document("GetAccessGrantsInstanceForPrefixResult") { writer in
            writer.element("AccessGrantsInstanceArn", arn.description)
            writer.element("AccessGrantsInstanceId", AccessGrantsARN.instanceID)
        }
    }

    static func policy(_ policy: AccessGrantsInstance.Policy, root: String) -> [UInt8] {
        document(root) { writer in
            writer.element("Policy", policy.document)
            writer.optional("Organization", policy.organization)
            writer.element("CreatedAt", timestamp(policy.createdAt))
        }
    }

    static func location(_ location: AccessGrantsLocation, in instance: AccessGrantsARN, root: String) -> [UInt8] {
        document(root) { write(location, in: instance, &$0) }
    }

    static func locations(_ page: Page<AccessGrantsLocation>, in instance: AccessGrantsARN) -> [UInt8] {
        list("ListAccessGrantsLocations", "AccessGrantsLocation", page) { write($0, in: instance, &$1) }
    }

    static func createdGrant(_ grant: AccessGrant, in instance: AccessGrantsARN) -> [UInt8] {
        document("CreateAccessGrantResult") { writer in
            identity(grant, in: instance, &writer)
            write(grant.grantee, &writer)
            place(grant, &writer)
            writer.element("Permission", grant.permission.rawValue)
            writer.optional("ApplicationArn", grant.applicationARN)
            writer.element("GrantScope", grant.scope)
        }
    }

    static func grant(_ grant: AccessGrant, in instance: AccessGrantsARN) -> [UInt8] {
        document("GetAccessGrantResult") { write(grant, in: instance, &$0) }
    }

    static func grants(_ page: Page<AccessGrant>, in instance: AccessGrantsARN) -> [UInt8] {
        list("ListAccessGrants", "AccessGrant", page) { write($0, in: instance, &$1) }
    }

    static func callerGrants(_ page: Page<AccessGrant>) -> [UInt8] {
        list("ListCallerAccessGrants", "AccessGrant", page, member: "CallerAccessGrantsList") { grant, writer in
            writer.element("Permission", grant.permission.rawValue)
            writer.element("GrantScope", grant.scope)
            writer.element("ApplicationArn", grant.callerApplication)
        }
    }

    static func tags(_ tags: [ResourceTag]) -> [UInt8] {
        document("ListTagsForResourceResult") { writer in
            writer.element("Tags") { writer in
                for tag in tags {
                    writer.element("Tag") { writer in
                        writer.element("Key", tag.key)
                        writer.element("Value", tag.value)
                    }
                }
            }
        }
    }

    static func dataAccess(_ vended: AWSCredentials, match: DataAccessMatch) -> [UInt8] {
        document("GetDataAccessResult") { writer in
            writer.element("Credentials") { writer in
                writer.element("AccessKeyId", vended.accessKeyID)
                writer.element("SecretAccessKey", vended.secretAccessKey.reveal())
                writer.optional("SessionToken", vended.sessionToken)
                writer.optional("Expiration", vended.expiration?.ISO8601Format())
            }
            writer.element("MatchedGrantTarget", match.scope.text)
            write(match.grant.grantee, &writer)
        }
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    static func timestamp(_ time: Milliseconds) -> String {
        AmzDate.formatISO8601(Timestamp.date(time))
    }

    // MARK: Parts

    private static func document(_ root: String, _ body: (inout XMLWriter) -> Void) -> [UInt8] {
        var writer = XMLWriter()
        writer.element(root, namespace: AccessGrantsBody.namespace, body)
        return writer.bytes
    }

    private static func list<Item>(
        _ operation: String, _ element: String, _ page: Page<Item>, member: String? = nil,
        _ body: (Item, inout XMLWriter) -> Void
    ) -> [UInt8] {
        document("\(operation)Result") { writer in
            writer.optional("NextToken", page.nextToken)
            writer.element(member ?? "\(element)sList") { writer in
                for item in page.items {
                    writer.element(element) { body(item, &$0) }
                }
            }
        }
    }

    /// `IdentityCenterArn` is the old name of the application's ARN.
    private static func identityCenter(_ instance: AccessGrantsInstance, _ writer: inout XMLWriter) {
        writer.optional("IdentityCenterArn", instance.identityCenter?.applicationARN)
        writer.optional("IdentityCenterInstanceArn", instance.identityCenter?.instanceARN)
        writer.optional("IdentityCenterApplicationArn", instance.identityCenter?.applicationARN)
    }

    private static func write(
        _ location: AccessGrantsLocation, in instance: AccessGrantsARN, _ writer: inout XMLWriter
    ) {
        writer.element("CreatedAt", timestamp(location.createdAt))
        writer.element("AccessGrantsLocationId", location.id)
        writer.element("AccessGrantsLocationArn", instance.with(.location(location.id)).description)
        writer.element("LocationScope", location.scope)
        writer.element("IAMRoleArn", location.roleARN)
    }

    private static func write(_ grant: AccessGrant, in instance: AccessGrantsARN, _ writer: inout XMLWriter) {
        identity(grant, in: instance, &writer)
        write(grant.grantee, &writer)
        writer.element("Permission", grant.permission.rawValue)
        place(grant, &writer)
        writer.element("GrantScope", grant.scope)
        writer.optional("ApplicationArn", grant.applicationARN)
    }

    private static func identity(_ grant: AccessGrant, in instance: AccessGrantsARN, _ writer: inout XMLWriter) {
        writer.element("CreatedAt", timestamp(grant.createdAt))
        writer.element("AccessGrantId", grant.id)
        writer.element("AccessGrantArn", instance.with(.grant(grant.id)).description)
    }

    /// The configuration is there, empty, when the grant has no sub-prefix, as AWS does it.
    private static func place(_ grant: AccessGrant, _ writer: inout XMLWriter) {
        writer.element("AccessGrantsLocationId", grant.locationID)
        writer.element("AccessGrantsLocationConfiguration") { $0.element("S3SubPrefix", grant.subPrefix) }
    }

    private static func write(_ grantee: Grantee, _ writer: inout XMLWriter) {
        writer.element("Grantee") { writer in
            writer.element("GranteeType", grantee.kind.rawValue)
            writer.element("GranteeIdentifier", grantee.identifier)
        }
    }
}

/// One page of a list, and the token of the next; nil on the last.
struct Page<Item: Sendable>: Sendable {
    let items: [Item]
    let nextToken: String?

    /// - Parameter fetched: one row more than the page's limit where there is a next page.
    init(_ fetched: [Item], _ page: ListPage, of list: String, row: (Item) -> Int64) {
        items = Array(fetched.prefix(page.limit))
        nextToken = fetched.count > page.limit ? items.last.map { ListPage.token(after: row($0), of: list) } : nil
    }
}

extension AccessGrantsARN {
    /// Something else in the same instance.
    func with(_ resource: Resource) -> Self { Self(region: region, account: account, resource: resource) }
}

extension AccessGrant {
    /// `NA` for an IAM grantee, `ALL` for a directory grantee in any application, else the application's ARN.
    var callerApplication: String { applicationARN ?? (grantee.kind == .iam ? "NA" : "ALL") }
}
