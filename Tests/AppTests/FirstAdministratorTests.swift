import Domain
import Foundation
import TestSupport
import Testing

@testable import App

@Suite struct FirstAdministratorTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)").path
    private var database: String { folder + "/sluice.db" }

    private func inFolder(_ body: () async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body()
    }

    private func make(in identities: InMemoryIdentityRepository, given: String?) async throws -> String? {
        try await FirstAdministrator.make(in: identities, given: given.map { Secret($0) }, database: database)
    }

    @Test func `a given key becomes the administrator's, with every permission`() async throws {
        let identities = InMemoryIdentityRepository()
        #expect(try await make(in: identities, given: "0123456789abcdef") == nil)
        let users = try await identities.users()
        #expect(users.map(\.userid) == ["admin"])
        #expect(users.first?.permissions == Set(Permission.allCases))
        #expect(try await identities.keys(of: nil).map(\.name) == ["bootstrap"])
    }

    @Test func `without one, a key is made and written where only its owner reads it`() async throws {
        try await inFolder {
            let file = try await make(in: InMemoryIdentityRepository(), given: nil)
            #expect(file == database + ".admin-key")
            let attributes = try FileManager.default.attributesOfItem(atPath: database + ".admin-key")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let text = try String(contentsOfFile: database + ".admin-key", encoding: .utf8)
            #expect(text.count == 44, "32 bytes in base64url, and a line end")
        }
    }

    @Test func `a start that ended before the user was stored is finished with the same key`() async throws {
        try await inFolder {
            _ = try await make(in: InMemoryIdentityRepository(), given: nil)
            let before = try String(contentsOfFile: database + ".admin-key", encoding: .utf8)
            _ = try await make(in: InMemoryIdentityRepository(), given: nil)
            #expect(try String(contentsOfFile: database + ".admin-key", encoding: .utf8) == before)
        }
    }

    @Test func `later starts change nothing`() async throws {
        let identities = InMemoryIdentityRepository()
        _ = try await make(in: identities, given: "0123456789abcdef")
        #expect(try await make(in: identities, given: "another-key-0123456789") == nil)
        #expect(try await identities.keys(of: nil).count == 1)
    }

    @Test(arguments: ["short", "with a space in it", "sixteen-and-é-here"])
    func `a key that could be guessed or not be sent is refused`(key: String) async throws {
        let identities = InMemoryIdentityRepository()
        await #expect(throws: CommandFailure.self) { try await make(in: identities, given: key) }
        #expect(try await !identities.hasUsers())
    }
}
