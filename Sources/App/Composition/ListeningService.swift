import Hummingbird
import NIOCore
import ServiceLifecycle

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Where a server is reached.
struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    var hostname: String
    var port: Int
    var scheme = "http"

    /// `http://HOST:PORT`; an IPv6 address stands in brackets.
    var description: String {
        hostname.contains(":") ? "\(scheme)://[\(hostname)]:\(port)" : "\(scheme)://\(hostname):\(port)"
    }
}

/// The HTTP server, with errors of listening in words, and long waits ended at a shutdown.
struct ListeningService<Application: ApplicationProtocol>: Service {
    let application: Application
    let address: Settings
    let closing: @Sendable () -> Void

    func run() async throws {
        do {
            try await withGracefulShutdownHandler {
                try await application.run()
            } onGracefulShutdown: {
                closing()
            }
        } catch let error as IOError {
            throw CommandFailure(ListeningFailure.text(error, hostname: address.hostname, port: address.port))
        }
    }
}

enum ListeningFailure {
    static func text(_ error: IOError, hostname: String, port: Int, option: String = "--port") -> String {
        switch error.errnoCode {
        case EADDRINUSE: "Port \(port) of \(hostname) is in use: choose another one with \(option)."
        case EACCES: "Port \(port) may not be listened on by this user: choose one above 1023 with \(option)."
        case EADDRNOTAVAIL: "\(hostname) is no address of this machine: choose another one with --hostname."
        default: "\(hostname) port \(port) cannot be listened on: \(error)"
        }
    }
}
