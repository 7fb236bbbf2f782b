import SigV4
import XML

extension S3Document {
    static func buckets(_ page: S3BucketPage, prefix: String?) -> [UInt8] {
        document("ListAllMyBucketsResult") { writer in
            writer.owner(page.owner)
            writer.element("Buckets") { writer in
                for bucket in page.buckets {
                    writer.element("Bucket") { writer in
                        writer.element("Name", bucket.name)
                        writer.element("CreationDate", AmzDate.formatISO8601(bucket.createdAt))
                        writer.element("BucketRegion", bucket.region)
                    }
                }
            }
            if page.isTruncated, let last = page.buckets.last {
                writer.element("ContinuationToken", ContinuationToken.encode(last.name))
            }
            writer.optional("Prefix", prefix)
        }
    }

    /// Empty for us-east-1.
    static func location(_ region: String) -> [UInt8] {
        var writer = XMLWriter()
        writer.element("LocationConstraint", namespace: namespace, region == "us-east-1" ? "" : region)
        return writer.bytes
    }

    static func versioning(_ versioning: S3Versioning?) -> [UInt8] {
        document("VersioningConfiguration") { $0.optional("Status", versioning?.rawValue) }
    }

    /// - Parameter root: `CopyObjectResult` or `CopyPartResult`.
    static func copy(_ root: String, etag: String, modifiedAt: String, checksum: S3Checksum?) -> [UInt8] {
        document(root) { writer in
            writer.element("LastModified", modifiedAt)
            writer.etag(etag)
            writer.checksum(checksum)
        }
    }

    static func deletes(_ results: [(S3Deletion, Result<S3Deleted, S3Error>)], isQuiet: Bool) -> [UInt8] {
        document("DeleteResult") { writer in
            for (deletion, result) in results {
                switch result {
                case .success(let deleted): if !isQuiet { self.deleted(deleted, &writer) }
                case .failure(let error):
                    writer.element("Error") { writer in
                        writer.element("Key", deletion.key)
                        writer.optional("VersionId", deletion.versionID)
                        writer.element("Code", error.code)
                        writer.element("Message", error.message)
                    }
                }
            }
        }
    }

    private static func deleted(_ deleted: S3Deleted, _ writer: inout XMLWriter) {
        writer.element("Deleted") { writer in
            writer.element("Key", deleted.key)
            writer.optional("VersionId", deleted.versionID)
            if let marker = deleted.deleteMarker {
                writer.element("DeleteMarker", "true")
                writer.element("DeleteMarkerVersionId", marker)
            }
        }
    }

    static func initiated(_ object: S3ObjectName, uploadID: String) -> [UInt8] {
        document("InitiateMultipartUploadResult") { writer in
            writer.element("Bucket", object.bucket)
            writer.element("Key", object.key)
            writer.element("UploadId", uploadID)
        }
    }

    static func completed(_ object: S3ObjectName, _ info: S3ObjectInfo, location: String) -> [UInt8] {
        document("CompleteMultipartUploadResult") { writer in
            writer.element("Location", location)
            writer.element("Bucket", object.bucket)
            writer.element("Key", object.key)
            writer.etag(info.etag)
            writer.checksum(info.checksum)
        }
    }

    /// - Parameter wanted: `ETag`, `Checksum`, `ObjectParts`, `StorageClass`, `ObjectSize`.
    static func attributes(
        _ attributes: S3ObjectAttributes, wanted: Set<String>, after: Int, limit: Int
    ) -> [UInt8] {
        let info = attributes.info
        return document("GetObjectAttributesResponse") { writer in
            if wanted.contains("ETag") { writer.element("ETag", info.etag) }
            if wanted.contains("Checksum"), let checksum = info.checksum {
                writer.element("Checksum") { $0.checksum(checksum) }
            }
            if wanted.contains("ObjectParts"), let count = info.partCount {
                writer.element("ObjectParts") { writer in
                    writer.element("PartsCount", String(count))
                    writer.element("PartNumberMarker", String(after))
                    writer.optional("NextPartNumberMarker", attributes.parts.last.map { String($0.number) })
                    writer.element("MaxParts", String(limit))
                    writer.element("IsTruncated", attributes.isTruncated ? "true" : "false")
                    for part in attributes.parts {
                        writer.element("Part") { writer in
                            writer.element("PartNumber", String(part.number))
                            writer.element("Size", String(part.size))
                            writer.optional(part.checksum?.algorithm.element ?? "", part.checksum?.value)
                        }
                    }
                }
            }
            if wanted.contains("StorageClass") { writer.element("StorageClass", "STANDARD") }
            if wanted.contains("ObjectSize") { writer.element("ObjectSize", String(info.size)) }
        }
    }
}
