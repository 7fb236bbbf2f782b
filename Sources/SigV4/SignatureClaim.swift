public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a request says about who signed it, and how; nothing of it is verified.
public struct SignatureClaim: Sendable, Equatable {
    /// Where the signature stands.
    public enum Location: Sendable, Equatable {
        /// In the `Authorization` header.
        case header
        /// In the query of a presigned URL.
        case query
    }

    public var location: Location
    public var accessKeyID: String
    public var scope: CredentialScope
    /// Lower case, sorted, without repetition.
    public var signedHeaders: [String]
    /// 64 lower-case hexadecimal digits.
    public var signature: String
    /// When the request was signed.
    public var date: Date
    /// `date` as it stands in the string to sign.
    public var timestamp: String
    /// For how many seconds from `date` on a presigned request is valid: 1 to 604,800. nil in a header.
    public var expires: Int?
    public var sessionToken: String?
    /// What `x-amz-content-sha256` says; nil when it is not sent.
    public var payload: PayloadHash?

    /// The claim in the request's `Authorization` header or query.
    ///
    /// Throws `.missingAuthentication`, `.multipleAuthentications`, `.unsupportedAlgorithm`, `.malformedAuthorization`,
    /// `.malformedQuery`, `.missingDate` or `.invalidPayloadHash`.
    ///
    /// - Parameter query: the request's, where it has been decoded already.
    public init(_ request: HTTPRequest, query: [QueryParameter]? = nil) throws(SigV4Error) {
        guard let parameters = query ?? URIEncoding.parameters(RequestTarget(request).query) else {
            throw .malformedQuery("the query is not percent-encoded UTF-8")
        }
        let query = try PresignedQuery(parameters)
        let headers = request.headerFields[values: .authorization]
        switch (headers.count, query) {
        case (0, nil): throw .missingAuthentication
        case (0, let query?): try self.init(request, query: query)
        case (1, nil): try self.init(request, authorization: headers[0])
        case (_, nil): throw .malformedAuthorization("more than one Authorization header")
        case (_, _?): throw .multipleAuthentications
        }
    }

    private init(_ request: HTTPRequest, authorization: String) throws(SigV4Error) {
        let header = try AuthorizationHeader(authorization)
        guard let date = Self.date(of: request) else { throw .missingDate }
        location = .header
        (accessKeyID, scope) = try Self.credential(header.credential, .header)
        signedHeaders = try Self.signedHeaders(header.signedHeaders, .header)
        signature = try Self.signature(header.signature, .header)
        self.date = date
        timestamp = AmzDate.format(date)
        sessionToken = request.headerFields[.amzSecurityToken]
        payload = try Self.payload(request.headerFields[.amzContentSHA256])
    }

    private init(_ request: HTTPRequest, query: PresignedQuery) throws(SigV4Error) {
        guard let date = AmzDate.parse(query.date) else {
            throw .malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        }
        location = .query
        (accessKeyID, scope) = try Self.credential(Substring(query.credential), .query)
        signedHeaders = try Self.signedHeaders(Substring(query.signedHeaders), .query)
        signature = try Self.signature(Substring(query.signature), .query)
        self.date = date
        timestamp = query.date
        expires = try Self.expires(query.expires)
        sessionToken = query.sessionToken
        payload = try Self.payload(query.payload ?? request.headerFields[.amzContentSHA256])
    }
}

// MARK: - Parts

extension SignatureClaim {
    /// A week, the longest a presigned URL may live.
    static let longestExpires = 604_800

    private static func malformed(_ reason: String, _ location: Location) -> SigV4Error {
        switch location {
        case .header: .malformedAuthorization(reason)
        case .query: .malformedQuery(reason)
        }
    }

    /// `x-amz-date`, else `Date`.
    private static func date(of request: HTTPRequest) -> Date? {
        let dates = request.headerFields[values: .amzDate]
        if let first = dates.first { return dates.count == 1 ? AmzDate.parse(first) : nil }
        let headers = request.headerFields[values: .date]
        guard headers.count == 1 else { return nil }
        return AmzDate.parse(headers[0]) ?? AmzDate.parseHTTPDate(headers[0])
    }

    private static func credential(
        _ text: Substring, _ location: Location
    ) throws(SigV4Error) -> (String, CredentialScope) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 5, parts.allSatisfy({ !$0.isEmpty && $0.count <= 128 }),
            parts[4].elementsEqual("aws4_request".utf8), parts[1].count == 8,
            parts[1].allSatisfy({ (0x30...0x39).contains($0) })
        else {
            throw malformed(
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
                location)
        }
        let texts = parts.map { String(Substring($0)) }
        return (texts[0], CredentialScope(day: texts[1], region: texts[2], service: texts[3]))
    }

    private static func signedHeaders(_ text: Substring, _ location: Location) throws(SigV4Error) -> [String] {
        let names = text.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        for (index, name) in names.enumerated() {
            guard !name.isEmpty, !name.utf8.contains(where: { (0x41...0x5A).contains($0) || $0 <= 0x20 || $0 >= 0x7F })
            else { throw malformed("SignedHeaders holds something that is not a lower-case header name", location) }
            guard index == 0 || names[index - 1].utf8.lexicographicallyPrecedes(name.utf8) else {
                throw malformed("SignedHeaders is not sorted", location)
            }
        }
        return names
    }

    /// Any text is a signature: one of another form than ours is one that does not match.
    private static func signature(_ text: Substring, _ location: Location) throws(SigV4Error) -> String {
        guard !text.isEmpty else { throw malformed("the Signature is empty", location) }
        return String(text)
    }

    private static func expires(_ text: String) throws(SigV4Error) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let expires = Int(text) else {
            throw .malformedQuery(
                text.hasPrefix("-") ? "X-Amz-Expires must be non-negative" : "X-Amz-Expires should be a number")
        }
        guard expires <= longestExpires else {
            throw .malformedQuery(
                """
                X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than \
                604800 seconds
                """)
        }
        guard expires >= 1 else { throw .malformedQuery("X-Amz-Expires must be positive") }
        return expires
    }

    private static func payload(_ text: String?) throws(SigV4Error) -> PayloadHash? {
        guard let text else { return nil }
        guard let payload = PayloadHash(header: text) else { throw .invalidPayloadHash(text) }
        return payload
    }
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
private struct AuthorizationHeader {
    var credential: Substring
    var signedHeaders: Substring
    var signature: Substring

    init(_ text: String) throws(SigV4Error) {
        let space = text.firstIndex(of: " ") ?? text.endIndex
        guard text[..<space] == "AWS4-HMAC-SHA256" else { throw .unsupportedAlgorithm(String(text[..<space])) }
        var values: [Substring: Substring] = [:]
        for part in text[space...].split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.trimmingSpaces
            guard let mark = part.firstIndex(of: "=") else {
                throw .malformedAuthorization("a part of the header is not of the form name=value")
            }
            guard values.updateValue(part[mark...].dropFirst(), forKey: part[..<mark]) == nil else {
                throw .malformedAuthorization("a part of the header stands there twice")
            }
        }
        guard let credential = values["Credential"], let signedHeaders = values["SignedHeaders"],
            let signature = values["Signature"], values.count == 3
        else {
            throw .malformedAuthorization("the parts of the header are Credential, SignedHeaders and Signature")
        }
        self.credential = credential
        self.signedHeaders = signedHeaders
        self.signature = signature
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let start = drop { $0 == " " }
        let end = start.lastIndex { $0 != " " }
        return end.map { start[...$0] } ?? start
    }
}

/// The `X-Amz-…` parameters of a presigned URL, decoded.
private struct PresignedQuery {
    var credential: String
    var date: String
    var expires: String
    var signedHeaders: String
    var signature: String
    var sessionToken: String?
    var payload: String?

    /// nil when the query holds no signature.
    init?(_ query: [QueryParameter]) throws(SigV4Error) {
        var fields = Fields()
        for parameter in query where parameter.name.utf8.starts(with: "X-Amz-".utf8) { try fields.set(parameter) }
        if fields.algorithm == nil, fields.signature == nil { return nil }
        if let algorithm = fields.algorithm, algorithm != "AWS4-HMAC-SHA256" {
            throw .unsupportedAlgorithm(algorithm)
        }
        guard fields.algorithm != nil, let credential = fields.credential, let date = fields.date,
            let expires = fields.expires, let signedHeaders = fields.signedHeaders, let signature = fields.signature
        else {
            throw .malformedQuery(
                """
                Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
                X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.
                """)
        }
        self.credential = credential
        self.date = date
        self.expires = expires
        self.signedHeaders = signedHeaders
        self.signature = signature
        sessionToken = fields.sessionToken
        payload = fields.payload
    }

    /// What stands in the query, complete or not.
    private struct Fields {
        var algorithm, credential, date, expires, signedHeaders, signature, sessionToken, payload: String?

        mutating func set(_ parameter: QueryParameter) throws(SigV4Error) {
            switch parameter.name {
            case "X-Amz-Algorithm": try Self.set(&algorithm, parameter)
            case "X-Amz-Credential": try Self.set(&credential, parameter)
            case "X-Amz-Date": try Self.set(&date, parameter)
            case "X-Amz-Expires": try Self.set(&expires, parameter)
            case "X-Amz-SignedHeaders": try Self.set(&signedHeaders, parameter)
            case "X-Amz-Signature": try Self.set(&signature, parameter)
            case "X-Amz-Security-Token": try Self.set(&sessionToken, parameter)
            case "X-Amz-Content-Sha256": try Self.set(&payload, parameter)
            default: break
            }
        }

        private static func set(_ field: inout String?, _ parameter: QueryParameter) throws(SigV4Error) {
            guard field == nil else { throw .malformedQuery("\(parameter.name) stands there twice") }
            field = parameter.value
        }
    }
}
