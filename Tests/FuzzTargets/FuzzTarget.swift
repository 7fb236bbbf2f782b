import HTTPTypes
import NIOCore
import S3Server
import SigV4
import XML

/// What reads bytes that strangers send. Each target reads any input without a crash, and traps where its own rule
/// does not hold.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Method, target, host and headers of a request, a line each.
    case request
    /// An `aws-chunked` body.
    case chunked
    case xml
    /// An `Authorization` header, and the query of a presigned address.
    case authorization
    /// `Range`, the conditions, and the lists of entity tags in them.
    case range

    public func read(_ bytes: [UInt8]) {
        switch self {
        case .request: Self.readRequest(bytes)
        case .chunked: Self.readChunks(bytes)
        case .xml: Self.readXML(bytes)
        case .authorization: Self.readAuthorization(bytes)
        case .range: Self.readRange(bytes)
        }
    }

    /// The key that is routed is the path's, byte by byte, decoded once.
    private static func readRequest(_ bytes: [UInt8]) {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[...]
        let method = lines.popFirst().flatMap { HTTPRequest.Method(String($0)) } ?? .get
        let path = lines.popFirst().map(String.init) ?? "/"
        let host = lines.popFirst().map(String.init)
        var headers = HTTPFields()
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
            headers.append(HTTPField(name: name, value: String(parts[1])))
        }
        let request = HTTPRequest(
            method: method, scheme: "http", authority: host, path: path, headerFields: headers)
        guard let target = try? S3Target(request, mount: "/s3p", domain: "s3.example"),
            let route = try? S3Route(
                method: method, path: target.path, query: target.query, headers: headers, hostBucket: target.hostBucket)
        else { return }
        let routed =
            target.hostBucket == nil ? "/\(route.bucket)" + (route.key.isEmpty ? "" : "/\(route.key)") : "/\(route.key)"
        let isSame = routed.utf8.elementsEqual(target.path.utf8) || (routed + "/").utf8.elementsEqual(target.path.utf8)
        precondition(isSame, "\(routed.debugDescription) is not \(target.path.debugDescription)")
    }

    /// However a body arrives, it is the same.
    private static func readChunks(_ bytes: [UInt8]) {
        let whole = chunks(bytes, size: .max)
        precondition(whole == chunks(bytes, size: 1 + Int(bytes.first ?? 0) % 7))
        precondition((whole?.count ?? 0) <= bytes.count)
    }

    private static func chunks(_ bytes: [UInt8], size: Int) -> [UInt8]? {
        var decoder = AWSChunkedDecoder(mode: .unsignedTrailer, verifier: nil)
        var data: [UInt8] = []
        var start = 0
        do {
            while start < bytes.count {
                let end = start + min(size, bytes.count - start)
                decoder.append(ByteBuffer(bytes: bytes[start..<end]))
                while let piece = try decoder.next() { data.append(contentsOf: piece.readableBytesView) }
                start = end
            }
            try decoder.finish()
            return data
        } catch {
            return nil
        }
    }

    /// What was read and is written again reads the same.
    private static func readXML(_ bytes: [UInt8]) {
        guard let element = try? XMLReader.read(bytes), isWritable(element) else { return }
        var writer = XMLWriter()
        write(element, &writer)
        guard let again = try? XMLReader.read(writer.bytes) else { preconditionFailure("Not read again") }
        precondition(again.text == element.text && again.children.count == element.children.count)
    }

    /// Writers take names as they are given and know no prefixes: elements with attributes are left out.
    private static func isWritable(_ element: XMLElement) -> Bool {
        element.attributes.isEmpty && element.children.allSatisfy(isWritable)
            && (element.children.isEmpty || element.text.isEmpty)
    }

    private static func write(_ element: XMLElement, _ writer: inout XMLWriter) {
        if element.children.isEmpty {
            writer.element(element.name, element.text)
        } else {
            writer.element(element.name) { writer in
                for child in element.children { write(child, &writer) }
            }
        }
    }

    private static func readAuthorization(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/b/k")
        request.headerFields[.authorization] = text
        request.headerFields[.date] = "Fri, 24 May 2013 00:00:00 GMT"
        if let claim = try? SignatureClaim(request) { precondition(!claim.signature.isEmpty) }
        let presigned = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/b/k?\(text)")
        if let claim = try? SignatureClaim(presigned), let expires = claim.expires {
            precondition((1...604_800).contains(expires))
        }
    }

    private static func readRange(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = S3Conditions.Tags(text)
        guard let range = S3ByteRange(text) else { return }
        precondition(S3ByteRange(range.description) == range)
        if let positions = range.closed { precondition(!positions.isEmpty && positions.lowerBound >= 0) }
        for size in [0, 1, 10, Int.max] {
            guard let positions = try? range.resolved(size: size) else { continue }
            precondition(!positions.isEmpty && positions.lowerBound >= 0 && positions.upperBound <= size)
        }
    }
}
