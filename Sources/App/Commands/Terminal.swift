#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The process's standard output and error, unbuffered: a line that says "listening" must leave at once, whoever reads.
enum Terminal {
    static func print(_ line: String) { write(line, to: 1) }
    static func error(_ line: String) { write(line, to: 2) }

    /// Writing where nobody reads any more is an error to be handled, not the end of the process.
    static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    static func endProcess(code: Int32) -> Never { exit(code) }

    private static func write(_ line: String, to descriptor: Int32) {
        let bytes = Array((line + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { buffer in
                #if canImport(Darwin)
                    unsafe Darwin.write(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                    unsafe Musl.write(descriptor, buffer.baseAddress, buffer.count)
                #else
                    unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            // Nobody reads any more: there is nobody to tell.
            guard count > 0 else { return }
            written += count
        }
    }
}
