public import Foundation

/// The Python that tests run: `SLUICE_PYTHON`, else that of the package's own virtual environment, else `python3`.
public enum TestPython {
    public static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// nil where it cannot import `modules`, which are separated by commas.
    public static func path(importing modules: String) -> String? {
        let virtual = package.appending(path: ".venv/bin/python").path
        let chosen =
            ProcessInfo.processInfo.environment["SLUICE_PYTHON"]
            ?? (FileManager.default.isExecutableFile(atPath: virtual) ? virtual : "python3")
        return (try? Child.run(chosen, ["-c", "import \(modules)"]))?.end == .exit(0) ? chosen : nil
    }
}
