import AWS
import Transport

extension AWSRuntime {
    /// As the variables say.
    ///
    /// - Throws: `AWSError`, naming the variable that cannot be read.
    init(_ environment: [String: String], transport: any DocumentTransport) throws(AWSError) {
        self.init(
            transport: transport, endpoints: try EndpointConfiguration(environment: environment),
            retry: try RetryPolicy(environment: environment))
    }
}
