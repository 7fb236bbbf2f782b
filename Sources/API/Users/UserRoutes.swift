import Domain
import HTTPTypes
import Hummingbird

struct UserRoutes: Sendable {
    var routes: [APIRoute] {
        [
            .caller(.get, "/bim/rpc/user/current") { request, context in
                try request.refuseQuery()
                return Response(json: context.caller.user.json)
            }
        ]
    }
}

extension User {
    var json: JSONValue {
        .members([
            "id": .integer(id.value),
            "iamid": .string(iamid),
            "userid": .string(userid),
            "permissions": .array(permissions.map(\.rawValue).sorted().map { .string($0) }),
            "profile": .members([
                "id": .integer(id.value),
                "name": .string(profile.name),
                "email": profile.email.map { .string($0) } ?? .null,
                "externalUserIds": .object([]),
            ]),
            "createdAt": .string(Timestamp.text(createdAt)),
        ])
    }
}
