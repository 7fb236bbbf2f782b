import Testing

@testable import SigV4

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

    @Test func `A key is kept that something was verified with, once`() {
        struct Refused: Error {}
        let keys = SigningKeys()
        let scope = CredentialScope(day: "20261121", region: "us-east-1", service: "s3")
        #expect(throws: Refused.self) {
            try keys.withKey(accessKeyID: "AKIA", secret: Secret("a"), scope: scope) { _ in throw Refused() }
        }
        #expect(keys.count == 0)
        for secret in ["a", "a", "changed"].map({ Secret($0) }) {
            let signature = keys.withKey(accessKeyID: "AKIA", secret: secret, scope: scope) { $0.signature(of: "text") }
            #expect(signature == SigningKey(secret: secret, scope: scope).signature(of: "text"))
            #expect(keys.count == 1)
        }
    }
}
