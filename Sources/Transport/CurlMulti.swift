import CCurl

/// The `curl_multi` handle.
///
/// `@unchecked Sendable`: the pointer never changes; `wake` is the one function libcurl allows from any thread, and
/// everything else is called by the transfer thread alone. The handle outlives the thread, because the thread holds a
/// reference, so a late `wake` never meets a freed handle.
@safe final class CurlMulti: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer

    init(_ options: CurlTransport.Options) throws(TransportError) {
        guard let handle = unsafe curl_multi_init() else { throw .connect("libcurl has no memory for a multi handle") }
        unsafe self.handle = unsafe handle
        unsafe sluice_curl_multi_set_long(handle, CURLMOPT_MAX_HOST_CONNECTIONS, options.connectionsPerHost)
        unsafe sluice_curl_multi_set_long(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections)
        unsafe sluice_curl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, options.connections)
    }

    deinit {
        unsafe curl_multi_cleanup(handle)
    }

    func wake() {
        unsafe curl_multi_wakeup(handle)
    }
}
