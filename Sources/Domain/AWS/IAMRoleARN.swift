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
        let entity = try IAMEntity(text, "role")
        description = text
        partition = entity.partition
        accountID = entity.accountID
        name = entity.name
        path = entity.path
    }

    public struct MalformedARN: Error, Sendable, Equatable {
        public var reason: String
        init(_ reason: String) { self.reason = reason }
    }
}

/// What the ARN of an IAM role or user is made of.
struct IAMEntity {
    let partition: String
    let accountID: AWSAccountID
    let name: String
    let path: String

    /// - Parameter kind: `role` or `user`.
    init(_ text: String, _ kind: String) throws(IAMRoleARN.MalformedARN) {
        guard text.utf8.count <= 2048 else { throw .init("it is longer than 2048 characters") }
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn" else {
            throw .init("it does not have the form arn:aws:iam::123456789012:\(kind)/NAME")
        }
        guard parts[1] == "aws" || (parts[1].hasPrefix("aws-") && parts[1].utf8.allSatisfy(Self.isPartitionByte)) else {
            throw .init("\"\(parts[1])\" is not an AWS partition")
        }
        guard parts[2] == "iam", parts[3].isEmpty else { throw .init("it is not the ARN of an IAM resource") }
        guard let account = AWSAccountID(String(parts[4])) else { throw .init("its account id is not twelve digits") }
        guard parts[5].hasPrefix("\(kind)/") else { throw .init("it does not name a \(kind) (\(kind)/NAME)") }
        let resource = parts[5].dropFirst(kind.count)
        let path = resource.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard let name = path.last, (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte),
            path.dropLast().allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
        else { throw .init("its \(kind) name is not 1 to 64 of letters, digits and +=,.@_-") }
        partition = String(parts[1])
        accountID = account
        self.name = String(name)
        self.path = String(resource.dropLast(name.count))
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
