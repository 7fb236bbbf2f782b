import FuzzTargets

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which target: `FUZZ_TARGET`, one of `FuzzTarget`.
private let target: FuzzTarget = {
    guard let name = unsafe getenv("FUZZ_TARGET").map({ unsafe String(cString: $0) }),
        let target = FuzzTarget(rawValue: name)
    else { fatalError("FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue))") }
    return target
}()

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    target.read(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
