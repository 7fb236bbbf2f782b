#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder of the blobs' files, `objects/<2 digits>/<32 digits>`: names are random, so no key has a say in them. Its
/// calls block.
struct BlobFolder: Sendable {
    private static let digits = Array("0123456789abcdef")
    static let groups = digits.flatMap { first in digits.map { String([first, $0]) } }

    let path: String
    /// Whether files are to outlive the machine's power.
    let isDurable: Bool

    /// 128 random bits.
    static func newName() -> String {
        var generator = SystemRandomNumberGenerator()
        return String((0..<32).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
    }

    func path(of name: String) -> String { "\(group(of: name))/\(name)" }

    private func group(of name: String) -> String { "\(path)/\(name.prefix(2))" }

    func make(_ name: String) throws -> BlobFile {
        do {
            return try BlobFile(making: path(of: name))
        } catch {
            guard error.isMissing else { throw error }
        }
        try FileManager.default.createDirectory(
            atPath: group(of: name), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        if isDurable { try BlobFile(reading: path).sync() }
        return try BlobFile(making: path(of: name))
    }

    /// Returns when the file that `make` gave, and its name, are on the disk.
    func finish(_ file: BlobFile, _ name: String) throws {
        guard isDurable else { return }
        try file.sync()
        try BlobFile(reading: group(of: name)).sync()
    }

    func open(_ name: String) throws -> BlobFile { try BlobFile(reading: path(of: name)) }

    /// What is not there counts as removed. What cannot be removed is left to the next start's sweep.
    func remove(_ name: String) { unsafe unlink(path(of: name)) }

    /// The same of anything that is in a group.
    func remove(_ name: String, in group: String) { unsafe unlink("\(path)/\(group)/\(name)") }

    /// The names of what is in a group, in no order; whatever is there, blob or not.
    func names(in group: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(group)")) ?? []
    }

    /// Removes everything.
    func removeAll() { try? FileManager.default.removeItem(atPath: path) }
}
