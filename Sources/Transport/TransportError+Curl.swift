import CCurl

extension TransportError {
    /// libcurl's error codes, put in the caller's terms.
    init(_ code: CURLcode, detail: String, requestSent: Bool) {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT:
            // libcurl also says so of an answer in a version of HTTP that is none.
            self = requestSent ? .malformedResponse(detail) : .malformedRequest(detail)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self = .resolve(detail)
        case CURLE_COULDNT_CONNECT:
            self = .connect(detail)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED:
            // With TLS 1.3 a server may refuse the client only after the request is on its way.
            self = requestSent ? .connectionLost(detail, requestSent: true) : .tls(detail)
        case CURLE_OPERATION_TIMEDOUT:
            self = requestSent ? .timeout(requestSent: true) : .connectTimeout(detail)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            self = .malformedResponse(detail)
        default:
            self = .connectionLost(detail, requestSent: requestSent)
        }
    }
}
