// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
]

/// Tests read fixtures and start processes through Foundation, so strict memory safety is not asked of them.
let testSettings = Array(settings.dropLast())

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncAlgorithms = Target.Dependency.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "sluice",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: ["JSON"]),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .target(name: "Domain", dependencies: [logging], swiftSettings: settings),
        .target(
            name: "Migrations", path: "Migrations",
            resources: [.embedInCode("SQL")],
            swiftSettings: settings),
        .target(name: "OpenAPIDocument", path: "OpenAPI", exclude: ["openapi.yaml"]),
        .target(
            name: "Store", dependencies: ["Domain", "Migrations", "SQLiteStatements", crypto, grdb, logging],
            swiftSettings: settings),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(
            name: "Transport",
            dependencies: [
                "CCurl", asyncHTTPClient, httpTypes, logging, nioCore, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: settings),
        .target(name: "SigV4", dependencies: [crypto, httpTypes], swiftSettings: settings),
        .target(name: "XML", swiftSettings: settings),
        .target(
            name: "AWS", dependencies: ["SigV4", "Transport", "XML", crypto, httpTypes, logging, nioCore],
            swiftSettings: settings),
        .target(
            name: "S3Server",
            dependencies: [
                "SigV4", "XML", crypto, httpTypes, hummingbird, hummingbirdCore, logging, nioCore, nioHTTP1,
                nioHTTPTypes, nioHTTPTypesHTTP1,
            ],
            swiftSettings: settings),
        .target(name: "SQLiteStatements", dependencies: [grdb, grdbSQLite], swiftSettings: settings),
        .target(
            name: "Gateway",
            dependencies: [
                "AWS", "Domain", "S3Server", "SigV4", "Transport", "XML", crypto, httpTypes, hummingbird, logging,
                metrics, nioCore, nioHTTPTypes,
            ],
            swiftSettings: settings),
        .target(
            name: "Sandbox",
            dependencies: [
                "S3Server", "SQLiteStatements", "SigV4", "XML", crypto, grdb, httpTypes, hummingbird, hummingbirdCore,
                hummingbirdTLS, logging, nioCore, nioPosix, nioSSL,
            ],
            swiftSettings: settings),
        .target(
            name: "API",
            dependencies: ["Domain", "OpenAPIDocument", crypto, httpTypes, hummingbird, logging, metrics, nioCore],
            swiftSettings: settings),
        .target(
            name: "Worker",
            dependencies: ["AWS", "Domain", asyncAlgorithms, httpTypes, logging, metrics, serviceLifecycle],
            swiftSettings: settings),
        .target(
            name: "App",
            dependencies: [
                "API", "AWS", "Domain", "Gateway", "S3Server", "Sandbox", "SigV4", "Store", "Transport", "Worker",
                "XML",
                argumentParser, configuration, coreMetrics, crypto, httpTypes, hummingbird, logging, metrics, nioCore,
                serviceLifecycle, unixSignals,
            ],
            swiftSettings: settings),
        .executableTarget(name: "sluice", dependencies: ["App"], swiftSettings: settings),

        .target(name: "TestSupport", dependencies: ["Domain"], path: "Tests/TestSupport", swiftSettings: testSettings),
        .target(
            name: "FuzzTargets", dependencies: ["S3Server", "SigV4", "XML", httpTypes, nioCore],
            path: "Tests/FuzzTargets", swiftSettings: testSettings),
    ]
        + [
            test("DomainTests", ["Domain", "TestSupport"]),
            test("StoreTests", ["Domain", "Migrations", "SQLiteStatements", "Store", "TestSupport", grdb]),
            test(
                "TransportTests", ["TestSupport", "Transport", httpTypes, hummingbird, logging, nioCore, nioPosix],
                exclude: ["http2_server.js", "tls_server.py"]),
            test(
                "SigV4Tests", ["SigV4", "TestSupport", httpTypes], exclude: ["sign_with_botocore.py"],
                resources: [.copy("Vectors")]),
            test("XMLTests", ["XML"]),
            test("AWSTests", ["AWS", "Sandbox", "SigV4", "TestSupport", "Transport", httpTypes, logging, nioCore]),
            test(
                "S3ServerTests",
                ["S3Server", "SigV4", "TestSupport", "XML", httpTypes, nioCore, nioEmbedded, nioHTTPTypes, nioPosix]),
            test("FuzzTests", ["FuzzTargets"], resources: [.copy("Seeds")]),
            test(
                "SandboxTests",
                [
                    "S3Server", "Sandbox", "SigV4", "TestSupport", "Transport", "XML", grdb, httpTypes, hummingbird,
                    hummingbirdTesting, logging,
                    nioCore, nioPosix,
                ]),
            test(
                "APITests",
                [
                    "API", "Domain", "OpenAPIDocument", "Store", "TestSupport", httpTypes, hummingbird,
                    hummingbirdTesting, nioCore, yams,
                ]),
            test(
                "GatewayTests",
                [
                    "AWS", "Domain", "Gateway", "S3Server", "SigV4", "TestSupport", "Transport", httpTypes, logging,
                    nioCore, nioPosix,
                ]),
            test("WorkerTests", ["AWS", "Domain", "Store", "TestSupport", "Worker", logging]),
            test(
                "AppTests",
                ["App", "Domain", "TestSupport", "Transport", coreMetrics, httpTypes, logging, serviceLifecycle]),
            test(
                "EndToEndTests",
                [
                    "API", "AWS", "App", "Domain", "Sandbox", "SigV4", "Store", "TestSupport", "Transport",
                    httpTypes, hummingbird, hummingbirdTesting, logging, nioCore,
                ]),
        ]
)

// libFuzzer brings its own entry point, so this target exists only for `make fuzz`.
if Context.environment["SLUICE_FUZZER"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzzer",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
}

func test(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: testSettings)
}
