import S3Server

extension SandboxS3Backend: S3ObjectReader {
    func headObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectPart {
        try await lookUp { try part(object, reading, $0, call, withBytes: false).part }
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
        let (part, id, piece) = try part(
            object, reading, transaction, call, withBytes: reading.conditions.areMostlyMet)
        if let piece { return (part, [piece], part.bytes) }
        let bytes = try transaction.objects.pieces(of: id, part.bytes, limit: limit)
        return (part, bytes.pieces, bytes.range)
    }

    /// What is asked for, and the object's row; of the latest version in one statement.
    /// - Parameter withBytes: whether the piece is wanted that holds all bytes of the object, where one does.
    private func part(
        _ name: S3ObjectName, _ reading: S3Reading, _ transaction: S3Transaction, _ call: S3Call<Caller>,
        withBytes: Bool
    ) throws -> (part: S3ObjectPart, id: Int64, piece: BlobPiece?) {
        let bucket: Bucket
        let object: ObjectVersion
        var piece: BlobPiece?
        if name.versionID == nil {
            let found = try transaction.objects.found(name, withBytes: withBytes)
            piece = found?.piece
            bucket = try admit(found?.bucket, name.bucket, transaction, call)
            object = try admit(found?.latest, name, in: bucket, "s3:GetObject", .read, call)
        } else {
            bucket = try self.bucket(name.bucket, transaction, call)
            object = try self.object(name, in: bucket, "s3:GetObject", .read, transaction, call)
        }
        var part = S3ObjectPart(info: object.info(in: bucket))
        try reading.conditions.checkReading(etag: part.info.etag, modifiedAt: part.info.modifiedAt)
        guard let number = reading.partNumber else {
            part.range = try reading.range?.resolved(size: part.info.size)
            return (part, object.id, piece)
        }
        guard let row = try transaction.objects.part(number, of: object.id) else {
            guard part.info.partCount == nil, number == 1 else {
                throw S3Error("InvalidPart", 400, "The requested partnumber is not satisfiable")
            }
            return (part, object.id, piece)
        }
        // The checksum that goes with a part's bytes is the part's.
        part.info.checksum = row.part.checksum
        part.range = row.start..<(row.start + row.part.size)
        return (part, object.id, piece)
    }
}

extension S3Conditions {
    /// Most likely: who asks whether there is something new most often has the newest.
    fileprivate var areMostlyMet: Bool { ifNoneMatch == nil && ifModifiedSince == nil }
}

extension S3ObjectPart {
    /// Where it is in the object.
    fileprivate var bytes: Range<Int> { range ?? 0..<info.size }
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
