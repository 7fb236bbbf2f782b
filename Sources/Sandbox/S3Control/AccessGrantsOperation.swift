/// The 24 operations of S3 Access Grants, and the route of each.
enum AccessGrantsOperation: String, CaseIterable, Sendable {
    case associateIdentityCenter = "AssociateAccessGrantsIdentityCenter"
    case createGrant = "CreateAccessGrant"
    case createInstance = "CreateAccessGrantsInstance"
    case createLocation = "CreateAccessGrantsLocation"
    case deleteGrant = "DeleteAccessGrant"
    case deleteInstance = "DeleteAccessGrantsInstance"
    case deletePolicy = "DeleteAccessGrantsInstanceResourcePolicy"
    case deleteLocation = "DeleteAccessGrantsLocation"
    case dissociateIdentityCenter = "DissociateAccessGrantsIdentityCenter"
    case getGrant = "GetAccessGrant"
    case getInstance = "GetAccessGrantsInstance"
    case getInstanceForPrefix = "GetAccessGrantsInstanceForPrefix"
    case getPolicy = "GetAccessGrantsInstanceResourcePolicy"
    case getLocation = "GetAccessGrantsLocation"
    case getDataAccess = "GetDataAccess"
    case listGrants = "ListAccessGrants"
    case listInstances = "ListAccessGrantsInstances"
    case listLocations = "ListAccessGrantsLocations"
    case listCallerGrants = "ListCallerAccessGrants"
    case listTags = "ListTagsForResource"
    case putPolicy = "PutAccessGrantsInstanceResourcePolicy"
    case tag = "TagResource"
    case untag = "UntagResource"
    case updateLocation = "UpdateAccessGrantsLocation"

    /// The IAM action that permits the operation.
    var action: String { "s3:\(rawValue)" }

    /// Whether an instance's resource policy can open the operation to other accounts.
    var isDelegable: Bool { InstanceResourcePolicy.delegableActions.contains(action) }

    /// Whether it changes nothing in the database. GetDataAccess keeps the session it hands out.
    var isReadOnly: Bool {
        switch self {
        case .getGrant, .getInstance, .getInstanceForPrefix, .getPolicy, .getLocation, .listGrants, .listInstances,
            .listLocations, .listCallerGrants, .listTags:
            true
        case .associateIdentityCenter, .createGrant, .createInstance, .createLocation, .deleteGrant, .deleteInstance,
            .deletePolicy, .deleteLocation, .dissociateIdentityCenter, .getDataAccess, .putPolicy, .tag, .untag,
            .updateLocation:
            false
        }
    }
}

/// Where a request goes: an operation, and the id or ARN its path ends in.
struct AccessGrantsRoute: Equatable, Sendable {
    static let prefix = "/v20180820/"

    let operation: AccessGrantsOperation
    /// The location or grant id, or the ARN whose tags are meant; empty where the path holds none.
    let target: String

    private static let instance = "accessgrantsinstance"
    private static let fixed: [String: [String: AccessGrantsOperation]] = [
        "accessgrantsinstances": ["GET": .listInstances],
        instance: ["POST": .createInstance, "GET": .getInstance, "DELETE": .deleteInstance],
        "\(instance)/prefix": ["GET": .getInstanceForPrefix],
        "\(instance)/resourcepolicy": ["PUT": .putPolicy, "GET": .getPolicy, "DELETE": .deletePolicy],
        "\(instance)/identitycenter": ["POST": .associateIdentityCenter, "DELETE": .dissociateIdentityCenter],
        "\(instance)/location": ["POST": .createLocation],
        "\(instance)/locations": ["GET": .listLocations],
        "\(instance)/grant": ["POST": .createGrant],
        "\(instance)/grants": ["GET": .listGrants],
        "\(instance)/dataaccess": ["GET": .getDataAccess],
        "\(instance)/caller/grants": ["GET": .listCallerGrants],
    ]
    private static let withTarget: [(prefix: String, operations: [String: AccessGrantsOperation])] = [
        ("\(instance)/location/", ["GET": .getLocation, "PUT": .updateLocation, "DELETE": .deleteLocation]),
        ("\(instance)/grant/", ["GET": .getGrant, "DELETE": .deleteGrant]),
        ("tags/", ["POST": .tag, "DELETE": .untag, "GET": .listTags]),
    ]

    init(operation: AccessGrantsOperation, target: String = "") {
        self.operation = operation
        self.target = target
    }

    /// - Parameters:
    ///   - path: as on the wire, without query; what follows `tags/` is a greedy label and is percent-decoded once.
    ///   - decode: percent-decoding; nil for a malformed escape.
    /// - Throws: `MethodNotAllowed` for a known path, `InvalidURI` for an unknown one, `InvalidRequest` for a
    ///   malformed id [our decision: neither is documented].
    init(method: String, path: String, decode: (String) -> String?) throws(AccessGrantsError) {
        guard path.hasPrefix(Self.prefix) else { throw .invalidURI }
        let rest = String(path.dropFirst(Self.prefix.count))
        if let operations = Self.fixed[rest] {
            guard let operation = operations[method] else { throw .methodNotAllowed }
            self.init(operation: operation)
            return
        }
        guard let (prefix, operations) = Self.withTarget.first(where: { rest.hasPrefix($0.prefix) }),
            let target = decode(String(rest.dropFirst(prefix.count))), !target.isEmpty
        else { throw .invalidURI }
        guard let operation = operations[method] else { throw .methodNotAllowed }
        guard prefix == "tags/" || AccessGrantsARN.isID(target) else {
            throw .invalidRequest("The id in the path is not valid")
        }
        self.init(operation: operation, target: target)
    }
}

extension AccessGrantsError {
    static let invalidURI = Self("InvalidURI", 400, "Couldn't parse the specified URI.")
}
