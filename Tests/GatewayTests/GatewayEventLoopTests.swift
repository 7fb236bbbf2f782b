import Gateway
import NIOPosix
import S3Server
import Testing

/// What goes to upstream goes from the event loop of the client's connection, on which upstream's connection then is too.
@Suite struct GatewayEventLoopTests {
    /// Runs `body` as a client's request is run. Returns how often upstream was asked, and how often from the client's loop.
    private func asked(
        _ body: @escaping @Sendable (GatewayStage) async throws -> Void
    ) async throws -> (count: Int, fromLoop: Int) {
        let stage = try GatewayStage()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        try await Task(executorPreference: EventLoopExecutor(eventLoop)) { try await body(stage) }.value
        let loops = stage.upstream.eventLoops
        return (loops.count, loops.count { $0 === eventLoop })
    }

    @Test func `an object is asked for from the client's event loop`() async throws {
        let asked = try await asked { stage in
            let object = S3ObjectName(bucket: "immuta", key: "raw/a")
            _ = try await stage.backend.getObject(object, S3Reading(), stage.call(GatewayStage.reader))
        }
        #expect(asked == (1, 1))
    }

    @Test(arguments: [1, 1_000])
    func `each page of a listing is asked for from the client's event loop, long ones too`(keys: Int) async throws {
        let asked = try await asked { stage in
            let contents = (0..<keys).map { "<Contents><Key>raw/\($0)</Key><Size>1</Size></Contents>" }.joined()
            stage.upstream.answer(
                200,
                """
                <ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>
                \(contents)</ListBucketResult>
                """)
            let listing = S3Listing(bucket: "immuta", prefix: "raw/", limit: keys + 1)
            // The same page again is refused.
            await #expect(throws: S3Error.internalError) {
                try await stage.backend.listObjects(listing, stage.call(GatewayStage.reader))
            }
        }
        #expect(asked == (2, 2))
    }
}
