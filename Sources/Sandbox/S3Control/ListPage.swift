import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which page of a list is asked for.
struct ListPage: Equatable, Sendable {
    /// Rows of a page at most, and where `maxResults` is absent or 0 [our decision: the default is undocumented].
    static let largest = 1000

    let limit: Int
    /// The row after which the page begins; 0 for the first page.
    let after: Int64

    /// - Parameter list: names the list and its filters; a token from another list is refused.
    /// - Throws: `InvalidRequest` for `maxResults` outside 0 to 1,000 and for a token this list did not give out.
    init(maxResults: String?, nextToken: String?, of list: String) throws(AccessGrantsError) {
        if let maxResults {
            guard let number = Int(maxResults), (0...Self.largest).contains(number) else {
                throw .invalidRequest("The value of maxResults must be between 0 and \(Self.largest)")
            }
            limit = number == 0 ? Self.largest : number
        } else {
            limit = Self.largest
        }
        guard let nextToken else {
            after = 0
            return
        }
        guard let row = Self.row(of: nextToken, list: list) else {
            throw .invalidRequest("The next token is not valid")
        }
        after = row
    }

    /// The token for the page after the row `last` of the same list. Tokens do not expire [our decision].
    static func token(after last: Int64, of list: String) -> String {
        let row = withBytes(of: last)
        return Data(row + seal(row, list)).base64EncodedString()
    }

    private static func row(of token: String, list: String) -> Int64? {
        guard let bytes = Data(base64Encoded: token).map(Array.init), bytes.count == 24 else { return nil }
        let row = Array(bytes.prefix(8))
        guard seal(row, list) == Array(bytes.suffix(16)) else { return nil }
        let value = row.reduce(into: UInt64(0)) { $0 = $0 << 8 | UInt64($1) }
        return Int64(exactly: value)
    }

    private static func withBytes(of number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    /// No secret, because a token gives away nothing: it tells a token of this list from any other text.
    private static func seal(_ row: [UInt8], _ list: String) -> [UInt8] {
        Array(SHA256.hash(data: row + Array("access-grants-page/\(list)".utf8)).prefix(16))
    }
}
