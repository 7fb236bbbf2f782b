import Domain
import Testing

@Suite struct PrincipalTests {
    @Test(arguments: [
        "arn:aws:iam::123456789012:user/ada", "arn:aws:iam::123456789012:role/ada",
        "arn:aws:iam::123456789012:user/team/data/ada",
        "arn:aws-cn:iam::123456789012:role/service-role/a+b=c,d.e@f-g_h",
        "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Read_0123456789abcdef",
    ])
    func `the ARN of a user or role is a principal's`(_ text: String) throws {
        #expect(try IAMPrincipalARN(text).description == text)
    }

    @Test(arguments: [
        ("c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21", true), ("C4A88D3F-5B9E-4F0A-8D7C-1B6E3A5F9C21", true),
        ("906768eab4-c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21", true),
        ("906768EAB4-c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21", false),
        ("906768eab-c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21", false), ("", false),
        ("c4a88d3f5b9e4f0a8d7c1b6e3a5f9c21", false),
        ("c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c2g", false), ("c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21-", false),
        ("-c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c21", false), ("c4a88d3f-5b9e-4f0a-8d7c-1b6e3a5f9c2１", false),
    ])
    func `an Identity Center id is a UUID, with or without its store's prefix`(_ text: String, _ isID: Bool) {
        #expect((IdentityCenterID(text)?.description == text) == isID)
    }
}
