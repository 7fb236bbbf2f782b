public import Foundation

/// A file that takes long to make, such as a database with the present schema: made once, and copied from then on.
public final class TemplateFile: Sendable {
    private let content: Task<Data, any Error>

    /// - Parameter make: writes the file of this path. The first `copy` awaits it.
    public init(_ make: @escaping @Sendable (_ path: String) async throws -> Void) {
        content = Task {
            let url = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: url) }
            let file = url.appending(path: "template")
            try await make(file.path(percentEncoded: false))
            return try Data(contentsOf: file)
        }
    }

    public func copy(to url: URL) async throws { try await content.value.write(to: url) }
}
