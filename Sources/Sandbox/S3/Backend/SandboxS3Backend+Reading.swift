import S3Server

extension SandboxS3Backend: S3ObjectReader {
    func headObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectPart {
        if reading.isOfLatest(object) {
            return try await lookUpOnce { try latest(object, reading, $0, call, withBytes: false).part }
        }
        return try await lookUp { try part(object, reading, $0, call).part }
    }

    func getObject(
        _ object: S3ObjectName, _ reading: S3Reading, _ call: S3Call<Caller>
    ) async throws -> S3ObjectContent {
        let lookup = BlobLookup(blobs)
        if reading.isOfLatest(object), reading.conditions.isMostlyMet {
            let (part, piece, _) = try await lookUpOnce { try latest(object, reading, $0, call, withBytes: true) }
            if piece != nil || part.bytes.isEmpty {
                return S3ObjectContent(
                    part: part, content: lookup.content(piece.map { [$0] } ?? [], range: part.bytes))
            }
        }
        // Anew, on one snapshot: what has been found may be gone, and its row's number be another's.
        var found = try await lookUp { try contents(object, reading, $0, call, limit: Self.fewPieces + 1) }
        if found.pieces.count > Self.fewPieces {
            found = try await read { try contents(object, reading, $0, call, limit: .max) }
        }
        return S3ObjectContent(part: found.part, content: lookup.content(found.pieces, range: found.range))
    }

    /// What is found on the thread that asks. An object made of copied parts may have a million pieces.
    private static let fewPieces = 100

    /// What most ask for, in one statement. (Another one finds an owner that the call expects: owners do not change.)
    /// - Returns: also the piece that holds all bytes of the object, where there is one, and the object's row.
    private func latest(
        _ name: S3ObjectName, _ reading: S3Reading, _ transaction: S3Transaction, _ call: S3Call<Caller>,
        withBytes: Bool
    ) throws -> (part: S3ObjectPart, piece: BlobPiece?, id: Int64) {
        let found = try transaction.objects.found(name, withBytes: withBytes)
        let bucket = try admit(found?.bucket, name.bucket, transaction, call)
        let object = try admit(found?.latest, name, in: bucket, "s3:GetObject", .read, call)
        return (try reading.part(of: object.info(in: bucket)), found?.piece, object.id)
    }

    /// What is asked for, and where its bytes are.
    private func contents(
        _ object: S3ObjectName, _ reading: S3Reading, _ transaction: S3Transaction, _ call: S3Call<Caller>, limit: Int
    ) throws -> (part: S3ObjectPart, pieces: [BlobPiece], range: Range<Int>) {
        let (part, id) = try part(object, reading, transaction, call)
        let bytes = try transaction.objects.pieces(of: id, part.bytes, limit: limit)
        return (part, bytes.pieces, bytes.range)
    }

    /// What is asked for, and the object's row.
    private func part(
        _ name: S3ObjectName, _ reading: S3Reading, _ transaction: S3Transaction, _ call: S3Call<Caller>
    ) throws -> (part: S3ObjectPart, id: Int64) {
        if reading.isOfLatest(name) {
            let (part, _, id) = try latest(name, reading, transaction, call, withBytes: false)
            return (part, id)
        }
        let bucket = try bucket(name.bucket, transaction, call)
        let object = try object(name, in: bucket, "s3:GetObject", .read, transaction, call)
        var part = try reading.part(of: object.info(in: bucket))
        guard let number = reading.partNumber else { return (part, object.id) }
        guard let row = try transaction.objects.part(number, of: object.id) else {
            guard part.info.partCount == nil, number == 1 else {
                throw S3Error("InvalidPart", 400, "The requested partnumber is not satisfiable")
            }
            return (part, object.id)
        }
        // The checksum that goes with a part's bytes is the part's.
        part.info.checksum = row.part.checksum
        part.range = row.start..<(row.start + row.part.size)
        return (part, object.id)
    }
}

extension S3Reading {
    fileprivate func isOfLatest(_ object: S3ObjectName) -> Bool { object.versionID == nil && partNumber == nil }

    /// - Throws: as the conditions have it, or `InvalidRange`.
    fileprivate func part(of info: S3ObjectInfo) throws -> S3ObjectPart {
        try conditions.checkReading(etag: info.etag, modifiedAt: info.modifiedAt)
        return S3ObjectPart(info: info, range: try range?.resolved(size: info.size))
    }
}

extension S3Conditions {
    /// Whether the bytes will be wanted, most likely: who asks whether there is something new most often has the newest.
    fileprivate var isMostlyMet: Bool { ifNoneMatch == nil && ifModifiedSince == nil }
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
