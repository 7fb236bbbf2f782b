/// What S3 Access Grants answers instead of a result: an error code, its HTTP status and a text for the caller.
///
/// Codes, statuses and texts are those of the S3 API reference, "List of Amazon S3 Access Grants error codes".
/// The names are irregular there (`AccessGrantAlreadyExists`, but `AccessGrantsLocationAlreadyExistsError`) and are
/// kept so.
struct AccessGrantsError: Error, Equatable, Sendable {
    let code: String
    let status: Int
    let message: String

    init(_ code: String, _ status: Int, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }
}

extension AccessGrantsError {
    static let grantAlreadyExists = Self(
        "AccessGrantAlreadyExists", 409, "The specified access grant already exists")
    static let instanceAlreadyExists = Self(
        "AccessGrantsInstanceAlreadyExists", 409, "Access Grants Instance already exists")
    static let instanceNotEmpty = Self(
        "AccessGrantsInstanceNotEmptyError", 400,
        "Please clean up locations before deleting the access grants instance")
    static let instanceNotExists = Self(
        "AccessGrantsInstanceNotExistsError", 404, "Access Grants Instance does not exist")
    static let resourcePolicyNotExists = Self(
        "AccessGrantsInstanceResourcePolicyNotExists", 404, "Access Grants Instance Resource Policy does not exist")
    static let locationAlreadyExists = Self(
        "AccessGrantsLocationAlreadyExistsError", 409, "The specified access grants location already exists")
    static let locationNotEmpty = Self(
        "AccessGrantsLocationNotEmptyError", 400,
        "Please clean up access grants before deleting access grants location")
    static let noSuchGrant = Self("NoSuchAccessGrantError", 404, "The specified access grant does not exist")
    static let noSuchLocation = Self(
        "NoSuchAccessGrantsLocationError", 404, "The specified access grants location does not exist")
    static let invalidGrant = Self("InvalidAccessGrant", 400, "The specified Access Grant is invalid")
    static let invalidLocation = Self(
        "InvalidAccessGrantsLocation", 400, "The specified Access Grants Location is invalid")
    static let invalidRole = Self("InvalidIamRole", 400, "The specified IAM Role is invalid")
    static let invalidIdentityCenterInstance = Self(
        "InvalidIdentityCenterInstance", 400, "The specified identity center instance is invalid")
    static let invalidResourcePolicy = Self(
        "InvalidResourcePolicy", 400, "The specified Resource Policy is invalid")
    static let reservedTagKey = Self(
        "InvalidTags", 400, "Tag keys cannot start with AWS reserved prefix for system tags")
    static let tooManyTags = Self("TooManyTags", 400, "The number of tags exceeds the limit of 50")
    /// Answered until a new IAM principal is known everywhere, and for one that does not exist; clients retry on the
    /// text, so it is the real one.
    static let invalidGrantee = invalidRequest("Invalid Grantee in the request")
    static let malformedXML = Self(
        "MalformedXML", 400,
        "The XML you provided was not well-formed or did not validate against our published schema")
    static let methodNotAllowed = Self(
        "MethodNotAllowed", 405, "The specified method is not allowed against this resource.")

    static func invalidRequest(_ message: String) -> Self { Self("InvalidRequest", 400, message) }
    static func invalidTag(_ message: String) -> Self { Self("InvalidTag", 400, message) }
    static func accessDenied(_ message: String) -> Self { Self("AccessDenied", 403, message) }

    /// The text is the one real clients log when GetDataAccess finds no grant.
    static func noGrant(permission: AccessGrantPermission, target: String) -> Self {
        accessDenied("You do not have \(permission.rawValue) permissions to the requested S3 Prefix: \(target)")
    }

    static func locationsQuotaExceeded(_ quota: Int) -> Self {
        Self(
            "AccessGrantsLocationsQuotaExceededError", 409,
            "The access grants instance has reached its quota of \(quota) access grants locations")
    }

    static func grantsQuotaExceeded(_ quota: Int) -> Self {
        Self(
            "AccessGrantsQuotaExceededError", 409,
            "The access grants instance has reached its quota of \(quota) access grants")
    }

    static func stsNotAuthorized(role: String) -> Self {
        Self(
            "StsNotAuthorizedError", 403,
            "access-grants.s3.amazonaws.com is not authorized to perform sts:AssumeRole on \(role)")
    }

    static func stsValidation(_ message: String) -> Self { Self("StsValidationError", 400, message) }
}
