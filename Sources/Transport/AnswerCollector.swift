import HTTPTypes

/// Puts an answer together from the lines and parts libcurl hands over, under limits.
struct AnswerCollector {
    /// Why the answer is refused; the transfer is then ended.
    var problem: TransportError?
    private let limit: Int
    private var status: HTTPResponse.Status?
    private var fields = HTTPFields()
    private var body: [UInt8] = []
    private var headerBytes = 0
    private var isHeaderComplete = false

    /// S3 allows 8 KiB of header a request and answers with less; eight times that is still no burden.
    static let headerLimit = 64 << 10

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the header was cut off. libcurl takes a connection that ends within it for the end of an answer.
    var isCutOff: Bool { headerBytes > 0 && !isHeaderComplete }

    var response: DocumentResponse? {
        status.map { DocumentResponse(status: $0, headerFields: fields, body: body) }
    }

    /// Takes a status line, a field, the empty line or, after the body, a trailer (which is dropped).
    mutating func receivedHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Self.headerLimit else {
            problem = .tooLarge(limit: Self.headerLimit)
            return false
        }
        let text = unsafe String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // After "100 Continue" comes the answer itself, with a status line of its own.
            fields = HTTPFields()
            isHeaderComplete = false
            status = Self.status(text)
        } else if text == "\r\n" || text == "\n" {
            isHeaderComplete = true
        } else if !isHeaderComplete, let colon = text.firstIndex(of: ":"),
            let name = HTTPField.Name(String(text[..<colon]))
        {
            let value = text[text.index(after: colon)...]
            fields.append(HTTPField(name: name, value: Self.trimmed(value)))
        }
        return true
    }

    mutating func receivedBody(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count <= limit - body.count else {
            problem = .tooLarge(limit: limit)
            return false
        }
        if body.isEmpty, let length = fields[.contentLength].flatMap(Int.init) {
            body.reserveCapacity(max(0, min(length, limit)))
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    /// `HTTP/1.1 404 Not Found`; HTTP/2 has no phrase.
    private static func status(_ line: String) -> HTTPResponse.Status? {
        let parts = line.split(maxSplits: 2, whereSeparator: \.isWhitespace)
        guard parts.count >= 2, let code = Int(parts[1]), (100...999).contains(code) else { return nil }
        return HTTPResponse.Status(code: code)
    }

    private static func trimmed(_ value: Substring) -> String {
        var value = value
        while value.first?.isWhitespace == true { value.removeFirst() }
        while value.last?.isWhitespace == true { value.removeLast() }
        return String(value)
    }
}
