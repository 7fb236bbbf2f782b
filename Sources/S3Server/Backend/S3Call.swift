public import NIOCore

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Who calls, for which region's endpoint, and when.
public struct S3Call<Identity: Sendable>: Sendable {
    public var identity: Identity
    /// The region of the signature; the server's own for unsigned requests.
    public var region: String
    public var now: Date
    /// `x-amz-request-id` of the answer.
    public var requestID: String
    /// Where the client's connection comes from; nil where it is not known.
    public var peer: SocketAddress?
    /// `x-amz-expected-bucket-owner`: another owner answers `AccessDenied`.
    public var expectedBucketOwner: String?

    public init(
        identity: Identity, region: String, now: Date, requestID: String = "", peer: SocketAddress? = nil,
        expectedBucketOwner: String? = nil
    ) {
        self.identity = identity
        self.region = region
        self.now = now
        self.requestID = requestID
        self.peer = peer
        self.expectedBucketOwner = expectedBucketOwner
    }
}

/// What answers the S3 protocol's operations. A backend conforms to the capabilities it has; an operation of another one
/// is answered `NotImplemented`. Every call throws `S3Error` for what the client is to be told; what else it throws is
/// logged and answered `InternalError`.
public protocol S3Backend<Identity>: Sendable {
    associatedtype Identity: Sendable
}

/// Owner of a bucket or an object.
public struct S3Owner: Sendable, Equatable {
    /// Canonical user id.
    public var id: String
    public var displayName: String

    public init(id: String, displayName: String) {
        self.id = id
        self.displayName = displayName
    }
}
