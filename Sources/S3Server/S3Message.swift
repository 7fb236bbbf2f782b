public import HTTPTypes

/// A request to S3 whose sender is known and whose operation is decided.
public struct S3Request: Sendable {
    public var route: S3Route
    public var query: QueryItems
    public var headers: HTTPFields
    public var body: S3Upload

    public init(route: S3Route, query: QueryItems, headers: HTTPFields, body: S3Upload) {
        self.route = route
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// An answer of S3, without request ids and `Date`.
public struct S3Response: Sendable {
    public enum Body: Sendable {
        case none
        /// Of an answer to HEAD: the length GET's body would have.
        case unsent(length: Int)
        case bytes([UInt8])
        case content(S3Content)
    }

    public var status: Int
    public var headers: HTTPFields
    public var body: Body

    public init(status: Int = 200, headers: HTTPFields = [:], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static func xml(_ body: [UInt8], headers: HTTPFields = [:]) -> S3Response {
        var response = S3Response(headers: headers, body: .bytes(body))
        response.headers[.contentType] = "application/xml"
        return response
    }
}
