import Documents
import Vocabulary

/// One piece of hardware as the layout describes it: which driver, on which wire, for which channels.
public struct Component: Hashable, Sendable {
    public let name: ComponentName
    public let model: DriverModel
    public let settings: Settings
    /// The channels that its node reads, in layout order.
    public let channels: [DataChannel]
    /// Where an actuator is driven when it is opened; nil for what only measures.
    public let safeState: SafeState?
    /// Whether the layout asks for a simulated wire.
    public let isSimulated: Bool

    public init(
        name: ComponentName, model: DriverModel, settings: Settings, channels: [DataChannel],
        safeState: SafeState? = nil, isSimulated: Bool = false
    ) {
        self.name = name
        self.model = model
        self.settings = settings
        self.channels = channels
        self.safeState = safeState
        self.isSimulated = isSimulated
    }
}

extension Component {
    /// The component with one simulated wire instead of its real one.
    public func simulated() -> Component {
        Component(
            name: name, model: model, settings: settings, channels: channels,
            safeState: safeState, isSimulated: true)
    }
}

extension DataChannel {
    /// A reading of this channel from an exact decimal in the channel's unit, to the nearest step.
    ///
    /// - Throws: `.noValue` when the value does not fit in 64 bits of steps.
    public func reading(_ value: DecimalNumber) throws(DriverError) -> Reading {
        guard let steps = value.nearestSteps(exponent: exponent) else {
            throw DriverError(.noValue, "channel \(name): \(value) does not fit")
        }
        return Reading(channel: name, value: steps)
    }

    /// A reading of this channel from a binary floating point value in the channel's unit.
    ///
    /// - Throws: `.noValue` for what is no number or does not fit in 64 bits of steps.
    public func reading(_ value: Double) throws(DriverError) -> Reading {
        // A power of ten up to 10^22 is exact in binary, so that this rounds once; 10^-3 is not.
        let power = (0..<abs(exponent)).reduce(1.0) { power, _ in power * 10 }
        let scaled = exponent < 0 ? value * power : value / power
        guard let steps = Int64(exactly: scaled.rounded(.toNearestOrAwayFromZero)) else {
            throw DriverError(.noValue, "channel \(name): \(value) is not a number")
        }
        return Reading(channel: name, value: steps)
    }

    /// The answer for this channel that `value` makes.
    public func answer(_ value: () throws(DriverError) -> DecimalNumber) -> Answer {
        Answer { () throws(DriverError) in try reading(try value()) }
    }
}
