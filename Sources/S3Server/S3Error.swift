public import HTTPTypes
import XML

/// An error as S3 and its sibling services answer it: a code, an HTTP status and a text for the caller.
public struct S3Error: Error, Sendable, Equatable {
    /// A further element beside `Code` and `Message`, `Region` for one.
    public struct Element: Sendable, Equatable {
        public var name: String
        public var text: String

        public init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    public var code: String
    public var status: Int
    public var message: String
    public var elements: [Element]
    /// Headers of the answer, `x-amz-delete-marker` for one.
    public var headers: HTTPFields

    public init(
        _ code: String, _ status: Int, _ message: String, elements: [Element] = [], headers: HTTPFields = [:]
    ) {
        self.code = code
        self.status = status
        self.message = message
        self.elements = elements
        self.headers = headers
    }

    /// S3's own form: flat and without a namespace, or some clients read an empty code.
    public func document(requestID: String, hostID: String) -> [UInt8] {
        var writer = XMLWriter()
        writer.element("Error") { writer in
            writer.element("Code", code)
            writer.element("Message", message)
            for element in elements { writer.element(element.name, element.text) }
            writer.element("RequestId", requestID)
            writer.element("HostId", hostID)
        }
        return writer.bytes
    }

    /// The form of S3 Control and of the query services: the error wrapped in an `ErrorResponse`.
    /// - Parameter sender: adds the `Type` element that STS and IAM give.
    public func wrappedDocument(
        requestID: String, hostID: String, namespace: String? = nil, sender: Bool = false
    ) -> [UInt8] {
        var writer = XMLWriter()
        writer.element("ErrorResponse", namespace: namespace) { writer in
            writer.element("Error") { writer in
                if sender { writer.element("Type", status < 500 ? "Sender" : "Receiver") }
                writer.element("Code", code)
                writer.element("Message", message)
                for element in elements { writer.element(element.name, element.text) }
            }
            writer.element("RequestId", requestID)
            if !sender { writer.element("HostId", hostID) }
        }
        return writer.bytes
    }
}

extension S3Error {
    public static func accessDenied(_ message: String = "Access Denied") -> S3Error {
        S3Error("AccessDenied", 403, message)
    }
    public static func invalidRequest(_ message: String) -> S3Error { S3Error("InvalidRequest", 400, message) }
    public static func invalidArgument(_ message: String) -> S3Error { S3Error("InvalidArgument", 400, message) }
    public static func badDigest(_ message: String) -> S3Error { S3Error("BadDigest", 400, message) }
    public static func noSuchBucket(_ name: String) -> S3Error {
        S3Error(
            "NoSuchBucket", 404, "The specified bucket does not exist", elements: [Element("BucketName", name)])
    }
    public static func bucketAlreadyOwnedByYou(_ name: String) -> S3Error {
        S3Error(
            "BucketAlreadyOwnedByYou", 409,
            "Your previous request to create the named bucket succeeded and you already own it.",
            elements: [.init("BucketName", name)])
    }
    /// Of one copy, of an object or a part: larger objects are copied in parts.
    public static func checkCopySource(size: Int) throws(S3Error) {
        let largest = 5 << 30
        guard size > largest else { return }
        throw .invalidRequest(
            "The specified copy source is larger than the maximum allowable size for a copy source: \(largest)")
    }
    public static func noSuchKey(_ key: String) -> S3Error {
        S3Error("NoSuchKey", 404, "The specified key does not exist.", elements: [Element("Key", key)])
    }
    public static let internalError = S3Error(
        "InternalError", 500, "We encountered an internal error. Please try again.")
    public static let malformedXML = S3Error(
        "MalformedXML", 400,
        "The XML you provided was not well-formed or did not validate against our published schema")
    public static let methodNotAllowed = S3Error(
        "MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
    public static let notImplemented = S3Error(
        "NotImplemented", 501, "A header or query you provided implies functionality that is not implemented")
    public static let invalidURI = S3Error("InvalidURI", 400, "Couldn't parse the specified URI.")
    public static let incompleteBody = S3Error(
        "IncompleteBody", 400,
        "You did not provide the number of bytes specified by the Content-Length HTTP header")
}
