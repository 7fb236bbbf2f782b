public import Transport

/// What all clients share: the way out, the endpoints, and how failures are met.
public struct AWSRuntime: Sendable {
    public var transport: any DocumentTransport
    public var endpoints: EndpointConfiguration
    public var retry: RetryPolicy
    public var time: AWSTime
    public var observer: (any AWSCallObserver)?
    /// The longest a connection may take.
    public var connectTimeout: Duration
    /// The longest one attempt may take; a call's deadline shortens it.
    public var attemptTimeout: Duration
    let quota: RetryQuota
    let skew = ClockSkew()

    public init(
        transport: any DocumentTransport,
        endpoints: EndpointConfiguration = EndpointConfiguration(),
        retry: RetryPolicy = RetryPolicy(),
        time: AWSTime = .system,
        quota: RetryQuota = RetryQuota(),
        observer: (any AWSCallObserver)? = nil,
        connectTimeout: Duration = .milliseconds(3100),
        attemptTimeout: Duration = .seconds(30)
    ) {
        self.transport = transport
        self.endpoints = endpoints
        self.retry = retry
        self.time = time
        self.quota = quota
        self.observer = observer
        self.connectTimeout = connectTimeout
        self.attemptTimeout = attemptTimeout
    }
}
