#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which requests go through which proxy, by the variables and rules of libcurl, so that documents and objects take the
/// same way: `http_proxy` (lower case only), `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`, `no_proxy`, `NO_PROXY`.
public struct ProxyRules: Sendable, Equatable {
    var http: ProxyAddress?
    var https: ProxyAddress?
    /// Hosts, and domains with all below them; `*` for every host.
    var excluded: [String]

    /// No proxy.
    public init() {
        excluded = []
    }

    public init(environment: [String: String]) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let all = value("all_proxy", "ALL_PROXY")
        http = (value("http_proxy") ?? all).flatMap(ProxyAddress.init)
        https = (value("https_proxy", "HTTPS_PROXY") ?? all).flatMap(ProxyAddress.init)
        excluded = (value("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0 == " " }
            .map { $0.lowercased() }.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
    }

    func proxy(scheme: String, authority: String) -> ProxyAddress? {
        guard let proxy = scheme == "https" ? https : http else { return nil }
        var host = authority.lowercased()
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            host = String(host[host.index(after: host.startIndex)..<end])
        } else if let colon = host.lastIndex(of: ":") {
            host = String(host[..<colon])
        }
        let isExcluded = excluded.contains { $0 == "*" || host == $0 || host.hasSuffix("." + $0) }
        return isExcluded ? nil : proxy
    }
}

/// `[http://][user:password@]host[:port]`; libcurl's port is 1080 where none is given.
struct ProxyAddress: Sendable, Hashable {
    var host: String
    var port: Int
    /// `user:password` in base64.
    var credentials: String?

    init?(_ text: String) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        if let at = rest.lastIndex(of: "@") {
            credentials = Data(Self.decoded(rest[..<at])).base64EncodedString()
            rest = rest[rest.index(after: at)...]
        }
        port = 1080
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else { return nil }
            port = number
            rest = rest[..<colon]
        }
        guard !rest.isEmpty else { return nil }
        host = String(rest)
    }

    /// A `%` that begins no triplet stands for itself.
    private static func decoded(_ text: Substring) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), text.utf8)
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
