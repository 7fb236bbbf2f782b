#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension S3Checksum {
    /// The checksum of an object uploaded in parts, from the parts' own, which are of this algorithm.
    ///
    /// Nil where it cannot be told: a part lacks its checksum, or one that is no CRC is to be of the full object.
    public init?(of parts: [S3Part], _ algorithm: S3ChecksumAlgorithm, _ type: S3ChecksumType) {
        var values: [(bytes: [UInt8], size: Int)] = []
        for part in parts {
            guard let checksum = part.checksum, checksum.algorithm == algorithm,
                let bytes = Data(base64Encoded: checksum.value), bytes.count == algorithm.length
            else { return nil }
            values.append((Array(bytes), part.size))
        }
        switch type {
        case .composite:
            let whole = S3Checksum(algorithm, of: values.flatMap(\.bytes))
            self.init(algorithm, "\(whole.value)-\(parts.count)", type: .composite)
        case .fullObject:
            guard let crc = Self.crc(algorithm) else { return nil }
            let value = values.reduce(UInt64(0)) { whole, part in
                crc.combined(whole, part.bytes.reduce(0) { $0 << 8 | UInt64($1) }, count: part.size)
            }
            self.init(algorithm, CRC.base64(value, bytes: algorithm.length))
        }
    }

    private static func crc(_ algorithm: S3ChecksumAlgorithm) -> CRC? {
        switch algorithm {
        case .crc32: .crc32
        case .crc32c: .crc32c
        case .crc64nvme: .crc64nvme
        case .sha1, .sha256: nil
        }
    }
}
