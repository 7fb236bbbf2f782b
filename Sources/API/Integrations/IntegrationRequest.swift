import Domain

/// The body of create, edit and dry run: well formed, but not yet measured against anything stored.
struct IntegrationRequest {
    static let type = "Native S3"
    /// What a read shows in the place of the secret; sent back, it means "as stored".
    static let redacted = "<REDACTED>"

    var type: String
    var name: String
    var accountID: AWSAccountID
    var region: AWSRegion
    /// Its form is test 3 of the validation, with its own answer.
    var locationRole: String
    var path: LocationPath
    var credentials: Credentials
    var roleToAssume: IAMRoleARN?

    enum Credentials {
        case auto
        case accessKey(id: String, secret: SubmittedSecret)
    }

    enum SubmittedSecret {
        case asStored
        case new(Secret)
    }

    enum Purpose: Equatable {
        case create
        /// The members that only reads show are accepted, so that GET, change, PUT works.
        case replace(IntegrationID)
        /// No call is made, so no secret is needed; what reads show is accepted too.
        case scripts
    }

    /// - Parameter faults: those found elsewhere in the request, to be told together.
    /// - Throws: `badRequest` with every fault.
    static func read(
        _ json: JSONValue, for purpose: Purpose, with faults: [InputFault] = []
    ) throws(DomainError) -> IntegrationRequest {
        var root = try FieldReader.root(json)
        return try read(&root, for: purpose, with: faults)
    }

    static func read(
        _ root: inout FieldReader, for purpose: Purpose, with faults: [InputFault]
    ) throws(DomainError) -> IntegrationRequest {
        let type = root.string("type", limit: 100)
        // Of an existing integration, another type is an edit of what cannot be edited, with its own answer.
        if let type, type != Self.type, !purpose.isReplace { root.fault("type", "must be \"\(Self.type)\"") }
        if root.bool("autoBootstrap") == true { root.fault("autoBootstrap", "must be false") }
        readShown(&root, purpose)
        var draft = Draft()
        if var config = root.object("config") {
            draft.read(&config, for: purpose)
            root.take(config)
        }
        let request = type.flatMap { draft.request(type: $0) }
        let all = faults + root.allFaults()
        guard all.isEmpty, let request else { throw .invalid(all) }
        return request
    }

    private static func readShown(_ root: inout FieldReader, _ purpose: Purpose) {
        guard purpose != .create else { return }
        root.ignore("status", "statusMessage", "validationResults", "createdAt", "updatedAt")
        guard case .replace(let id) = purpose else { return root.ignore("id") }
        if let sent = root.optional("id"), sent != .string(id.description), sent != .number(id.description) {
            root.fault("id", "must be \"\(id)\", as in the path, or be left out")
        }
    }

    fileprivate struct Draft {
        var name: String?
        var accountID: AWSAccountID?
        var region: AWSRegion?
        var locationRole: String?
        var path: LocationPath?
        var credentials: Credentials?
        var roleToAssume: IAMRoleARN?

        func request(type: String) -> IntegrationRequest? {
            guard let name, let accountID, let region, let locationRole, let path, let credentials else { return nil }
            return IntegrationRequest(
                type: type, name: name, accountID: accountID, region: region, locationRole: locationRole, path: path,
                credentials: credentials, roleToAssume: roleToAssume)
        }
    }
}

extension IntegrationRequest.Purpose {
    var isReplace: Bool { if case .replace = self { true } else { false } }
}

// MARK: The members of config

extension IntegrationRequest.Draft {
    fileprivate mutating func read(_ config: inout FieldReader, for purpose: IntegrationRequest.Purpose) {
        config.ignore("port")
        if purpose != .create {
            config.ignore("awsExternalId")
        } else if config.optional("awsExternalId") != nil {
            config.fault("awsExternalId", "is read-only: the server makes it")
        }
        name = config.string("name", limit: 255)
        if let name, name.allSatisfy(\.isWhitespace) { config.fault("name", "must not be blank") }
        let account = config.string("awsAccountId", limit: 64)
        accountID = config.parse("awsAccountId", account) { text throws(InputFault) in
            guard let id = AWSAccountID(text) else { throw InputFault("", "must be twelve digits") }
            return id
        }
        let regionText = config.string("awsRegion", limit: 64)
        region = config.parse("awsRegion", regionText) { text throws(InputFault) in
            guard let region = AWSRegion(text) else { throw InputFault("", "must be a Region code such as us-east-1") }
            return region
        }
        locationRole = config.string("awsLocationRole", limit: 2048)
        let pathText = config.string("awsLocationPath", limit: 2048)
        path = config.parse("awsLocationPath", pathText) { text throws(InputFault) in try LocationPath(text) }
        readCredentials(&config, for: purpose)
        let role = config.optionalString("awsRoleToAssume", limit: 2048)
        roleToAssume = config.parse("awsRoleToAssume", role) { text throws(InputFault) in
            do throws(IAMRoleARN.MalformedARN) { return try IAMRoleARN(text) } catch {
                throw InputFault("", "must be the ARN of an IAM role: \(error.reason)")
            }
        }
    }

    private mutating func readCredentials(_ config: inout FieldReader, for purpose: IntegrationRequest.Purpose) {
        let id = config.optionalString("awsAccessKeyId", limit: 128)
        let secret = config.optionalString("awsSecretAccessKey", limit: 256)
        switch config.string("authenticationType", limit: 100) {
        case nil: return
        case "auto":
            for name in ["awsAccessKeyId", "awsSecretAccessKey"] where config.optional(name) != nil {
                config.fault(name, "must not be given with authenticationType auto")
            }
            credentials = .auto
        case "accessKey":
            readAccessKey(id, secret, &config, for: purpose)
        default: config.fault("authenticationType", "must be \"auto\" or \"accessKey\"")
        }
    }

    private mutating func readAccessKey(
        _ id: String?, _ secret: String?, _ config: inout FieldReader, for purpose: IntegrationRequest.Purpose
    ) {
        if purpose != .scripts {
            for name in ["awsAccessKeyId", "awsSecretAccessKey"] where config.optional(name) == nil {
                config.fault(name, "is required with authenticationType accessKey")
            }
        }
        if let id, !Self.isAccessKeyID(id) {
            config.fault("awsAccessKeyId", "must be 16 to 128 letters, digits and underscores")
        }
        if let secret, secret == IntegrationRequest.redacted, purpose == .create {
            config.fault("awsSecretAccessKey", "must be the secret itself")
        } else if let secret, !secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            config.fault("awsSecretAccessKey", "must be visible ASCII characters only")
        }
        let submitted = secret.map {
            $0 == IntegrationRequest.redacted ? IntegrationRequest.SubmittedSecret.asStored : .new(Secret($0))
        }
        credentials = .accessKey(id: id ?? "", secret: submitted ?? .asStored)
    }

    private static func isAccessKeyID(_ text: String) -> Bool {
        text.utf8.count >= 16
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
    }
}

// MARK: Measured against what is stored

extension IntegrationRequest {
    /// The attributes an edit of `current` would change and may not, as faults.
    func nonEditableChanges(of current: Integration) -> [InputFault] {
        var faults: [InputFault] = []
        if type != Self.type { faults.append(InputFault("type", "cannot be changed")) }
        let connection = current.configuration.connection
        if accountID != connection.accountID { faults.append(InputFault("config.awsAccountId", "cannot be changed")) }
        if region != connection.region { faults.append(InputFault("config.awsRegion", "cannot be changed")) }
        return faults
    }

    /// - Parameter stored: the secret that `<REDACTED>` stands for.
    /// - Throws: `badRequest` when it stands for none.
    func proposal(externalIDs: any ExternalIDSource, stored: Secret?) throws(DomainError) -> IntegrationProposal {
        let base: AWSAuthentication.Base
        switch credentials {
        case .auto: base = .auto
        case .accessKey(let id, .new(let secret)): base = .accessKey(id: id, secret: secret)
        case .accessKey(let id, .asStored):
            guard let stored else {
                throw .invalid([
                    InputFault("config.awsSecretAccessKey", "must be the secret itself: none is stored")
                ])
            }
            base = .accessKey(id: id, secret: stored)
        }
        return proposal(base: base, externalIDs: externalIDs)
    }

    /// For what needs no credentials: nobody is asked with it.
    func withoutSecret(externalIDs: any ExternalIDSource) -> IntegrationProposal {
        proposal(base: .auto, externalIDs: externalIDs)
    }

    private func proposal(base: AWSAuthentication.Base, externalIDs: any ExternalIDSource) -> IntegrationProposal {
        IntegrationProposal(
            name: name, locationRole: locationRole, path: path,
            connection: AWSConnection(
                accountID: accountID, region: region,
                authentication: AWSAuthentication(base: base, roleToAssume: roleToAssume),
                externalID: externalIDs.externalID(accountID: accountID, role: roleToAssume)))
    }
}

extension AWSAuthentication.Base {
    var secret: Secret? { if case .accessKey(_, let secret) = self { secret } else { nil } }
}
