import API
import AWS
import Domain
import Gateway
import Hummingbird
import Logging
import NIOCore
import S3Server
import Sandbox
import ServiceLifecycle
import Store
import Synchronization
import Transport
import UnixSignals
import Worker

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The control plane: everything wired, in the order in which it starts; it ends in the opposite order.
struct Server {
    /// What a shutdown may take: the workers come to their next commit, answers under way are finished.
    static let shutdownDeadline: Duration = .seconds(20)

    let settings: Settings
    let metrics: PrometheusRegistry
    let logger: Logger

    /// Everything, ready to be run; with `sandbox`, the embedded AWS first.
    ///
    /// - Parameters:
    ///   - signals: Those that end it.
    ///   - ready: Told the address once requests are answered.
    /// - Throws: what must be mended before it can start; running it throws the same.
    func group(
        signals: [UnixSignal] = [.sigterm, .sigint], ready: @escaping @Sendable (ServerAddress) async -> Void
    ) async throws -> ServiceGroup {
        guard settings.sandbox else {
            return try await controlPlane(settings.awsEnvironment, signals: signals, ready: ready)
        }
        let aws = try await EmbeddedAWS(
            directory: settings.database + ".sandbox", users: try settings.sandboxUsers.map(SandboxUser.read) ?? [],
            port: settings.sandboxPort, logger: logger.labeled("sandbox"))
        let controlPlane = ControlPlaneOnSandbox(server: self, aws: aws, ready: ready)
        return grouped([aws, controlPlane], signals: signals)
    }

    /// Waits for the embedded AWS, whose port is known only then.
    private struct ControlPlaneOnSandbox: Service {
        let server: Server
        let aws: EmbeddedAWS
        let ready: @Sendable (ServerAddress) async -> Void

        func run() async throws {
            let endpoint = try await aws.address.description
            Terminal.error("The embedded AWS is at \(endpoint)")
            let environment = EmbeddedAWS.environment(endpoint: endpoint, over: server.settings.awsEnvironment)
            try await server.controlPlane(environment, signals: [], ready: ready).run()
        }
    }

    /// The control plane on whatever AWS the environment leads to.
    private func controlPlane(
        _ environment: [String: String], signals: [UnixSignal],
        ready: @escaping @Sendable (ServerAddress) async -> Void
    ) async throws -> ServiceGroup {
        let store = try await openStore()
        let transport = try CurlTransport(.init(caBundle: environment["AWS_CA_BUNDLE"]))
        let objects = try StreamingTransport(
            .init(caBundle: environment["AWS_CA_BUNDLE"], proxies: ProxyRules(environment: environment)))
        let runtime = try AWSRuntime(environment, transport: transport)
        let aws = AWSAccessGrantsService(
            runtime, auto: DefaultCredentialChain(runtime, environment: environment))
        let departures = ClientDepartures()
        let gateway = GatewayResponder(
            settings.gateway, store: store.database, runtime: runtime, objects: objects, aws: aws,
            departures: departures, logger: logger.labeled("gateway"))
        let parts = Parts(
            store: store, aws: aws, gateway: gateway, departures: departures,
            hook: CrashRehearsal.hook(environment: environment, sandbox: settings.sandbox))
        let bells = Bells()
        let drift = driftLook(parts, bells)
        let check = recurringCheck(parts, drift)
        let workers = Workers(
            integrations: reconciler(parts, check, bells), grants: grantReconciler(parts, check, bells))
        bells.hang(workers)
        let services: [any Service] = [
            ShutdownService { try await store.database.close() }, ShutdownService { transport.shutdown() },
            ShutdownService { await objects.shutdown() },
            workers.integrations, workers.grants, check, application(parts, workers, drift, ready: ready),
        ]
        return grouped(services, signals: signals)
    }

    private func grouped(_ services: [any Service], signals: [UnixSignal]) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: signals, logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.shutdownDeadline
        return ServiceGroup(configuration: configuration)
    }

    /// Rings workers for those who are made before them.
    private final class Bells: Sendable {
        private let workers = Mutex<Workers?>(nil)

        func hang(_ workers: Workers) { self.workers.withLock { $0 = workers } }
        func wakeIntegrations() { workers.withLock(\.self)?.integrations.wake() }
        func wakeGrants() { workers.withLock(\.self)?.grants.wake() }
    }

    private struct Workers: Sendable {
        let integrations: IntegrationReconciler
        let grants: GrantReconciler

        func wake() {
            integrations.wake()
            grants.wake()
        }
    }

    /// What API and workers share.
    private struct Parts {
        let store: OpenStore
        let integrations: any IntegrationRepository
        let grants: any GrantRepository
        let aws: any AccessGrantsService
        let gateway: GatewayResponder
        let departures: ClientDepartures
        let changes = IntegrationChanges()

        init(
            store: OpenStore, aws: any AccessGrantsService, gateway: GatewayResponder, departures: ClientDepartures,
            hook: FaultHook?
        ) {
            self.store = store
            self.gateway = gateway
            self.departures = departures
            guard let hook else {
                integrations = store.database.integrations
                grants = store.database.grants
                self.aws = aws
                return
            }
            integrations = FaultPointIntegrationRepository(store.database.integrations, hook: hook)
            grants = FaultPointGrantRepository(store.database.grants, hook: hook)
            self.aws = FaultPointAccessGrantsService(aws, hook: hook)
        }
    }

    private func openStore() async throws -> OpenStore {
        let store = try await OpenStore.open(settings, makingDatabase: true)
        for name in store.database.appliedMigrations {
            logger.info("schema migrated", metadata: ["migration": "\(name)"])
        }
        let file = try await FirstAdministrator.make(
            in: store.database.identities, given: settings.bootstrapAPIKey, database: settings.database)
        if let file { Terminal.error("The first administrator's API key is in \(file); read it and delete the file.") }
        return store
    }

    private func reconciler(_ parts: Parts, _ check: RecurringCheck, _ bells: Bells) -> IntegrationReconciler {
        IntegrationReconciler(
            repository: parts.integrations, grants: parts.grants, service: parts.aws,
            logger: logger.labeled("reconciler"),
            announce: { id in
                parts.changes.announce(id)
                check.wake()
                bells.wakeGrants()
            })
    }

    private func driftLook(_ parts: Parts, _ bells: Bells) -> DriftLook {
        DriftLook(
            grants: parts.grants, drift: parts.store.database.drift, service: parts.aws, quotas: settings.quotas,
            logger: logger.labeled("drift"), wake: bells.wakeGrants)
    }

    private func grantReconciler(_ parts: Parts, _ check: RecurringCheck, _ bells: Bells) -> GrantReconciler {
        var options = GrantOptions()
        options.rules.quota = settings.quotas.grants
        return GrantReconciler(
            repository: parts.grants, integrations: parts.integrations, service: parts.aws, options: options,
            logger: logger.labeled("grants"),
            announce: { progress in
                // A location may wait for its last grant.
                if !progress.integrations.isEmpty { bells.wakeIntegrations() }
                if !progress.toCheck.isEmpty { check.wake() }
            })
    }

    private func recurringCheck(_ parts: Parts, _ drift: DriftLook) -> RecurringCheck {
        RecurringCheck(
            repository: parts.integrations, service: parts.aws, drift: drift,
            interval: TimeInterval(settings.validationInterval.components.seconds),
            logger: logger.labeled("recurring-check"), announce: parts.changes.announce)
    }

    private func application(
        _ parts: Parts, _ workers: Workers, _ drift: DriftLook,
        ready: @escaping @Sendable (ServerAddress) async -> Void
    ) -> any Service {
        let store = parts.store
        let dependencies = APIDependencies(
            integrations: parts.integrations, dataSources: store.database.dataSources,
            identities: store.database.identities, audit: store.database.audit,
            validator: IntegrationValidator(service: parts.aws, quotas: settings.quotas), drift: drift,
            externalIDs: store.database.externalIDs,
            changes: parts.changes, wake: { workers.wake() },
            probes: APIProbes(
                readiness: [ReadinessCheck("database") { await store.isReady }],
                metrics: { [metrics] in metrics.text(and: store.metrics.counts.series) }),
            middleware: [MetricsMiddleware<APIRequestContext>()])
        let hostname = settings.hostname
        let application = Application(
            responder: FrontDoor(api: apiRouter(dependencies).buildResponder(), gateway: parts.gateway),
            server: .http1OnEventLoops(
                configuration: .init(additionalChannelHandlers: [ContinueHandler(), DepartureHandler(parts.departures)])
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(hostname, port: settings.port), serverName: nil),
            onServerRunning: { channel in
                await ready(ServerAddress(hostname: hostname, port: channel.localAddress?.port ?? 0))
            },
            logger: logger.labeled("http"))
        return ListeningService(application: application, address: settings, closing: parts.changes.close)
    }
}

extension Logger {
    fileprivate func labeled(_ part: String) -> Logger {
        var logger = self
        logger[metadataKey: "part"] = "\(part)"
        return logger
    }
}
