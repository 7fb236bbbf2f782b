import Domain
import Foundation
import TestSupport
import Testing

@testable import Worker

/// The location's part in the moving and removing of grants, which others do.
@Suite struct GrantMoveTests {
    private typealias Count = GrantCensus.Location

    @Test func `no location goes before its last grant`() async throws {
        let stage = Stage()
        let id = try await Operation.delete.begin(on: stage)
        stage.grants.set([Stage.path: Count(total: 2)])
        for _ in 0..<3 { #expect(try await stage.workOnce()) }
        #expect(try await stage.read(id).report.message == "Access grants that are still to be removed: 2.")
        #expect(stage.aws.locations.map(\.scope) == [Stage.path])
        stage.grants.set([:])
        #expect(try await stage.work())
        #expect(try await stage.read(id).status == .deleted)
        #expect(try await stage.faults(id) == [])
    }

    @Test func `the old location stays until the grants are at the new one`() async throws {
        let stage = Stage()
        let id = try await Operation.editPath.begin(on: stage)
        stage.grants.set([Stage.path: Count(total: 2, wanted: 2, active: 2)])
        for _ in 0..<3 { #expect(try await stage.workOnce()) }
        #expect(stage.aws.locations.map(\.scope) == [Stage.path, Stage.newPath])
        #expect(try await stage.read(id).grantPath == Fixtures.path(Stage.newPath))
        stage.grants.set([Stage.newPath: Count(total: 2, wanted: 2, active: 2)])
        #expect(try await stage.work())
        #expect(try await stage.read(id).status == .enabled)
        #expect(try await stage.faults(id) == [])
    }

    @Test func `a grant that is refused at the new location puts all back as it was`() async throws {
        let stage = Stage()
        let id = try await Operation.editPath.begin(on: stage)
        let refused = Count(total: 2, wanted: 2, active: 1, refused: 1, reason: "s3:CreateAccessGrant was refused.")
        stage.grants.set([Stage.path: Count(total: 1, wanted: 1, active: 1), Stage.newPath: refused])
        #expect(try await stage.work(until: { !$0.status.isTransitional }))
        let end = try await stage.read(id)
        #expect(end.status == .editError)
        #expect(end.report.message == "s3:CreateAccessGrant was refused.")
        #expect(end.grantPath == Fixtures.path(Stage.path))
        #expect(stage.aws.locations.map(\.scope) == [Stage.path, Stage.newPath], "its grants go first")
        stage.grants.set([Stage.path: Count(total: 2, wanted: 2, active: 2)])
        #expect(try await stage.work())
        #expect(try await stage.faults(id) == [])
    }
}
