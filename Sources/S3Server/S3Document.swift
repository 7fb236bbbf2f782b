import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The XML documents S3 answers with.
enum S3Document {
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    static func document(_ root: String, _ body: (inout XMLWriter) -> Void) -> [UInt8] {
        var writer = XMLWriter()
        writer.element(root, namespace: namespace, body)
        return writer.bytes
    }

    static func buckets(_ list: S3BucketList) -> [UInt8] {
        document("ListAllMyBucketsResult") { writer in
            writer.element("Owner") { $0.element("ID", list.owner) }
            writer.element("Buckets") { writer in
                for bucket in list.buckets {
                    writer.element("Bucket") { writer in
                        writer.element("Name", bucket.name)
                        writer.element("CreationDate", timestamp(bucket.createdAt))
                        writer.element("BucketRegion", bucket.region)
                    }
                }
            }
        }
    }

    /// Empty for us-east-1.
    static func location(_ region: String) -> [UInt8] {
        var writer = XMLWriter()
        writer.element("LocationConstraint", namespace: namespace, region == "us-east-1" ? "" : region)
        return writer.bytes
    }

    static func copy(_ info: S3ObjectInfo) -> [UInt8] {
        document("CopyObjectResult") { writer in
            writer.element("LastModified", timestamp(info.modifiedAt))
            writer.element("ETag", "\"\(info.etag)\"")
        }
    }

    static func deletes(deleted: [String], failures: [(key: String, error: S3Error)]) -> [UInt8] {
        document("DeleteResult") { writer in
            for key in deleted { writer.element("Deleted") { $0.element("Key", key) } }
            for failure in failures {
                writer.element("Error") { writer in
                    writer.element("Key", failure.key)
                    writer.element("Code", failure.error.code)
                    writer.element("Message", failure.error.message)
                }
            }
        }
    }

    static func listingV2(_ listing: S3Listing, _ page: S3ListingPage, query: QueryItems) -> [UInt8] {
        let encode = encoding(query)
        return document("ListBucketResult") { writer in
            writer.element("Name", listing.bucket)
            writer.element("Prefix", encode(listing.prefix))
            writer.element("KeyCount", String(page.entries.count + page.commonPrefixes.count))
            writer.element("MaxKeys", String(listing.limit))
            if !listing.delimiter.isEmpty { writer.element("Delimiter", encode(listing.delimiter)) }
            writer.optional("EncodingType", query["encoding-type"])
            writer.element("IsTruncated", page.next == nil ? "false" : "true")
            writer.optional("ContinuationToken", query["continuation-token"])
            writer.optional("NextContinuationToken", page.next.map { Data($0.utf8).base64EncodedString() })
            writer.optional("StartAfter", query["start-after"].map(encode))
            contents(page, encode, &writer)
        }
    }

    static func listingV1(_ listing: S3Listing, _ page: S3ListingPage, query: QueryItems) -> [UInt8] {
        let encode = encoding(query)
        return document("ListBucketResult") { writer in
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
            contents(page, encode, &writer)
        }
    }

    private static func contents(_ page: S3ListingPage, _ encode: (String) -> String, _ writer: inout XMLWriter) {
        for entry in page.entries {
            writer.element("Contents") { writer in
                writer.element("Key", encode(entry.key))
                writer.element("LastModified", timestamp(entry.modifiedAt))
                writer.element("ETag", "\"\(entry.etag)\"")
                writer.element("Size", String(entry.size))
                writer.element("StorageClass", "STANDARD")
            }
        }
        for prefix in page.commonPrefixes {
            writer.element("CommonPrefixes") { $0.element("Prefix", encode(prefix)) }
        }
    }

    private static func encoding(_ query: QueryItems) -> (String) -> String {
        query["encoding-type"] == "url" ? { URIEncoding.encode($0, keepingSlash: true) } : { $0 }
    }

    static func timestamp(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

/// `Last-Modified` and its like (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func format(_ date: Date) -> String {
        let digits = Array(AmzDate.format(date))  // YYYYMMDDTHHMMSSZ
        let day = Int((date.timeIntervalSince1970 / 86_400).rounded(.down))
        let month = (Int(String(digits[4...5])) ?? 1) - 1
        return "\(days[((day % 7) + 7) % 7]), \(String(digits[6...7])) \(months[month]) \(String(digits[0...3])) "
            + "\(String(digits[9...10])):\(String(digits[11...12])):\(String(digits[13...14])) GMT"
    }
}
