import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension S3Document {
    static func listingV2(_ listing: S3Listing, _ page: S3ListingPage, query: QueryItems) -> [UInt8] {
        let encode = encoding(query)
        return document("ListBucketResult", entries: page.entries.count + page.commonPrefixes.count) { writer in
            writer.element("Name", listing.bucket)
            writer.element("Prefix", encode(listing.prefix))
            writer.optional("StartAfter", query["start-after"].map(encode))
            writer.optional("ContinuationToken", query["continuation-token"])
            writer.optional("NextContinuationToken", page.next.map { ContinuationToken.encode($0) })
            writer.element("KeyCount", String(page.entries.count + page.commonPrefixes.count))
            writer.element("MaxKeys", String(listing.limit))
            if !listing.delimiter.isEmpty { writer.element("Delimiter", encode(listing.delimiter)) }
            writer.optional("EncodingType", query["encoding-type"])
            writer.element("IsTruncated", page.next == nil ? "false" : "true")
            contents(page, encode, withOwner: query["fetch-owner"] == "true", &writer)
        }
    }

    static func listingV1(_ listing: S3Listing, _ page: S3ListingPage, query: QueryItems) -> [UInt8] {
        let encode = encoding(query)
        return document("ListBucketResult", entries: page.entries.count + page.commonPrefixes.count) { writer in
            writer.element("Name", listing.bucket)
            writer.element("Prefix", encode(listing.prefix))
            writer.element("Marker", encode(listing.after))
            if !listing.delimiter.isEmpty {
                writer.optional("NextMarker", page.next.map(encode))
                writer.element("Delimiter", encode(listing.delimiter))
            }
            writer.element("MaxKeys", String(listing.limit))
            writer.optional("EncodingType", query["encoding-type"])
            writer.element("IsTruncated", page.next == nil ? "false" : "true")
            contents(page, encode, withOwner: true, &writer)
        }
    }

    private static func contents(
        _ page: S3ListingPage, _ encode: (String) -> String, withOwner: Bool, _ writer: inout XMLWriter
    ) {
        for entry in page.entries {
            writer.element("Contents") { writer in
                writer.element("Key", encode(entry.key))
                writer.element("LastModified", AmzDate.formatISO8601(entry.modifiedAt))
                writer.etag(entry.etag)
                writer.checksumKind(entry.checksum?.algorithm, entry.checksum?.type)
                writer.element("Size", String(entry.size))
                if withOwner, let owner = entry.owner { writer.owner(owner) }
                writer.element("StorageClass", entry.storageClass)
            }
        }
        commonPrefixes(page.commonPrefixes, encode, &writer)
    }

    private static func commonPrefixes(
        _ prefixes: [String], _ encode: (String) -> String, _ writer: inout XMLWriter
    ) {
        for prefix in prefixes { writer.element("CommonPrefixes") { $0.element("Prefix", encode(prefix)) } }
    }

    static func versions(_ listing: S3VersionListing, _ page: S3VersionPage, query: QueryItems) -> [UInt8] {
        let encode = encoding(query)
        return document("ListVersionsResult", entries: page.versions.count + page.commonPrefixes.count) { writer in
            writer.element("Name", listing.bucket)
            writer.element("Prefix", encode(listing.prefix))
            writer.element("KeyMarker", encode(listing.afterKey))
            writer.element("VersionIdMarker", listing.afterVersion)
            writer.optional("NextKeyMarker", page.next.map { encode($0.key) })
            writer.optional("NextVersionIdMarker", page.next?.versionID)
            writer.element("MaxKeys", String(listing.limit))
            if !listing.delimiter.isEmpty { writer.element("Delimiter", encode(listing.delimiter)) }
            writer.optional("EncodingType", query["encoding-type"])
            writer.element("IsTruncated", page.next == nil ? "false" : "true")
            for version in page.versions { self.version(version, encode, &writer) }
            commonPrefixes(page.commonPrefixes, encode, &writer)
        }
    }

    private static func version(
        _ version: S3VersionPage.Version, _ encode: (String) -> String, _ writer: inout XMLWriter
    ) {
        writer.element(version.isDeleteMarker ? "DeleteMarker" : "Version") { writer in
            writer.element("Key", encode(version.key))
            writer.element("VersionId", version.versionID)
            writer.element("IsLatest", version.isLatest ? "true" : "false")
            writer.element("LastModified", AmzDate.formatISO8601(version.modifiedAt))
            if !version.isDeleteMarker {
                writer.etag(version.etag)
                writer.checksumKind(version.checksum?.algorithm, version.checksum?.type)
                writer.element("Size", String(version.size))
                writer.element("StorageClass", "STANDARD")
            }
            writer.owner(version.owner)
        }
    }

    static func uploads(_ listing: S3UploadListing, _ page: S3UploadPage, query: QueryItems) -> [UInt8] {
        let encode = encoding(query)
        // By bytes, for both are in the listing's order.
        let lastKey = page.uploads.last?.key
        let lastPrefix = page.commonPrefixes.last
        let isPrefixLast =
            lastPrefix.map { prefix in
                lastKey.map { $0.utf8.lexicographicallyPrecedes(prefix.utf8) } ?? true
            } ?? false
        let entries = page.uploads.count + page.commonPrefixes.count
        return document("ListMultipartUploadsResult", entries: entries) { writer in
            writer.element("Bucket", listing.bucket)
            writer.element("KeyMarker", encode(listing.afterKey))
            writer.element("UploadIdMarker", listing.afterUpload)
            if page.isTruncated {
                writer.optional("NextKeyMarker", (isPrefixLast ? lastPrefix : lastKey).map(encode))
                writer.optional("NextUploadIdMarker", isPrefixLast ? nil : page.uploads.last?.uploadID)
            }
            writer.element("Prefix", encode(listing.prefix))
            if !listing.delimiter.isEmpty { writer.element("Delimiter", encode(listing.delimiter)) }
            writer.optional("EncodingType", query["encoding-type"])
            writer.element("MaxUploads", String(listing.limit))
            writer.element("IsTruncated", page.isTruncated ? "true" : "false")
            for upload in page.uploads {
                writer.element("Upload") { writer in
                    writer.element("Key", encode(upload.key))
                    writer.element("UploadId", upload.uploadID)
                    writer.owner(upload.initiator, as: "Initiator")
                    writer.owner(upload.owner)
                    writer.element("StorageClass", "STANDARD")
                    writer.element("Initiated", AmzDate.formatISO8601(upload.initiatedAt))
                    writer.checksumKind(upload.checksum, upload.checksumType)
                }
            }
            commonPrefixes(page.commonPrefixes, encode, &writer)
        }
    }

    static func parts(
        _ upload: S3UploadName, after: Int, limit: Int, _ page: S3PartPage
    ) -> [UInt8] {
        document("ListPartsResult", entries: page.parts.count) { writer in
            writer.element("Bucket", upload.object.bucket)
            writer.element("Key", upload.object.key)
            writer.element("UploadId", upload.uploadID)
            writer.owner(page.initiator, as: "Initiator")
            writer.owner(page.owner)
            writer.element("StorageClass", "STANDARD")
            writer.element("PartNumberMarker", String(after))
            writer.element("NextPartNumberMarker", String(page.parts.last?.number ?? 0))
            writer.element("MaxParts", String(limit))
            writer.element("IsTruncated", page.isTruncated ? "true" : "false")
            writer.checksumKind(page.checksum, page.checksumType)
            for part in page.parts {
                writer.element("Part") { writer in
                    writer.element("PartNumber", String(part.number))
                    writer.element("LastModified", AmzDate.formatISO8601(part.modifiedAt))
                    writer.etag(part.etag)
                    writer.element("Size", String(part.size))
                    writer.optional(part.checksum?.algorithm.element ?? "", part.checksum?.value)
                }
            }
        }
    }
}

/// The last key of a page as the client gives it back; opaque to it.
enum ContinuationToken {
    static func encode(_ key: String) -> String { Data(key.utf8).base64EncodedString() }

    /// - Throws: `InvalidArgument`.
    static func decode(_ token: String) throws(S3Error) -> String {
        guard let bytes = Data(base64Encoded: token), let key = String(validating: bytes, as: UTF8.self) else {
            throw .invalidArgument("The continuation token provided is incorrect")
        }
        return key
    }
}
