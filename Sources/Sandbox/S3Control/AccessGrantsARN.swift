/// The ARN of an Access Grants instance or of something in it:
/// `arn:{partition}:s3:{region}:{account}:access-grants/default[/location/{id}|/grant/{id}]`.
struct AccessGrantsARN: Equatable, Sendable, CustomStringConvertible {
    enum Resource: Equatable, Sendable {
        case instance
        case location(String)
        case grant(String)
    }

    /// The id of every account's only instance in a Region.
    static let instanceID = "default"
    /// The id of the location `s3://`.
    static let defaultLocationID = "default"

    let partition: String
    let region: String
    let account: String
    let resource: Resource

    init(region: String, account: String, resource: Resource) {
        partition = Self.partition(of: region)
        self.region = region
        self.account = account
        self.resource = resource
    }

    /// Nil where the text is no ARN of this form.
    init?(_ text: String) {
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6, fields[0] == "arn", fields[2] == "s3", !fields[3].isEmpty,
            AccountID.isValid(fields[4]), fields[1] == Self.partition(of: fields[3])
        else { return nil }
        let parts = fields[5].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, parts[0] == "access-grants", parts[1] == Self.instanceID else { return nil }
        switch (parts.count, parts.count > 2 ? parts[2] : "") {
        case (2, _): resource = .instance
        case (4, "location") where Self.isID(parts[3]): resource = .location(parts[3])
        case (4, "grant") where Self.isID(parts[3]): resource = .grant(parts[3])
        default: return nil
        }
        partition = fields[1]
        region = fields[3]
        account = fields[4]
    }

    var description: String {
        let instance = "arn:\(partition):s3:\(region):\(account):access-grants/\(Self.instanceID)"
        switch resource {
        case .instance: return instance
        case .location(let id): return "\(instance)/location/\(id)"
        case .grant(let id): return "\(instance)/grant/\(id)"
        }
    }

    /// `[a-zA-Z0-9\-]{1,64}`, the model's pattern of location and grant ids.
    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || $0.isDigit || $0 == "-") }
    }

    /// The partition a Region lies in, by the Region's prefix as botocore's partition table has it.
    static func partition(of region: String) -> String {
        let prefixes = [
            ("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"), ("us-isof-", "aws-iso-f"), ("eusc-", "aws-eusc"),
        ]
        return prefixes.first { region.hasPrefix($0.0) }?.1 ?? "aws"
    }
}

/// Rules of AWS account ids.
enum AccountID {
    /// Whether the text is twelve ASCII digits.
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 12 && text.unicodeScalars.allSatisfy(\.isDigit)
    }
}

extension Unicode.Scalar {
    /// Whether this is one of the ASCII digits.
    var isDigit: Bool { ("0"..."9").contains(self) }
}
