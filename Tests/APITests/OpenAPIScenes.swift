import Domain
import HTTPTypes
import TestSupport

@testable import API

/// What must be so for an operation's example to be answered as described.
struct ExampleScene: Sendable {
    var stage = APIStage()
    /// Sent first.
    var before: [APIStage.Sent] = []

    static func named(_ name: String) -> ExampleScene {
        if let scene = table[name] ?? dataSourceTable[name] { return scene }
        let operation = name.prefix { $0 != "/" }
        if dataSourceOperations.contains(String(operation)) { return ExampleScene(stage: APIStage(dataSourceCount: 2)) }
        // An integration like the one to be created must not be there yet.
        return ExampleScene(stage: APIStage(status: name.hasPrefix("createIntegration/") ? nil : .enabled))
    }

    static let table: [String: ExampleScene] = [
        "readiness/notReady": ExampleScene(stage: APIStage(isWorkerReady: false)),
        "listIntegrations/none": ExampleScene(stage: APIStage(status: nil)),
        "createIntegration/dryRunFailing": ExampleScene(stage: APIStage(service: denied, status: nil)),
        "createIntegration/replayed": ExampleScene(stage: APIStage(status: nil), before: [created]),
        "createIntegration/creationFailedBefore": ExampleScene(stage: APIStage(status: .createError)),
        "createIntegration/pathInUse": ExampleScene(),
        "createIntegration/nameInUse": ExampleScene(),
        "createIntegration/locationExists": ExampleScene(stage: APIStage(service: occupied, status: nil)),
        "createIntegration/testFailed": ExampleScene(stage: APIStage(service: denied, status: nil)),
        "createIntegration/keyReused": ExampleScene(stage: APIStage(status: nil), before: [created]),
        "editIntegration/keptSecret": ExampleScene(
            stage: APIStage(authentication: .accessKey(id: "AKIAIOSFODNN7EXAMPLE", secret: Secret("stored")))),
        "editIntegration/editing": ExampleScene(stage: APIStage(status: .editing)),
        "editIntegration/testFailed": ExampleScene(stage: APIStage(service: denied)),
        "deleteIntegration/editing": ExampleScene(stage: APIStage(status: .editing)),
        "deleteIntegration/testFailed": ExampleScene(stage: APIStage(service: denied)),
        "validateIntegration/passed": ExampleScene(stage: APIStage(service: intact)),
        "validateIntegration/testFailed": ExampleScene(stage: APIStage(service: denied)),
        "validateIntegration/contended": ExampleScene(
            stage: APIStage(service: intact, failure: DomainError(.staleRevision, "It was changed meanwhile."))),
        "integrationDrift/neverCompared": ExampleScene(),
        "integrationDrift/refreshed": ExampleScene(stage: APIStage(drift: drifted)),
        "integrationDrift/refused": ExampleScene(stage: APIStage(drift: undrifted)),
        "integrationDrift/disabled": ExampleScene(stage: APIStage(status: .disabled)),
    ]

    private static var drifted: FakeDriftInspector {
        var inspector = FakeDriftInspector()
        var report = DriftReport(checkedAt: Fixtures.now, missing: 2, leftOver: 1)
        report.add(
            foreign: ForeignGrant(
                grantID: "0c2d8a7e-53f5-4a7e-9d53-0a2f6d6b8f11", scope: "s3://sandbox-data/finance/*",
                grantee: Grantee(.iam, "arn:aws:iam::123456789012:role/auditors"), permission: "READ"))
        inspector.next = .success(report)
        inspector.usage = GrantUsage(used: 81_200, quota: 100_000)
        return inspector
    }

    private static var undrifted: FakeDriftInspector {
        var inspector = FakeDriftInspector()
        inspector.next = .failure(
            DomainError(
                .unprocessable,
                "s3:ListAccessGrants was refused: AccessDenied: Access Denied (request 4442587FB7D0A2F9)."))
        return inspector
    }

    /// The bucket's policy does not let Sluice in.
    private static var denied: FakeAccessGrantsService {
        var service = intact
        service.listingProblem = AWSProblem(
            kind: .refused, code: "AccessDenied", message: "Access Denied", action: "s3:ListBucket",
            requestID: "4442587FB7D0A2F9")
        return service
    }

    /// Somebody else's location is on the path.
    private static var occupied: FakeAccessGrantsService {
        var service = FakeAccessGrantsService()
        service.locations = .success([location(role: "somebody-else", scope: "s3://sandbox-data/*")])
        return service
    }

    /// The integration's own location is there.
    private static var intact: FakeAccessGrantsService {
        var service = FakeAccessGrantsService()
        service.location = .success(location(role: "access-grants-location", scope: "s3://sandbox-data/"))
        return service
    }

    private static func location(role: String, scope: String) -> AWSLocation {
        let id = "a35082eb-1a4b-4f5c-9a0d-3d2f8b6c7e10"
        return AWSLocation(
            id: id, arn: "arn:aws:s3:us-east-1:123456789012:access-grants/default/location/\(id)", scope: scope,
            roleARN: Fixtures.role(role).description, createdAt: nil)
    }

    private static var created: APIStage.Sent {
        let config = JSONValue.members([
            "name": .string("analytics"), "awsAccountId": .string("123456789012"), "awsRegion": .string("us-east-1"),
            "awsLocationRole": .string("arn:aws:iam::123456789012:role/access-grants-location"),
            "awsLocationPath": .string("s3://sandbox-data/"), "authenticationType": .string("auto"),
        ])
        let body = JSONValue.members([
            "type": .string("Native S3"), "autoBootstrap": .bool(false), "config": config,
        ])
        return .init(
            method: .post, target: "/integrations",
            headers: SharedErrorScene.headers(json: true, extra: [.idempotencyKey: "first-integration"]),
            body: body.bytes)
    }
}

extension ExampleScene {
    /// Those that find two data sources there.
    private static let dataSourceOperations: Set<String> = [
        "readHandler", "searchDataSources", "readDataSource", "readDataSourceByName", "readDataSourceBySQLTableName",
        "changeDataSource", "deleteDataSource", "listAccess", "giveAccess", "revokeAccess", "refreshDataSources",
    ]

    static let dataSourceTable: [String: ExampleScene] = [
        "registerDataSources/overlapping": ExampleScene(stage: APIStage(dataSourceCount: 1)),
        "registerDataSources/taken": ExampleScene(stage: APIStage(dataSourceCount: 1)),
        "registerDataSources/notEnabled": ExampleScene(stage: APIStage(status: .editing)),
        "registerDataSources/replayed": ExampleScene(before: [registered]),
        "registerDataSources/keyReused": ExampleScene(before: [registered]),
        "changeDataSource/restored": ExampleScene(
            stage: APIStage(dataSourceCount: 1, isFirstDataSourceDisabled: true)),
        "deleteDataSource/deleted": ExampleScene(
            stage: APIStage(dataSourceCount: 1, isFirstDataSourceDisabled: true)),
    ]

    private static var registered: APIStage.Sent {
        let entry = JSONValue.members(["dataSourceName": .string("raw events"), "prefix": .string("raw/events")])
        let body = JSONValue.members([
            "type": .string("Native S3"), "integrationId": .integer(1), "dataSources": .array([entry]),
        ])
        return .init(
            method: .post, target: "/native-s3/handler",
            headers: SharedErrorScene.headers(json: true, extra: [.idempotencyKey: "first-data-sources"]),
            body: body.bytes)
    }
}

/// A request that gets one of the errors described once for all operations.
struct SharedErrorScene: Sendable {
    var stage = APIStage()
    var request: APIStage.Sent

    static let table: [String: SharedErrorScene] = [
        "BadRequest/notAnID": .init(request: .init(target: "/integrations/0", headers: headers())),
        "BadRequest/unknownParameter": .init(request: .init(target: "/integrations?dryrun=true", headers: headers())),
        "BadRequest/notJSON": .init(
            request: .init(
                method: .post, target: "/integrations", headers: headers(json: true), body: Array("{".utf8))),
        "Unauthorized/missing": .init(request: .init(target: "/integrations")),
        "Unauthorized/unknown": .init(request: .init(target: "/integrations", headers: headers("unknown"))),
        "Forbidden/noPermission": .init(
            request: .init(target: "/integrations", headers: headers(APIStage.readerKey))),
        "ManagementForbidden/notOwner": .init(
            stage: APIStage(dataSourceCount: 1),
            request: .init(method: .delete, target: "/dataSource/1", headers: headers(APIStage.readerKey))),
        "AccessForbidden/notOwner": .init(
            stage: APIStage(dataSourceCount: 1),
            request: .init(target: "/dataSource/1/access", headers: headers(APIStage.readerKey))),
        "RegistrationTooLarge/tooLarge": .init(
            request: .init(
                method: .post, target: "/native-s3/handler", headers: headers(json: true),
                body: Array(repeating: UInt8(ascii: " "), count: (8 << 20) + 1))),
        "AccessMediaType/notYAML": .init(
            request: .init(
                method: .post, target: "/dataSource/1/access", headers: headers(extra: [.contentType: "text/plain"]),
                body: Array("{}".utf8))),
        "NotFound/unknownPath": .init(request: .init(target: "/integration", headers: headers())),
        "IntegrationUnknown/unknownIntegration": .init(
            request: .init(method: .post, target: "/integrations/5/scripts/delete", headers: headers())),
        "MethodNotAllowed/wrongMethod": .init(
            request: .init(method: .patch, target: "/integrations", headers: headers())),
        "PreconditionFailed/changed": .init(
            request: .init(method: .delete, target: "/integrations/1", headers: headers(extra: [.ifMatch: "\"1\""]))),
        "ContentTooLarge/tooLarge": .init(
            request: .init(
                method: .post, target: "/integrations", headers: headers(json: true),
                body: Array(repeating: UInt8(ascii: " "), count: (1 << 20) + 1))),
        "UnsupportedMediaType/notJSON": .init(
            request: .init(
                method: .post, target: "/integrations", headers: headers(extra: [.contentType: "text/plain"]),
                body: Array("{}".utf8))),
        "ServerError/internal": .init(
            stage: APIStage(failure: DomainError(.internal, "for the log")),
            request: .init(target: "/integrations", headers: headers())),
        "ServerError/busy": .init(
            stage: APIStage(failure: DomainError(.unavailable, "The database is busy. Try again.")),
            request: .init(target: "/integrations", headers: headers())),
    ]

    static func headers(
        _ key: String = APIStage.administratorKey, json: Bool = false, extra: HTTPFields = [:]
    ) -> HTTPFields {
        var headers = extra
        headers[.authorization] = key
        if json { headers[.contentType] = "application/json" }
        return headers
    }
}
