/// Someone whom S3 Access Grants knows by an IAM user.
struct DemoPerson: Sendable, Equatable {
    let name: String
    let arn: String
    let keys: DemoKeys
}

/// An access key, and the token of a temporary one.
struct DemoKeys: Sendable, Equatable {
    let accessKeyID: String
    let secretAccessKey: String
    var sessionToken: String?
}

/// What GetDataAccess says.
enum DataAccess: Sendable, Equatable {
    /// Credentials for what was asked, and the scope of the grant they come from.
    case granted(DemoKeys, scope: String)
    /// AWS's own words.
    case refused(String)
}

/// How a person reads data through S3 Access Grants.
protocol DataReader: Sendable {
    /// GetDataAccess, to read.
    /// - Parameter target: `s3://bucket/prefix/*`.
    func access(to target: String, as person: DemoPerson) async throws -> DataAccess
    /// The text of the object at `s3://bucket/key`.
    func read(_ object: String, with keys: DemoKeys) async throws -> String
}
