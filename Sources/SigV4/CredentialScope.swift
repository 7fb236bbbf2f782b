#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a signature is good for: one day, region and service.
public struct CredentialScope: Sendable, Hashable {
    /// `YYYYMMDD`, UTC.
    public var day: String
    public var region: String
    /// The signing name: `s3` for S3 and S3 Control, `sts`, …
    public var service: String

    public init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    public init(date: Date, region: String, service: String) {
        self.init(day: String(AmzDate.format(date).prefix(8)), region: region, service: service)
    }
}

extension CredentialScope: CustomStringConvertible {
    /// `day/region/service/aws4_request`, as it stands in credentials and strings to sign.
    public var description: String { "\(day)/\(region)/\(service)/aws4_request" }
}
