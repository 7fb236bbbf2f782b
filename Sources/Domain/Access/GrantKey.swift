/// What makes a grant the grant it is: AWS has one of each, and Sluice one record, whoever needs it.
public struct GrantKey: Sendable, Hashable {
    /// Of the location it hangs on.
    public var location: LocationPath
    /// `raw/*`, `raw/day.csv`.
    public var subPrefix: String
    /// One object: `S3PrefixType` is `Object`.
    public var isObject: Bool
    public var grantee: Grantee
    public var permission: GrantPermission

    public init(
        location: LocationPath, subPrefix: String, isObject: Bool, grantee: Grantee, permission: GrantPermission
    ) {
        self.location = location
        self.subPrefix = subPrefix
        self.isObject = isObject
        self.grantee = grantee
        self.permission = permission
    }

    public init(_ prefix: DataPrefix, at location: LocationPath, for grantee: Grantee, _ level: AccessLevel) {
        self.init(
            location: location, subPrefix: prefix.subPrefix, isObject: prefix.kind == .object, grantee: grantee,
            permission: level.permission)
    }

    /// `GrantScope` as AWS answers it.
    public var scope: String { location.description + subPrefix }
}
