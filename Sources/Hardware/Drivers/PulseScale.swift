import DriverKit
import Vocabulary

/// What pulses stand for, and how pulse counts become steps of a channel, exactly.
struct PulseScale: Hashable, Sendable {
    enum Quantity: String, CaseIterable, Sendable { case energy, volume, count }

    let quantity: Quantity
    /// Millionths of a pulse per kWh, per litre, or per thing counted.
    private let pulseMillionths: Int64

    /// - Throws: `.invalidComponent` when `pulsesPer` is missing or no useful number.
    init(_ settings: Settings) throws(DriverError) {
        quantity = try settings.choice("quantity")
        guard settings["pulsesPer"] != nil || quantity != .count else {
            pulseMillionths = 1_000_000
            return
        }
        let millionths = try settings.decimal("pulsesPer").wholeSteps(exponent: -6)
        guard let millionths, (1...1_000_000_000_000_000).contains(millionths) else {
            throw settings.bad(
                "pulsesPer",
                "the pulses for one \(quantity.per): more than 0, at most a thousand million, "
                    + "with at most six decimals")
        }
        pulseMillionths = millionths
    }

    /// The total in steps of `channel`, each part of it to the nearest.
    /// - Throws: `.malformedReply` when it does not fit in 64 bits.
    func total(_ total: RunningTotal, in channel: DataChannel) throws(DriverError) -> Int64 {
        let counted = try steps(total.pulses, each: quantity.unitsEach, in: channel)
        let start = total.start.nearestSteps(exponent: channel.exponent)
        let (sum, overflow) = counted.addingReportingOverflow(start ?? .max)
        guard start != nil, !overflow else {
            throw DriverError(
                .malformedReply, "channel \(channel.name): \(total.start) does not fit")
        }
        return sum
    }

    /// The rate of `pulses` in `nanoseconds`, in steps of `channel`, to the nearest.
    /// - Throws: `.malformedReply` when it does not fit in 64 bits.
    func rate(_ rate: PulseRate.Rate, in channel: DataChannel) throws(DriverError) -> Int64 {
        try steps(
            rate.pulses, each: quantity.rateEach * 1_000_000_000, in: channel,
            dividedBy: Int128(rate.nanoseconds))
    }

    private func steps(
        _ pulses: Int64, each units: Int128, in channel: DataChannel, dividedBy time: Int128 = 1
    ) throws(DriverError) -> Int64 {
        var factors = [Int128(pulses), units, 1_000_000]
        var divisors = [Int128(pulseMillionths), time]
        let tens = [Int128](repeating: 10, count: abs(channel.exponent))
        if channel.exponent < 0 { factors += tens } else { divisors += tens }
        guard let numerator = product(factors), let denominator = product(divisors),
            let doubled = product([numerator, 2]), let twice = product([denominator, 2]),
            doubled <= .max - denominator,
            let steps = Int64(exactly: (doubled + denominator) / twice)
        else {
            throw DriverError(
                .malformedReply, "channel \(channel.name): \(pulses) pulses do not fit")
        }
        return steps
    }

    /// Nil when 128 bits do not hold it.
    private func product(_ factors: [Int128]) -> Int128? {
        var product: Int128 = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            product = next
        }
        return product
    }
}

extension PulseScale.Quantity {
    /// What `pulsesPer` counts the pulses of.
    var per: String {
        switch self {
        case .energy: "kWh"
        case .volume: "litre"
        case .count: "thing counted"
        }
    }

    var totalUnit: Unit {
        switch self {
        case .energy: .wattHour
        case .volume: .litre
        case .count: .count
        }
    }

    /// A thousandth is lost to nobody; things are counted whole.
    var totalExponent: Int { self == .count ? 0 : -3 }

    var rateUnit: Unit {
        switch self {
        case .energy: .watt
        case .volume: .litrePerMinute
        case .count: .hertz
        }
    }

    var rateExponent: Int { self == .energy ? -1 : -3 }

    /// Units of the total in what `pulsesPer` counts: a kWh has 1000 Wh.
    fileprivate var unitsEach: Int128 { self == .energy ? 1000 : 1 }

    /// Units of the rate for one of what `pulsesPer` counts in a second.
    fileprivate var rateEach: Int128 {
        switch self {
        case .energy: 3_600_000
        case .volume: 60
        case .count: 1
        }
    }
}
