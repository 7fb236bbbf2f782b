import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct ChildTests {
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/fd"), "the system shows no open files"))
    func `Of programs started at one time none has open what is another's`() async throws {
        // All are kept, so that each start opens files that were not there before.
        let children = Mutex<[Result<Child, any Error>]>([])
        await withCheckedContinuation { continuation in
            let threads = DispatchGroup()
            for _ in 0..<8 {
                DispatchQueue(label: "starts").async(group: threads) {
                    for _ in 0..<8 {
                        let child = Result { try Child("/bin/sh", ["-c", "readlink /proc/$$/fd/*"]) }
                        children.withLock { $0.append(child) }
                    }
                }
            }
            threads.notify(queue: .global()) { continuation.resume() }
        }
        let open = try children.withLock(\.self).flatMap { child in
            let lines = try child.get().output.readToEnd() ?? Data()
            return String(decoding: lines, as: UTF8.self).split(separator: "\n").filter {
                $0.hasPrefix("pipe:") || $0.hasPrefix("socket:")
            }
        }
        #expect(open.count >= 8 * 8 * 2)
        #expect(Set(open).count == open.count)
    }
}
