import Domain
import HTTPTypes
public import Hummingbird

/// The control plane's REST, ready to be served; other listeners' routes (`/s3p`) may be added to it.
public func apiRouter(_ dependencies: APIDependencies) -> Router<APIRequestContext> {
    let authenticator = Authenticator(dependencies.identities, now: dependencies.environment.now)
    let routes = apiRoutes(dependencies, authenticator)
    let router = Router(context: APIRequestContext.self, options: .autoGenerateHeadEndpoints)
    for middleware in dependencies.middleware { router.add(middleware: middleware) }
    router.add(middleware: AnswerMiddleware(table: RouteTable(routes)))
    let authenticated = router.group()
        .add(middleware: AuthenticationMiddleware(authenticator: authenticator))
        .group(context: CallerContext.self)
    let refusals = Refusals(audit: dependencies.audit, environment: dependencies.environment)
    for route in routes {
        switch route.handler {
        case .open(let handler): router.on(route.routerPath, method: route.method, use: handler)
        case .caller(let permission, let handler):
            authenticated.on(route.routerPath, method: route.method) { request, context in
                try await refusals.noting(route, context) {
                    if let permission { try context.caller.require(permission) }
                    return try await handler(request, context)
                }
            }
        }
    }
    return router
}

func apiRoutes(_ dependencies: APIDependencies, _ authenticator: Authenticator) -> [APIRoute] {
    SystemRoutes(probes: dependencies.probes).routes
        + KeyRoutes(dependencies, authenticator: authenticator).routes
        + UserRoutes(dependencies, authenticator: authenticator).routes
        + AuditRoutes(audit: dependencies.audit).routes
        + IntegrationRoutes(dependencies).routes
        + ScriptRoutes(dependencies).routes
        + DataSourceRoutes(dependencies).routes
        + AccessRoutes(dependencies).routes
}
