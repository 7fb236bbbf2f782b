import SigV4
import Testing

struct SigningKeysTests {
    @Test func `A kept key is of the same bytes, though texts may be equal that differ in them`() {
        let keys = SigningKeys()
        let secret = Secret("secret")
        let scopes = ["caf\u{E9}", "cafe\u{301}"].map { CredentialScope(day: "20261121", region: $0, service: "s3") }
        #expect(scopes[0].region == scopes[1].region)
        for scope in scopes {
            let key = keys.withKey(accessKeyID: "AKIA", secret: secret, scope: scope) { $0 }
            #expect(key.scope.region.utf8.elementsEqual(scope.region.utf8))
        }
    }
}
