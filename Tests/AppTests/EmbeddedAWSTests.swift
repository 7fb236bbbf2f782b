import Testing

@testable import App

@Suite struct EmbeddedAWSTests {
    @Test func `the embedded AWS takes the place of every other`() {
        let environment = EmbeddedAWS.environment(
            endpoint: "http://127.0.0.1:1",
            over: [
                "HOME": "/home/x", "AWS_ENDPOINT_URL": "https://a", "AWS_ENDPOINT_URL_S3_CONTROL": "https://b",
                "AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real",
                "AWS_SESSION_TOKEN": "real", "AWS_REGION": "eu-west-1", "AWS_USE_FIPS_ENDPOINT": "true",
                "AWS_MAX_ATTEMPTS": "5",
            ])
        #expect(
            environment == [
                "HOME": "/home/x", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "AKIASANDBOXADMIN0000",
                "AWS_SECRET_ACCESS_KEY": "sandbox-admin-secret-key-do-not-use-elsewhere", "AWS_MAX_ATTEMPTS": "5",
            ])
    }

    @Test(arguments: [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")])
    func `an address is a URL`(hostname: String, url: String) {
        #expect(ServerAddress(hostname: hostname, port: 80).description == url)
        #expect(
            ServerAddress(hostname: hostname, port: 80, scheme: "https").description
                == url.replacing("http:", with: "https:"))
    }
}
