import Domain
import Testing

@Suite struct IntegrationSetupTests {
    private struct FixedExternalIDs: ExternalIDSource {
        func externalID(accountID: AWSAccountID, role: IAMRoleARN?) -> ExternalID {
            guard let id = ExternalID("sluice-\(accountID)-\(role?.name ?? "none")") else {
                preconditionFailure("a role's name may stand in an external id")
            }
            return id
        }
    }

    private func setup(
        _ path: String = "s3://lake/raw/", region: String = "eu-west-1", location: String = "location",
        assuming role: String? = nil
    ) throws -> IntegrationSetup {
        let region = try #require(AWSRegion(region))
        let account = try #require(AWSAccountID("111122223333"))
        let arn = { (name: String) in try IAMRoleARN("arn:\(region.partition):iam::111122223333:role/\(name)") }
        let roleToAssume = try role.map(arn)
        return try IntegrationSetup(
            IntegrationConfiguration(
                name: "lake", locationRole: arn(location), path: LocationPath(path),
                connection: AWSConnection(
                    accountID: account, region: region,
                    authentication: AWSAuthentication(base: .auto, roleToAssume: roleToAssume),
                    externalID: FixedExternalIDs().externalID(accountID: account, role: roleToAssume))),
            externalIDs: FixedExternalIDs())
    }

    @Test func `the location role is trusted to S3 Access Grants of this instance only`() throws {
        let instance = "arn:aws:s3:eu-west-1:111122223333:access-grants/default"
        #expect(
            try setup().locationRole.trust
                == PolicyDocument([
                    .init(
                        "AccessGrants", principal: ("Service", "access-grants.s3.amazonaws.com"),
                        ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:SetContext"],
                        if: [
                            .init("StringEquals", "aws:SourceAccount", "111122223333"),
                            .init("ArnEquals", "aws:SourceArn", instance),
                        ])
                ]))
    }

    @Test(arguments: [
        ("s3://", "arn:aws:s3:::*/*", "arn:aws:s3:::*"), ("s3://lake", "arn:aws:s3:::lake/*", "arn:aws:s3:::lake"),
        ("s3://lake/raw/", "arn:aws:s3:::lake/raw/*", "arn:aws:s3:::lake"),
    ])
    func `the location role reaches no further than the path`(path: String, objects: String, bucket: String) throws {
        let statements = try setup(path).locationRole.permissions.statements
        #expect(statements.map(\.resources) == [[objects], [objects], [bucket]])
    }

    @Test func `only s3 colon slash slash needs to list every bucket`() throws {
        let asks = { (setup: IntegrationSetup) in
            setup.sluiceRolePolicies.permissions.statements.contains { $0.actions.contains("s3:ListAllMyBuckets") }
        }
        #expect(try asks(setup("s3://")))
        #expect(try !asks(setup()))
    }

    @Test func `China has its own partition and service principal`() throws {
        let setup = try setup(region: "cn-north-1")
        #expect(setup.sluiceRole.description == "arn:aws-cn:iam::111122223333:role/sluice-access-grants")
        #expect(setup.isRoleProposed)
        #expect(setup.locationRole.trust.statements[0].principal?.value == "access-grants.s3.amazonaws.com.cn")
    }

    @Test func `an edit touches only what differs`() throws {
        let current = try setup(assuming: "team/sluice")
        #expect(try setup(assuming: "team/sluice").edit(from: current) == [])
        let moved = try setup("s3://lake/cooked/", assuming: "team/sluice").edit(from: current)
        #expect(
            moved.map { Array($0.words.dropLast()) } == [
                [
                    "aws", "iam", "put-role-policy", "--role-name", "location", "--policy-name",
                    "S3AccessGrantsLocation",
                    "--policy-document",
                ].map(SetupCommand.Word.text)
            ])
        let other = try setup(location: "other", assuming: "team/sluice").edit(from: current)
        #expect(
            other.map { $0.words[2] } == [.text("create-role"), .text("put-role-policy"), .text("put-role-policy")])
    }

    @Test func `a role's path is given when it is made`() throws {
        let create = try #require(
            try setup(assuming: "team/sluice").creation.first { $0.words.contains(.text("sluice")) })
        #expect(create.words.contains(.text("--path")) && create.words.contains(.text("/team/")))
    }
}
