/// A key of the gateway's bucket: `<sqlTableName>/<name>`, decoded once.
public struct GatewayKey: Sendable, Hashable {
    /// Up to the first slash, or all of it where there is none.
    public let sqlTableName: String
    /// What follows that slash; nil where there is none, and so no object either.
    public let name: String?

    public init(_ key: String) {
        let bytes = key.utf8
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else {
            (sqlTableName, name) = (key, nil)
            return
        }
        // By bytes: a slash may be one Character with what follows it.
        sqlTableName = String(decoding: bytes[..<slash], as: UTF8.self)
        name = String(decoding: bytes[bytes.index(after: slash)...], as: UTF8.self)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.sqlTableName.utf8.elementsEqual(right.sqlTableName.utf8)
            && (left.name == nil) == (right.name == nil)
            && (left.name ?? "").utf8.elementsEqual((right.name ?? "").utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in sqlTableName.utf8 { hasher.combine(byte) }
    }
}

/// A data source as the gateway reaches it for one user.
public struct GatewayDataSource: Sendable, Hashable {
    public var id: DataSourceID
    /// `[a-z0-9_]`.
    public var sqlTableName: String
    /// What the user may do there.
    public var level: AccessLevel
    public var place: DataPlace
    /// The integration's credentials.
    public var connection: AWSConnection

    public init(
        id: DataSourceID, sqlTableName: String, level: AccessLevel, place: DataPlace, connection: AWSConnection
    ) {
        self.id = id
        self.sqlTableName = sqlTableName
        self.level = level
        self.place = place
        self.connection = connection
    }

    /// The object that a key of this data source names; nil where there is none.
    public func object(_ key: GatewayKey) -> GatewayObject? {
        guard sqlTableName.utf8.elementsEqual(key.sqlTableName.utf8), let name = key.name,
            let upstream = place.key(of: name), !upstream.isEmpty
        else { return nil }
        return GatewayObject(dataSource: self, key: upstream)
    }

    /// The gateway's key of an upstream one; nil when it is not this data source's own.
    public func gatewayKey(of key: String) -> String? {
        place.name(of: key).map { "\(sqlTableName)/\($0)" }
    }
}

/// Exactly what is fetched: made by the decision, and by nothing else.
public struct GatewayObject: Sendable, Hashable {
    public let dataSource: GatewayDataSource
    /// In the data source's bucket.
    public let key: String

    fileprivate init(dataSource: GatewayDataSource, key: String) {
        self.dataSource = dataSource
        self.key = key
    }

    public var bucket: String { dataSource.place.bucket }
}

/// Why a request of the gateway is not carried out.
public enum GatewayRefusal: Error, Sendable, Equatable {
    /// There is no such object for this user.
    case noSuchKey
    /// The user may read, but not write.
    case accessDenied
}

/// What may be done with an object.
public enum GatewayPolicy {
    /// - Parameter dataSource: the one of the key's `sqlTableName`, if the user may read it.
    public static func object(
        _ key: GatewayKey, in dataSource: GatewayDataSource?, for level: AccessLevel
    ) throws(GatewayRefusal) -> GatewayObject {
        guard let dataSource, let object = dataSource.object(key) else {
            // What he may not read does not exist; that he may not make it is nothing he learns from.
            throw level == .write ? .accessDenied : .noSuchKey
        }
        guard level == .read || dataSource.level == .write else { throw .accessDenied }
        return object
    }
}
