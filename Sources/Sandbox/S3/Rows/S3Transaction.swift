import GRDB
import S3Server

/// What one call does in one transaction of the sandbox's database.
///
/// Used by one thread at a time, while the transaction lasts.
final class S3Transaction {
    let database: Database
    private var released: Set<Int64> = []
    private var owners: [String: S3Owner] = [:]
    /// Most of what is listed together is of one owner.
    private var lastOwner: (account: String, owner: S3Owner)?

    init(_ database: Database) {
        self.database = database
    }

    var buckets: BucketRows { BucketRows(transaction: self) }
    var objects: ObjectRows { ObjectRows(transaction: self) }
    var uploads: UploadRows { UploadRows(transaction: self) }
    var identities: IdentityStore { IdentityStore(database: database) }

    /// Lets go of blobs that a deleted row referred to; a row made later in this transaction may refer to them again.
    func release(_ blobs: some Sequence<Int64>) {
        released.formUnion(blobs)
    }

    /// Deletes what nothing refers to any more. To be called last.
    /// - Returns: files to be removed once the transaction is committed.
    func finish() throws -> [String] {
        released.isEmpty ? [] : try BlobRows(database: database).release(released)
    }

    /// An account as owners are shown; each is looked up once.
    /// - Parameter account: nil for anonymous.
    func owner(_ account: String?) throws -> S3Owner {
        guard let account else { return .anonymous }
        if let lastOwner, lastOwner.account == account { return lastOwner.owner }
        let owner = try owners[account] ?? lookUp(account)
        owners[account] = owner
        lastOwner = (account, owner)
        return owner
    }

    private func lookUp(_ account: String) throws -> S3Owner {
        guard let found = try identities.account(account) else { return .anonymous }
        return S3Owner(id: found.canonicalID, displayName: found.displayName)
    }
}

extension S3Owner {
    /// Whom S3 shows as the owner of what was written without a signature.
    static let anonymous = S3Owner(id: CanonicalID.anonymous, displayName: "")
}
