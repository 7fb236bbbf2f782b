/// One tag on an instance, a location or a grant.
struct ResourceTag: Equatable, Sendable {
    /// Tags a resource can carry.
    static let limit = 50

    let key: String
    let value: String

    /// Checks a list as it comes in a request.
    ///
    /// - Throws: `TooManyTags` over 50; `InvalidTag` for a key of 0 or over 128 characters, a value over 256, characters
    ///   outside `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, or a key given twice; `InvalidTags` for the reserved prefix `aws:`.
    static func check(_ tags: [ResourceTag]) throws(AccessGrantsError) {
        guard tags.count <= limit else { throw .tooManyTags }
        var keys = Set<String>()
        for tag in tags {
            try checkKey(tag.key)
            guard tag.value.unicodeScalars.count <= 256, isPermitted(tag.value) else {
                throw .invalidTag("The TagValue you have provided is invalid")
            }
            guard keys.insert(tag.key).inserted else {
                throw .invalidTag("Cannot provide multiple Tags with the same key")
            }
        }
    }

    static func checkKey(_ key: String) throws(AccessGrantsError) {
        guard (1...128).contains(key.unicodeScalars.count), isPermitted(key) else {
            throw .invalidTag("The TagKey you have provided is invalid")
        }
        guard !key.lowercased().hasPrefix("aws:") else { throw .reservedTagKey }
    }

    /// The tags after `added` are put over `existing`: a known key keeps its place, a new one goes to the end.
    ///
    /// - Throws: `TooManyTags`.
    static func merge(_ existing: [ResourceTag], with added: [ResourceTag]) throws(AccessGrantsError) -> [ResourceTag] {
        var merged = existing
        for tag in added {
            if let index = merged.firstIndex(where: { $0.key == tag.key }) {
                merged[index] = tag
            } else {
                merged.append(tag)
            }
        }
        guard merged.count <= limit else { throw .tooManyTags }
        return merged
    }

    private static func isPermitted(_ text: String) -> Bool {
        let special: Set<Unicode.Scalar> = ["_", ".", ":", "/", "=", "+", "-", "@"]
        return text.unicodeScalars.allSatisfy { scalar in
            if special.contains(scalar) { return true }
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .spaceSeparator, .lineSeparator, .paragraphSeparator, .decimalNumber, .letterNumber, .otherNumber:
                return true
            default: return false
            }
        }
    }
}
