import Domain
import Testing

@Suite struct IntegrationLifecycleTests {
    @Test func `the whole table of status and event is as decided`() {
        var legal: [String] = []
        for status in IntegrationStatus.allCases {
            for event in IntegrationLifecycle.Event.allCases {
                var lifecycle = IntegrationLifecycle(status)
                if let action = try? lifecycle.apply(event) {
                    legal.append("\(status) + \(event) -> \(lifecycle.status), \(action)")
                } else {
                    #expect(lifecycle.status == status, "a refused event changes nothing")
                }
            }
        }
        #expect(
            legal == [
                "creating + locationCreated -> enabled, none",
                "creating + creationFailed -> createError, cleanUp",
                "createError + editRequested -> creating, createLocation",
                "createError + deletionRequested -> deleting, tearDown",
                "createError + forcedDeletionRequested -> disabled, abandon",
                "deleteError + editRequested -> editing, applyEdit",
                "deleteError + deletionRequested -> deleting, tearDown",
                "deleteError + forcedDeletionRequested -> disabled, abandon",
                "deleteError + recurringValidationPassed -> deleteError, none",
                "deleteError + recurringValidationFailed -> deleteError, none",
                "deleting + locationRemoved -> deleted, none",
                "deleting + deletionFailed -> deleteError, rollBack",
                "disabled + deletionRequested -> deleting, tearDown",
                "disabled + forcedDeletionRequested -> disabled, none",
                "editError + editRequested -> editing, applyEdit",
                "editError + deletionRequested -> deleting, tearDown",
                "editError + forcedDeletionRequested -> disabled, abandon",
                "editError + recurringValidationPassed -> editError, none",
                "editError + recurringValidationFailed -> editError, none",
                "editing + editApplied -> enabled, adoptPending",
                "editing + editFailed -> editError, rollBack",
                "enabled + editRequested -> editing, applyEdit",
                "enabled + deletionRequested -> deleting, tearDown",
                "enabled + forcedDeletionRequested -> disabled, abandon",
                "enabled + recurringValidationPassed -> enabled, none",
                "enabled + recurringValidationFailed -> recurringValidationError, none",
                "recurringValidationError + editRequested -> editing, applyEdit",
                "recurringValidationError + deletionRequested -> deleting, tearDown",
                "recurringValidationError + forcedDeletionRequested -> disabled, abandon",
                "recurringValidationError + recurringValidationPassed -> enabled, none",
                "recurringValidationError + recurringValidationFailed -> recurringValidationError, none",
            ])
    }

    @Test func `a status is saved over itself and over those one event before it`() {
        let sources = IntegrationStatus.allCases.map { status in
            "\(status): " + IntegrationLifecycle.sources(of: status).map(\.rawValue).joined(separator: " ")
        }
        #expect(
            sources == [
                "creating: creating createError",
                "createError: creating createError",
                "deleted: deleted deleting",
                "deleteError: deleteError deleting",
                "deleting: createError deleteError deleting disabled editError enabled recurringValidationError",
                "disabled: createError deleteError disabled editError enabled recurringValidationError",
                "editError: editError editing",
                "editing: deleteError editError editing enabled recurringValidationError",
                "enabled: creating editing enabled recurringValidationError",
                "migrateError: migrateError",
                "migrating: migrating",
                "recurringValidationError: enabled recurringValidationError",
            ])
    }
}
