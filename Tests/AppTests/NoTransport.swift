import Transport

/// Reaches nothing.
struct NoTransport: DocumentTransport {
    func send(_ request: DocumentRequest) async throws(TransportError) -> DocumentResponse {
        throw .cancelled(requestSent: false)
    }
}
