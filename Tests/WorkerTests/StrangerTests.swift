import Domain
import Foundation
import TestSupport
import Testing

@testable import Worker

@Suite struct StrangerTests {
    @Test func `a location of somebody else's on the very path fails the creation and stays`() async throws {
        let stage = Stage()
        let id = try await Operation.create.begin(on: stage)
        stage.aws.addStranger(9, scope: Stage.path)
        #expect(try await stage.work())
        let end = try await stage.read(id)
        #expect(end.status == .createError)
        #expect(end.report.message == "Access Grants location already exists on provided path.")
        #expect(end.locations == [])
        #expect(stage.aws.strangers.map(\.id) == ["stranger-1", "stranger-2", "stranger-3", "stranger-9"])
        #expect(!stage.aws.calls.contains("DeleteAccessGrantsLocation"))
    }

    @Test(arguments: [true, false])
    func `after a lost answer a location with another role, or older, is not taken for ours`(
        _ isOlder: Bool
    ) async throws {
        let stage = Stage()
        if isOlder { stage.aws.addStranger(9, scope: Stage.path) }
        stage.clock.advance(by: LocationRecord.clockSkew + 1)
        let id = try await Operation.create.begin(on: stage)
        if !isOlder { stage.aws.addStranger(9, scope: Stage.path, role: Stage.newRole) }
        stage.aws.setFault { index, _ in index == 0 ? .lostRequest(.unreachable) : nil }
        #expect(try await stage.work())
        #expect(try await stage.read(id).status == .createError)
        #expect(stage.aws.strangers.map(\.id).contains("stranger-9"))
        #expect(stage.aws.locations == [])
    }

    @Test func `a location removed behind our back is made again by PUT after an error`() async throws {
        let stage = Stage()
        let id = try await Operation.create.begin(on: stage)
        _ = try await stage.work()
        stage.aws.change { locations in locations = locations.filter { $0.key.hasPrefix("stranger") } }
        try await stage.request(id) {
            $0.checked(Fixtures.failed(.noExistingLocation, "gone"), now: stage.clock.now, nextCheckAt: nil)
        }
        #expect(try await stage.read(id).status == .recurringValidationError)
        try await stage.request(id) {
            try $0.requestEdit(to: $0.configuration, validation: Fixtures.passed, now: stage.clock.now)
        }
        #expect(try await stage.work())
        #expect(try await stage.read(id).status == .enabled)
        #expect(try await stage.faults(id) == [])
    }

    @Test func `an old location that cannot be mended does not keep the path from being changed`() async throws {
        let stage = Stage()
        let id = try await Operation.create.begin(on: stage)
        _ = try await stage.work()
        stage.aws.change { locations in locations = locations.filter { $0.key.hasPrefix("stranger") } }
        try await stage.request(id) {
            $0.checked(Fixtures.failed(.pathExists, "no such bucket"), now: stage.clock.now, nextCheckAt: nil)
        }
        stage.aws.setFault { _, call in
            call == "UpdateAccessGrantsLocation" ? .refused(.refused, code: "AccessDenied") : nil
        }
        try await stage.request(id) {
            try $0.requestEdit(to: Operation.editPath.wanted, validation: Fixtures.passed, now: stage.clock.now)
        }
        #expect(try await stage.work())
        #expect(try await stage.read(id).status == .enabled)
        #expect(try await stage.faults(id) == [])
    }
}
