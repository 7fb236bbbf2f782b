/// How much an Access Grants instance takes: one an account and Region. AWS raises both on request.
public struct AccessGrantsQuotas: Sendable, Equatable {
    public var locations: Int
    public var grants: Int

    /// As AWS gives them to everybody.
    public init(locations: Int = 1_000, grants: Int = 100_000) {
        self.locations = locations
        self.grants = grants
    }

    /// Whether it is time to ask for more: at 80 %.
    public static func isNear(_ used: Int, of quota: Int) -> Bool { used * 5 >= quota * 4 }
}
