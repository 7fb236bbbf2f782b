/// `arn:{partition}:iam::{account}:role/{path}{name}`, at most 2,048 characters.
public struct IAMRoleARN: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    public let partition: String
    public let accountID: AWSAccountID
    /// The last segment: 1 to 64 of `[\w+=,.@-]`.
    public let name: String
    /// `/`, or what stands before the name: `/team/data/`.
    public let path: String

    /// - Throws: `MalformedARN` that says in words what is wrong.
    public init(_ text: String) throws(MalformedARN) {
        guard text.utf8.count <= 2048 else { throw MalformedARN("it is longer than 2048 characters") }
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn" else {
            throw MalformedARN("it does not have the form arn:aws:iam::123456789012:role/NAME")
        }
        guard parts[1] == "aws" || (parts[1].hasPrefix("aws-") && parts[1].utf8.allSatisfy(Self.isPartitionByte)) else {
            throw MalformedARN("\"\(parts[1])\" is not an AWS partition")
        }
        guard parts[2] == "iam", parts[3].isEmpty else { throw MalformedARN("it is not the ARN of an IAM resource") }
        guard let account = AWSAccountID(String(parts[4])) else {
            throw MalformedARN("its account id is not twelve digits")
        }
        guard parts[5].hasPrefix("role/") else { throw MalformedARN("it does not name a role (role/NAME)") }
        let path = parts[5].dropFirst(5).split(separator: "/", omittingEmptySubsequences: false)
        guard let name = path.last, (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte),
            path.dropLast().allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
        else { throw MalformedARN("its role name is not 1 to 64 of letters, digits and +=,.@_-") }
        description = text
        partition = String(parts[1])
        accountID = account
        self.name = String(name)
        self.path = String(parts[5].dropFirst(4).dropLast(name.count))
    }

    public struct MalformedARN: Error, Sendable, Equatable {
        public var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private static func isPartitionByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "+=,.@_-".utf8.contains(byte)
        }
    }
}
