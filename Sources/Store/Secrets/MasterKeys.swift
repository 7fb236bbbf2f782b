public import Domain

/// The key to seal under, and older ones that can still be read, so that keys can rotate: put a new key in front,
/// reseal, and drop the old one.
public struct MasterKeys: Sendable {
    let current: MasterKey
    let older: [MasterKey]

    var all: [MasterKey] { [current] + older }

    public init(current: MasterKey, older: [MasterKey] = []) {
        self.current = current
        self.older = older
    }

    /// The keys of a text: 32 bytes each, as base64 or hexadecimal, separated by commas or line ends, the newest first.
    ///
    /// - Parameter source: names the text in the error.
    public init(_ text: Secret, source: String) throws(StoreError) {
        let words = text.reveal().split { $0 == "," || $0.isWhitespace }
        let keys = words.compactMap { MasterKey($0) }
        guard keys.count == words.count, let first = keys.first else {
            throw StoreError.malformedMasterKey(source: source)
        }
        self.init(current: first, older: Array(keys.dropFirst()))
    }

    /// The keys of `SLUICE_MASTER_KEY`, or else those of the key file `{database}.key`. The file is made, with mode
    /// 0600 and a random key, when there is no database yet.
    public static func load(masterKey: Secret?, databasePath: String) throws(StoreError) -> MasterKeys {
        if let masterKey { return try MasterKeys(masterKey, source: "SLUICE_MASTER_KEY") }
        let file = PrivateFile(path: databasePath + ".key")
        if let text = try file.contents() { return try MasterKeys(text, source: "The key file \(file.path)") }
        guard !PrivateFile(path: databasePath).exists else {
            throw StoreError.missingMasterKey(keyFile: file.path)
        }
        let key = MasterKey()
        try file.create(containing: key.base64 + "\n")
        return MasterKeys(current: key)
    }
}
