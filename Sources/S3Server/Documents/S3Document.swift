import SigV4
import XML

/// What S3's XML documents have in common.
enum S3Document {
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    static let instance = "http://www.w3.org/2001/XMLSchema-instance"

    /// Longest document a client may send, in bytes: DeleteObjects with 1,000 keys and CompleteMultipartUpload with
    /// 10,000 parts fit, as S3 has it.
    static let longest = 2 << 20

    /// - Parameter entries: How many follow, each of some 300 bytes.
    static func document(_ root: String, entries: Int = 0, _ body: (inout XMLWriter) -> Void) -> [UInt8] {
        var writer = XMLWriter(capacity: 1_024 + entries * 320)
        writer.element(root, namespace: namespace, body)
        return writer.bytes
    }

    /// The document in a request's body.
    /// - Parameter roots: names of the root element.
    /// - Throws: `MalformedXML`.
    static func read(_ body: S3Upload, root: String) async throws -> XMLElement {
        guard let document = try await readUnlessEmpty(body, root: root) else { throw S3Error.malformedXML }
        return document
    }

    static func readUnlessEmpty(_ body: S3Upload, root: String) async throws -> XMLElement? {
        let bytes = try await body.collect(upTo: longest)
        guard !bytes.isEmpty else { return nil }
        let document = bytes.count > 32 << 10 ? await offEventLoop { parse(bytes) } : parse(bytes)
        guard let document, document.name == root else { throw S3Error.malformedXML }
        return document
    }

    private static func parse(_ bytes: [UInt8]) -> XMLElement? {
        try? XMLReader.read(bytes, limits: XMLLimits(bytes: longest))
    }

    /// How the keys of an answer are written: as they are, or percent-encoded as `encoding-type=url` asks.
    static func encoding(_ query: QueryItems) -> (String) -> String {
        query["encoding-type"] == "url" ? { URIEncoding.encode($0, keepingSlash: true) } : { $0 }
    }
}

extension XMLWriter {
    mutating func owner(_ owner: S3Owner, as name: String = "Owner") {
        element(name) { writer in
            writer.element("ID", owner.id)
            writer.element("DisplayName", owner.displayName)
        }
    }

    /// `ChecksumCRC32` and `ChecksumType`.
    mutating func checksum(_ checksum: S3Checksum?) {
        guard let checksum else { return }
        element(checksum.algorithm.element, checksum.value)
        element("ChecksumType", checksum.type.rawValue)
    }

    /// `ChecksumAlgorithm` and `ChecksumType`.
    mutating func checksumKind(_ algorithm: S3ChecksumAlgorithm?, _ type: S3ChecksumType?) {
        optional("ChecksumAlgorithm", algorithm?.rawValue)
        optional("ChecksumType", type?.rawValue)
    }

    mutating func etag(_ etag: String) {
        element("ETag") { writer in
            writer.text("\"")
            writer.text(etag)
            writer.text("\"")
        }
    }
}
