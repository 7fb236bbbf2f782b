import HTTPTypes
import SigV4
import Testing

@testable import S3Server

struct SigningKeysTests {
    private func claim(region: String, day: String = "20261121") throws -> SignatureClaim {
        try SignatureClaim(
            .init(
                method: .get, scheme: nil, authority: nil,
                path: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA/\(day)/\(region)/s3/aws4_request"
                    + "&X-Amz-Date=\(day)T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"))
    }

    @Test func `A kept key is of the same bytes, though texts may be equal that differ in them`() throws {
        let keys = SigningKeys()
        let secret = Secret("secret")
        let (composed, decomposed) = (try claim(region: "caf%C3%A9"), try claim(region: "cafe%CC%81"))
        #expect(composed.scope.region == decomposed.scope.region)
        keys.keep(keys.key(of: secret, for: composed), of: secret, for: composed)
        for claim in [composed, decomposed] {
            #expect(Array(keys.key(of: secret, for: claim).scope.region.utf8) == Array(claim.scope.region.utf8))
        }
    }
}
