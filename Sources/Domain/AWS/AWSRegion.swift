/// A Region code such as `eu-west-1`: lower-case labels and a number, joined by `-`. Regions AWS opens later pass too.
public struct AWSRegion: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        let labels = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 32, labels.count >= 3, let number = labels.last,
            !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            labels.dropLast().allSatisfy({ label in
                !label.isEmpty && label.utf8.allSatisfy { (0x61...0x7A).contains($0) }
            })
        else { return nil }
        description = text
    }

    /// The partition its ARNs name. A Region of no known family belongs to `aws`.
    public var partition: String {
        for (prefix, partition) in Self.partitions where description.hasPrefix(prefix) { return partition }
        return "aws"
    }

    private static let partitions = [
        ("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc"), ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"), ("eu-isoe-", "aws-iso-e"), ("us-iso-", "aws-iso"),
    ]
}
