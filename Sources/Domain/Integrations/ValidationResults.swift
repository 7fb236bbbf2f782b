/// The outcome of the seven tests, in their order.
public struct ValidationResults: Sendable, Equatable {
    public var tests: [ValidationTest]

    public init(tests: [ValidationTest]) { self.tests = tests }

    /// `failed` if any test failed.
    public var status: ValidationTest.Status {
        tests.contains { $0.status == .failed } ? .failed : .passed
    }

    public var firstFailure: String? { tests.first { $0.status == .failed }?.message }
}

public struct ValidationTest: Sendable, Equatable {
    public var name: Name
    public var status: Status
    /// For a failed, skipped or warning test: what AWS answered, and what to do.
    public var message: String?
    public var durationMs: Int

    public init(_ name: Name, _ status: Status, _ message: String? = nil, durationMs: Int = 0) {
        self.name = name
        self.status = status
        self.message = message
        self.durationMs = durationMs
    }

    public enum Status: String, Sendable, CaseIterable {
        case passed, failed, warning, skipped
    }

    /// The documented names, to the letter.
    public enum Name: String, Sendable, CaseIterable {
        case noExistingIntegration = "There is no existing integration matching this configuration"
        case uniqueName = "The provided integration name is unique across Immuta S3 integrations"
        case roleARN = "The provided access grants location role is a valid ARN format"
        case callerIdentity =
            "The provided AWS credentials allow fetching the caller's identity via the AWS STS API"
        case instance =
            "An AWS Access Grants instance is configured in the provided AWS account and region"
        case pathExists = "The provided S3 path exists and Immuta can list prefixes"
        case noExistingLocation = "An AWS Access Grants location does not yet exist for the provided path"
    }
}

/// What is being validated; it decides which tests run and how a failure is worded.
public enum ValidationPurpose: Sendable, Equatable {
    case create
    /// The integration itself and its own locations are left out of the uniqueness tests.
    case edit(Integration)
    case delete(Integration)
    /// The tests of delete, plus: its location is still there with its role.
    case check(Integration)

    public var tests: [ValidationTest.Name] {
        switch self {
        case .create, .edit: ValidationTest.Name.allCases
        case .delete, .check: [.roleARN, .callerIdentity, .instance, .pathExists]
        }
    }

    var verb: String {
        switch self {
        case .create: "create"
        case .edit: "edit"
        case .delete: "delete"
        case .check: "validate"
        }
    }

    var integration: Integration? {
        switch self {
        case .create: nil
        case .edit(let integration), .delete(let integration), .check(let integration): integration
        }
    }
}
