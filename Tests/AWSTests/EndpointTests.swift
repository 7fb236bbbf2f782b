import Testing

@testable import AWS

@Suite struct EndpointTests {
    struct Host: Sendable {
        var region: String
        var fips = false
        var dualStack = false
        var sts: String?
        var control: String?
        var s3: String?
    }

    @Test(arguments: [
        Host(
            region: "eu-west-1", sts: "sts.eu-west-1.amazonaws.com",
            control: "111122223333.s3-control.eu-west-1.amazonaws.com", s3: "b-1.s3.eu-west-1.amazonaws.com"),
        Host(
            region: "us-east-1", fips: true, sts: "sts-fips.us-east-1.amazonaws.com",
            control: "111122223333.s3-control-fips.us-east-1.amazonaws.com", s3: "b-1.s3-fips.us-east-1.amazonaws.com"),
        Host(
            region: "eu-west-1", dualStack: true, sts: "sts.eu-west-1.api.aws",
            control: "111122223333.s3-control.dualstack.eu-west-1.amazonaws.com",
            s3: "b-1.s3.dualstack.eu-west-1.amazonaws.com"),
        Host(
            region: "us-west-2", fips: true, dualStack: true, sts: "sts-fips.us-west-2.api.aws",
            control: "111122223333.s3-control-fips.dualstack.us-west-2.amazonaws.com",
            s3: "b-1.s3-fips.dualstack.us-west-2.amazonaws.com"),
        Host(
            region: "cn-north-1", sts: "sts.cn-north-1.amazonaws.com.cn",
            control: "111122223333.s3-control.cn-north-1.amazonaws.com.cn", s3: "b-1.s3.cn-north-1.amazonaws.com.cn"),
        Host(region: "cn-north-1", fips: true),
        Host(
            region: "us-gov-west-1", fips: true, sts: "sts.us-gov-west-1.amazonaws.com",
            control: "111122223333.s3-control-fips.us-gov-west-1.amazonaws.com",
            s3: "b-1.s3-fips.us-gov-west-1.amazonaws.com"),
        Host(
            region: "eusc-de-east-1", sts: "sts.eusc-de-east-1.amazonaws.eu",
            control: "111122223333.s3-control.eusc-de-east-1.amazonaws.eu", s3: "b-1.s3.eusc-de-east-1.amazonaws.eu"),
        Host(
            region: "us-iso-east-1", sts: "sts.us-iso-east-1.c2s.ic.gov",
            control: "111122223333.s3-control.us-iso-east-1.c2s.ic.gov", s3: "b-1.s3.us-iso-east-1.c2s.ic.gov"),
        Host(
            region: "us-isob-east-1", sts: "sts.us-isob-east-1.sc2s.sgov.gov",
            control: "111122223333.s3-control.us-isob-east-1.sc2s.sgov.gov", s3: "b-1.s3.us-isob-east-1.sc2s.sgov.gov"),
        Host(
            region: "xx-new-9", sts: "sts.xx-new-9.amazonaws.com",
            control: "111122223333.s3-control.xx-new-9.amazonaws.com", s3: "b-1.s3.xx-new-9.amazonaws.com"),
        Host(region: ""), Host(region: "eu-west-1.evil.example/"), Host(region: "-a"), Host(region: "a b"),
    ])
    func `hosts are those of the region's partition`(_ host: Host) {
        let configuration = EndpointConfiguration(usesFIPS: host.fips, usesDualStack: host.dualStack)
        #expect((try? configuration.stsEndpoint(region: host.region, operation: "x").authority) == host.sts)
        #expect(
            (try? configuration.s3ControlEndpoint(region: host.region, account: "111122223333", operation: "x")
                .authority) == host.control)
        #expect(
            (try? configuration.s3Endpoint(region: host.region, bucket: "b-1", operation: "x").authority) == host.s3)
    }

    @Test func `the old host for all signs as us-east-1`() throws {
        #expect(
            try EndpointConfiguration().stsEndpoint(region: "aws-global", operation: "x")
                == ServiceEndpoint(
                    scheme: "https", authority: "sts.amazonaws.com", basePath: "", signingRegion: "us-east-1"))
    }

    @Test(arguments: [
        ("dotted.bucket", "s3.eu-west-1.amazonaws.com", "/dotted.bucket"),
        ("Old_Bucket", "s3.eu-west-1.amazonaws.com", "/Old_Bucket"), ("abc", "abc.s3.eu-west-1.amazonaws.com", ""),
    ])
    func `a bucket is addressed by path where its name is no label`(
        _ bucket: String, _ authority: String, _ basePath: String
    ) throws {
        let endpoint = try EndpointConfiguration().s3Endpoint(region: "eu-west-1", bucket: bucket, operation: "x")
        #expect(endpoint.authority == authority)
        #expect(endpoint.basePath == basePath)
    }

    @Test(arguments: ["", "ab", "..", "...", "a/b", "a?b", "a b", "é-bucket", String(repeating: "a", count: 256)])
    func `a bucket name that cannot be one is refused`(_ bucket: String) {
        #expect(throws: AWSError.self) {
            try EndpointConfiguration().s3Endpoint(region: "eu-west-1", bucket: bucket, operation: "x")
        }
    }

    @Test func `a custom endpoint is used as given`() throws {
        let configuration = try EndpointConfiguration(environment: [
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566/base/", "AWS_ENDPOINT_URL_S3_CONTROL": "https://control.test",
            "AWS_USE_FIPS_ENDPOINT": "TRUE",
        ])
        #expect(configuration.usesFIPS)
        #expect(
            try configuration.stsEndpoint(region: "cn-north-1", operation: "x")
                == ServiceEndpoint(
                    scheme: "http", authority: "127.0.0.1:4566", basePath: "/base", signingRegion: "cn-north-1"))
        #expect(
            try configuration.s3Endpoint(region: "eu-west-1", bucket: "abc", operation: "x")
                == ServiceEndpoint(
                    scheme: "http", authority: "127.0.0.1:4566", basePath: "/base/abc", signingRegion: "eu-west-1"))
        #expect(
            try configuration.s3ControlEndpoint(region: "eu-west-1", account: "111122223333", operation: "x")
                == ServiceEndpoint(
                    scheme: "https", authority: "control.test", basePath: "", signingRegion: "eu-west-1"))
    }

    @Test(arguments: [
        "", "127.0.0.1", "ftp://host", "http://", "http:///path", "http://user@host", "http://host?x", "http://host/#x",
        "http://ho st", "http://host/a b",
    ])
    func `a custom endpoint that is no URL of a host is refused`(_ url: String) {
        #expect(CustomEndpoint(url) == nil)
    }

    @Test(arguments: [["AWS_ENDPOINT_URL_STS": "x"], ["AWS_USE_DUALSTACK_ENDPOINT": "yes"]])
    func `a variable that cannot be read is named`(_ environment: [String: String]) throws {
        let error = #expect(throws: AWSError.self) { try EndpointConfiguration(environment: environment) }
        #expect(error?.kind == .invalidRequest)
        #expect(try #require(error).message.contains(try #require(environment.keys.first)))
    }
}
