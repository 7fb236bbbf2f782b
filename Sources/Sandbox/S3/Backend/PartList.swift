import Crypto
import S3Server
import SigV4

/// The parts an upload is completed with, in order.
struct PartList {
    /// Of every part but the last, in bytes.
    static let smallestPart = 5 << 20

    let parts: [S3Part]

    /// - Throws: `InvalidPartOrder`, `InvalidPart` or `EntityTooSmall`.
    static func chosen(_ wanted: [S3Completion.Part], from stored: [S3Part]) throws(S3Error) -> [S3Part] {
        let wanted = lastOfEach(wanted)
        guard zip(wanted, wanted.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw S3Error(
                "InvalidPartOrder", 400,
                "The list of parts was not in ascending order. Parts must be ordered by part number.")
        }
        let byNumber = Dictionary(stored.map { ($0.number, $0) }) { first, _ in first }
        let parts = try wanted.map { part throws(S3Error) in
            guard let found = byNumber[part.number], found.etag == part.etag,
                part.checksum == nil || part.checksum == found.checksum?.value
            else {
                throw S3Error(
                    "InvalidPart", 400,
                    "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
                        + "specified entity tag may not match the part's entity tag.",
                    elements: [.init("PartNumber", String(part.number)), .init("ETag", part.etag)])
            }
            return found
        }
        if let small = parts.dropLast().first(where: { $0.size < smallestPart }) {
            throw S3Error(
                "EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size",
                elements: [
                    .init("ProposedSize", String(small.size)), .init("MinSizeAllowed", String(smallestPart)),
                    .init("PartNumber", String(small.number)), .init("ETag", small.etag),
                ])
        }
        return parts
    }

    /// MD5 of the parts' MD5s and their number.
    var etag: String { Self.etag(parts.map(\.etag)) }

    static func etag(_ parts: [S3Completion.Part]) -> String { etag(lastOfEach(parts).map(\.etag)) }

    /// A client that sent a part twice may name it twice in a row: it means the last.
    private static func lastOfEach(_ parts: [S3Completion.Part]) -> [S3Completion.Part] {
        parts.reduce(into: []) { result, part in
            if result.last?.number == part.number { result.removeLast() }
            result.append(part)
        }
    }

    private static func etag(_ etags: [String]) -> String {
        var md5 = Insecure.MD5()
        for etag in etags { md5.update(data: Hex.decode(etag) ?? []) }
        return "\(Hex.encode(md5.finalize()))-\(etags.count)"
    }

    /// - Parameter claimed: `x-amz-mp-object-size`.
    /// - Throws: `InvalidRequest`.
    func size(claimed: Int?) throws(S3Error) -> Int {
        let size = parts.reduce(0) { $0 + $1.size }
        guard claimed ?? size == size else {
            throw .invalidRequest(
                "The provided 'x-amz-mp-object-size' header does not match the size of the object: \(size)")
        }
        return size
    }

    /// Of the whole; nil where the parts have none, or not all the same.
    /// - Parameters:
    ///   - algorithm: that the upload was begun with; nil: the parts'.
    ///   - type: that the upload was begun with.
    /// - Throws: `BadDigest` when it is not the one claimed, or `InvalidRequest` when it cannot be told.
    func checksum(
        _ algorithm: S3ChecksumAlgorithm?, _ type: S3ChecksumType?, claimed: S3Checksum?
    ) throws(S3Error) -> S3Checksum? {
        let checksums = parts.compactMap(\.checksum)
        var whole: S3Checksum?
        if let first = checksums.first, checksums.count == parts.count,
            checksums.allSatisfy({ $0.algorithm == first.algorithm })
        {
            let type = (first.algorithm == algorithm ? type : nil) ?? claimed?.type ?? first.algorithm.defaultType
            whole = S3Checksum(of: parts, first.algorithm, type)
        }
        if let claimed, claimed.algorithm != whole?.algorithm {
            throw .invalidRequest(
                "The upload's parts have no \(claimed.algorithm.rawValue.lowercased()) checksums.")
        }
        if let claimed, let whole, claimed.value != whole.value {
            throw .badDigest(
                "The \(whole.algorithm.rawValue) you specified did not match the calculated checksum.")
        }
        return whole
    }
}
