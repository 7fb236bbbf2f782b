import NIOCore
import S3Server
import Transport

extension S3Upload {
    /// The body on its way upstream. Its last part is held back until all of it is known to be what the client claimed:
    /// should it not be, upstream sees its connection end before the body is complete, and stores nothing.
    /// - Throws: `MissingContentLength` when its length is not known beforehand; for an empty one also what is wrong
    ///   with it.
    func heldBack() async throws -> ObjectUpload {
        guard let length else {
            throw S3Error("MissingContentLength", 411, "You must provide the Content-Length HTTP header.")
        }
        guard length > 0 else {
            for try await _ in self {}
            return .bytes([])
        }
        return .stream(length: length) { HeldBackIterator(base: self.makeAsyncIterator()) }
    }
}

private struct HeldBackIterator: AsyncIteratorProtocol {
    var base: S3Upload.Iterator
    var held: ByteBuffer?
    var hasBegun = false

    init(base: S3Upload.Iterator) { self.base = base }

    mutating func next() async throws -> ByteBuffer? {
        if !hasBegun {
            hasBegun = true
            held = try await base.next()
        }
        guard let current = held else { return nil }
        held = try await base.next()
        return current
    }
}
