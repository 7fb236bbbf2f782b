/// Why the store cannot be used. The text is for whoever starts the program; it holds no secret.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A later version of the program has been here.
    case newerSchema(unknownMigrations: [String])
    /// Migrations are missing that come before ones that were applied.
    case brokenHistory(missingMigrations: [String])
    case cannotOpen(path: String, reason: String)
    case malformedMasterKey(source: String)
    case unsafeKeyFile(path: String)
    /// There is a database, but no key.
    case missingMasterKey(keyFile: String)
    case wrongMasterKey(sealedUnder: String, given: [String])

    public var description: String {
        switch self {
        case .newerSchema(let names):
            """
            The database has been used by a newer version of Sluice: it knows the migrations \
            \(names.joined(separator: ", ")), which this version does not. Run that version, or restore a backup.
            """
        case .brokenHistory(let names):
            """
            The database lacks the migrations \(names.joined(separator: ", ")) although later ones were applied. \
            Restore a backup.
            """
        case .cannotOpen(let path, let reason): "The database \(path) cannot be opened: \(reason)"
        case .malformedMasterKey(let source):
            "\(source) must hold 32 bytes in base64 or hexadecimal; several keys are separated by commas, the newest first."
        case .unsafeKeyFile(let path): "The key file \(path) can be read by others: chmod 600 it."
        case .missingMasterKey(let keyFile):
            """
            The database was made with a master key that is not here. Set SLUICE_MASTER_KEY, or put the key file back \
            at \(keyFile).
            """
        case .wrongMasterKey(let id, let given):
            """
            The database is sealed under the master key \(id), which is not among the given ones \
            (\(given.joined(separator: ", "))). Give that key too.
            """
        }
    }
}
