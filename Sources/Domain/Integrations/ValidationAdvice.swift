/// Words for a failed test: the API action, the principal, the resource, what AWS answered and what to do.
struct ValidationAdvice: Sendable {
    let proposal: IntegrationProposal

    var accountID: String { proposal.connection.accountID.description }
    private var region: String { proposal.connection.region.description }

    private var principal: String {
        let authentication = proposal.connection.authentication
        if let role = authentication.roleToAssume { return "the role \(role)" }
        return switch authentication.base {
        case .auto: "the server's default AWS credentials"
        case .accessKey(let id, _): "the access key \(id)"
        }
    }

    private var instanceARN: String {
        "arn:\(proposal.connection.region.partition):s3:\(region):\(accountID):access-grants/default"
    }

    private var pathARN: String {
        "arn:\(proposal.connection.region.partition):s3:::\(proposal.path.bucket ?? "*")"
    }

    func identityFailed(_ problem: AWSProblem) -> String {
        if let common = common(problem) { return common }
        if problem.action == "sts:AssumeRole", let role = proposal.connection.authentication.roleToAssume {
            return """
                \(problem.summary) Let the trust policy of \(role) allow sts:AssumeRole to the base credentials with \
                the external id \(proposal.connection.externalID), and allow them sts:AssumeRole on it.
                """
        }
        return "\(problem.summary) Check the access key of \(principal): it must exist, be active and unexpired."
    }

    func otherAccount(_ caller: CallerIdentity, isShared: Bool) -> String {
        let facts = "The credentials belong to \(caller.arn) in account \(caller.accountID), not to \(accountID)."
        return isShared
            ? "\(facts) AWS lets that account use the Access Grants instance \(instanceARN) across accounts."
            : "\(facts) Give credentials of account \(accountID), or a role of it in config.awsRoleToAssume."
    }

    func instanceFailed(_ problem: AWSProblem, caller: CallerIdentity?) -> String {
        if problem.code == "AccessGrantsInstanceNotExistsError" {
            return """
                \(problem.summary) Account \(accountID) has no S3 Access Grants instance in \(region). Create it: \
                aws s3control create-access-grants-instance --account-id \(accountID) --region \(region)
                """
        }
        return refused(problem, caller: caller, permission: "s3:GetAccessGrantsInstance", resource: instanceARN)
    }

    func listingFailed(_ problem: AWSProblem) -> String {
        if let elsewhere = problem.bucketRegion, elsewhere != region {
            return """
                The bucket of \(proposal.path) is in \(elsewhere), not in \(region). A location must be in the Region \
                of its bucket: set config.awsRegion to \(elsewhere), or choose a bucket in \(region).
                """
        }
        if problem.code == "NoSuchBucket" {
            return
                "\(problem.summary) The bucket of \(proposal.path) does not exist. Create it, or mend config.awsLocationPath."
        }
        let permission = proposal.path.bucket == nil ? "s3:ListAllMyBuckets" : "s3:ListBucket"
        return refused(problem, caller: nil, permission: permission, resource: pathARN)
    }

    func locationsFailed(_ problem: AWSProblem) -> String {
        refused(problem, caller: nil, permission: problem.action, resource: instanceARN)
    }

    func locationExists(_ location: AWSLocation) -> String {
        """
        Access Grants location already exists on provided path. It is \(location.id) on \(location.scope) with the \
        role \(location.roleARN). Remove it from account \(accountID) in \(region), or choose another path.
        """
    }

    var isFull: String { "The Access Grants instance of account \(accountID) in \(region) is full." }

    func noLocationsLeft(_ used: Int, of quota: Int) -> String {
        """
        \(locationsUsed(used, of: quota)) Remove locations from account \(accountID) in \(region), or ask AWS Support for \
        a higher quota and set quota.locations to it.
        """
    }

    func fewLocationsLeft(_ used: Int, of quota: Int) -> String {
        """
        \(locationsUsed(used, of: quota)) Ask AWS Support for a higher quota in time, and set quota.locations to it.
        """
    }

    private func locationsUsed(_ used: Int, of quota: Int) -> String {
        "The Access Grants instance \(instanceARN) has \(used) of the \(quota) locations of its quota."
    }

    /// `nil` when it is there with its role.
    func ownLocation(_ location: AWSLocation?, expectedRole: IAMRoleARN) -> String? {
        guard let location else {
            return """
                The Access Grants location of this integration on \(proposal.path) is gone from account \(accountID) \
                in \(region). Use PUT to make it again.
                """
        }
        guard location.roleARN == expectedRole.description else {
            return """
                The Access Grants location \(location.id) on \(location.scope) has the role \(location.roleARN), \
                not \(expectedRole). Use PUT to set it again.
                """
        }
        return nil
    }

    private func refused(
        _ problem: AWSProblem, caller: CallerIdentity?, permission: String, resource: String
    ) -> String {
        if let common = common(problem) { return common }
        let who = caller?.arn ?? principal
        guard problem.code.contains("AccessDenied") || problem.code.contains("Unauthorized") || problem.code == "403"
        else { return "\(problem.summary) It was asked by \(who) of \(resource)." }
        return "\(problem.summary) Allow \(permission) on \(resource) to \(who)."
    }

    /// Advice that does not depend on the call.
    private func common(_ problem: AWSProblem) -> String? {
        switch problem.kind {
        case .unreachable:
            "\(problem.summary) Check that this server reaches AWS in \(region): name resolution, proxy, firewall, endpoint settings."
        case .throttled:
            "\(problem.summary) AWS is throttling account \(accountID) in \(region): try again in a minute."
        case .serviceFault: "\(problem.summary) The fault is in AWS: try again in a minute."
        case .credentials:
            "\(problem.summary) Give the server AWS credentials, or use authenticationType accessKey."
        case .refused:
            switch problem.code {
            case "InvalidAccessKeyId", "InvalidClientTokenId":
                "\(problem.summary) AWS does not know \(principal): check config.awsAccessKeyId."
            case "SignatureDoesNotMatch":
                "\(problem.summary) The secret does not belong to \(principal): check config.awsSecretAccessKey."
            case "ExpiredToken", "ExpiredTokenException":
                "\(problem.summary) The session of \(principal) has expired: renew it."
            default: nil
            }
        }
    }
}
