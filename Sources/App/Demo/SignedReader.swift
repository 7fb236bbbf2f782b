import HTTPTypes
import SigV4
import Transport
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads by requests it signs itself, where the AWS CLI is not installed.
struct SignedReader: DataReader {
    let endpoint: HTTPRequest
    let account: String
    let region: String
    let transport: any DocumentTransport

    /// - Parameter address: `http://HOST:PORT` of the sandbox.
    init(address: String, account: String, region: String, transport: any DocumentTransport) {
        endpoint = HTTPRequest(
            method: .get, scheme: "http", authority: address.replacing("http://", with: ""), path: "/")
        self.account = account
        self.region = region
        self.transport = transport
    }

    func access(to target: String, as person: DemoPerson) async throws -> DataAccess {
        var request = endpoint
        request.path =
            "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=\(URIEncoding.encode(target))"
        if let name = HTTPField.Name("x-amz-account-id") { request.headerFields[name] = account }
        let answer = try await send(request, person.keys)
        let document = try XMLReader.read(answer.body)
        guard answer.status == .ok, let credentials = document.child("Credentials") else {
            return .refused("\(document["Error", "Code"] ?? ""): \(document["Error", "Message"] ?? "")")
        }
        return .granted(
            DemoKeys(
                accessKeyID: credentials["AccessKeyId"] ?? "", secretAccessKey: credentials["SecretAccessKey"] ?? "",
                sessionToken: credentials["SessionToken"]),
            scope: document["MatchedGrantTarget"] ?? "")
    }

    func read(_ object: String, with keys: DemoKeys) async throws -> String {
        var request = endpoint
        let path = object.replacing("s3:/", with: "", maxReplacements: 1)
        request.path = URIEncoding.encode(path, keepingSlash: true)
        return String(decoding: try await send(request, keys).body, as: UTF8.self)
    }

    private func send(_ request: HTTPRequest, _ keys: DemoKeys) async throws -> DocumentResponse {
        let credentials = AWSCredentials(
            accessKeyID: keys.accessKeyID, secretAccessKey: Secret(keys.secretAccessKey),
            sessionToken: keys.sessionToken)
        let signed = Signer(credentials: credentials, region: region, service: "s3")
            .sign(request, payload: .empty, at: Date())
        return try await transport.send(DocumentRequest(signed))
    }
}
