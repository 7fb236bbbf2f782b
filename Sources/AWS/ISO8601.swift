import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// AWS's times in XML: `2026-11-21T01:51:22Z`, with or without a fraction, always UTC.
enum ISO8601 {
    static func parse(_ text: String) throws(AnswerProblem) -> Date {
        let problem = AnswerProblem(description: "the answer has a time that is none")
        guard text.hasSuffix("Z") || text.hasSuffix("+00:00") else { throw problem }
        let body = text.hasSuffix("Z") ? text.dropLast() : text.dropLast(6)
        let parts = body.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.count <= 2 else { throw problem }
        let compact = whole.filter { $0 != "-" && $0 != ":" } + "Z"
        guard let date = AmzDate.parse(compact) else { throw problem }
        guard parts.count == 2 else { return date }
        guard !parts[1].isEmpty, parts[1].allSatisfy(\.isNumber), let fraction = Double("0.\(parts[1])") else {
            throw problem
        }
        return date.addingTimeInterval(fraction)
    }
}
