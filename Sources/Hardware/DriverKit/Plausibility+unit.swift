import Vocabulary

extension Plausibility {
    /// What a value of a unit can be in any house. A check sum of eight bits lets one damaged telegram in 256
    /// through, and a value that no house has is not to be taken for one.
    ///
    /// - Parameter exponent: That of the channel, whose steps are 10^`exponent`.
    package static func possible(_ unit: Unit, exponent: Int) -> Plausibility {
        guard let (lowest, highest) = limits[unit] else { return .anything }
        func steps(_ value: Int64) -> Int64? {
            DecimalNumber(mantissa: value).nearestSteps(exponent: exponent)
        }
        guard let lowest = steps(lowest), let highest = steps(highest) else { return .anything }
        return Plausibility(range: lowest...highest)
    }

    private static let limits: [Unit: (Int64, Int64)] = [
        .ampere: (-100_000, 100_000), .bar: (-1, 1_000), .celsius: (-100, 1_000),
        .cubicMetrePerHour: (-3_000, 3_000), .hertz: (40, 70), .kelvin: (-1_000, 1_000),
        .percent: (0, 100), .powerFactor: (-1, 1), .reactivePower: (-1_000_000_000, 1_000_000_000),
        .volt: (-1_000_000, 1_000_000), .watt: (-1_000_000_000, 1_000_000_000),
    ]
}
