import S3Server

extension SandboxS3Backend: S3ObjectReader {
    func headObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectPart {
        try await lookUp { try self.part(object, reading, $0, call).part }
    }

    func getObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectContent {
        let lookup = BlobLookup(blobs)
        var found = try await lookUp { try contents(object, reading, $0, call, limit: Self.fewPieces + 1) }
        if found.pieces.count > Self.fewPieces {
            found = try await read { try contents(object, reading, $0, call, limit: .max) }
        }
        return S3ObjectContent(part: found.part, content: lookup.content(found.pieces, range: found.range))
    }

    /// What is found on the thread that asks. An object made of copied parts may have a million pieces.
    private static let fewPieces = 100

    /// What is asked for, and where its bytes are.
    private func contents(
        _ object: S3ObjectName, _ reading: S3Reading, _ transaction: S3Transaction, _ call: S3Call<Caller>, limit: Int
    ) throws -> (part: S3ObjectPart, pieces: [BlobPiece], range: Range<Int>) {
        let (part, id) = try part(object, reading, transaction, call)
        let bytes = try transaction.objects.pieces(of: id, part.range ?? 0..<part.info.size, limit: limit)
        return (part, bytes.pieces, bytes.range)
    }

    /// What is asked for, and the object's row.
    private func part(
        _ name: S3ObjectName, _ reading: S3Reading, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> (part: S3ObjectPart, id: Int64) {
        let bucket = try bucket(name.bucket, transaction, call)
        let object = try object(name, in: bucket, "s3:GetObject", .read, transaction, call)
        var info = object.info(in: bucket)
        try reading.conditions.checkReading(etag: info.etag, modifiedAt: info.modifiedAt)
        guard let number = reading.partNumber else {
            let range = try reading.range?.resolved(size: info.size)
            return (S3ObjectPart(info: info, range: range), object.id)
        }
        guard let row = try transaction.objects.part(number, of: object.id) else {
            guard info.partCount == nil, number == 1 else {
                throw S3Error("InvalidPart", 400, "The requested partnumber is not satisfiable")
            }
            return (S3ObjectPart(info: info), object.id)
        }
        // The checksum that goes with a part's bytes is the part's.
        info.checksum = row.part.checksum
        return (S3ObjectPart(info: info, range: row.start..<(row.start + row.part.size)), object.id)
    }
}

extension SandboxS3Backend: S3AttributeReader {
    func objectAttributes(
        _ name: S3ObjectName, partsAfter after: Int, limit: Int, _ call: S3Call<Caller>
    ) async throws -> S3ObjectAttributes {
        try await read { transaction in
            let bucket = try bucket(name.bucket, transaction, call)
            let object = try object(name, in: bucket, "s3:GetObjectAttributes", .read, transaction, call)
            let parts = try transaction.objects.parts(of: object.id, after: after, limit: limit + 1)
            return S3ObjectAttributes(
                info: object.info(in: bucket), parts: parts.prefix(limit).map(\.part),
                isTruncated: parts.count > limit)
        }
    }
}
