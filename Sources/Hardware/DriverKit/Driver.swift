import Documents
import Vocabulary

/// The code that knows one make and model of device.
///
/// A driver is plain blocking code with one owner: it is made on its node's thread, and only the node
/// calls it, on that thread. It never sleeps, logs or reads a clock. Dropping it releases its wires.
public protocol Driver: SendableMetatype {
    /// What it is called, what it takes and what it offers. Layout checks, the JSON Schema and
    /// `tidegate drivers` are drawn from this.
    static var description: DriverDescription { get }

    /// The channels that a component with these settings offers. Most drivers offer always the same
    /// ones and keep the default, which answers `description.channels`.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    static func channels(offeredWith settings: Settings) throws(DriverError) -> [ChannelDescription]

    /// What is wrong with these settings beyond the form of each, as far as it can be found at once: for
    /// drivers whose settings are lists of many things. `channels` still refuses what is not found here.
    ///
    /// - Parameter settings: Some may be missing or of another form, which was reported then.
    static func mistakes(in settings: Settings) -> ProblemList

    /// What these settings may say and probably do not mean, each at its own place.
    static func doubts(about settings: Settings) -> [Problem]

    /// Everything on its wires that the component needs for itself, so that nothing is used twice.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    static func claims(of component: Component) throws(DriverError) -> [WireClaim]

    /// What the component's polls put on a shared serial bus. None for drivers without a bus.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    static func traffic(of component: Component) throws(DriverError) -> [BusTraffic]

    /// Claims the component's wires. An actuator's output is driven to the safe state in the same step.
    /// - Throws: `.invalidComponent`, naming the setting at fault; `.notConnected` if a wire is absent.
    init(component: Component, wiring: any Wiring) throws(DriverError)

    /// Asks the device for the channels that are due. One that cannot be read costs no other.
    ///
    /// - Parameters:
    ///   - due: Some of the component's channels, in layout order.
    ///   - now: When the device is asked, on the clock of the kernel's edge time stamps.
    /// - Returns: One answer for each of `due`, in the same order, in the channel's own steps. Where
    ///   there is nothing to measure yet its quality is `.bad`, and the node leaves it out.
    /// - Throws: What is wrong with the device as a whole: `.timeout`, `.malformedReply` or `.busy`, worth
    ///   another round; `.notConnected`, after which the driver is dropped and made again.
    mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer]
}

/// What a device answers for one channel: a reading, or why there is none.
public typealias Answer = Result<Reading, DriverError>

extension Driver {
    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] { description.channels }

    public static func mistakes(in settings: Settings) -> ProblemList { [] }

    public static func doubts(about settings: Settings) -> [Problem] { [] }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] { [] }

    public static func traffic(of component: Component) throws(DriverError) -> [BusTraffic] { [] }

    public static var model: DriverModel { description.model }
}

/// A driver whose device also takes orders. It has exactly one channel, the state that it confirms.
public protocol Actuator: Driver {
    /// Drives the device to `value`, in whole steps of its channel's unit.
    /// - Returns: The state read back from the device, which may not be the state asked for.
    mutating func apply(_ value: Int64) throws(DriverError) -> Reading
}

/// A driver that counts by itself, so that a total can be set to what the meter shows.
public protocol Settable: Driver {
    /// Goes on counting from `total`, in whole steps of `channel`, which is one that is settable. Returns
    /// when that would survive a power cut.
    /// - Returns: The total before.
    /// - Throws: `.unsupported` for a total that it cannot keep; `.malformedReply` when it could not be saved,
    ///   and goes on from the total before.
    mutating func set(_ channel: DataChannel, to total: Int64) throws(DriverError) -> Int64
}

/// A driver whose device speaks up between polls.
public protocol EventDriver: Driver {
    /// Becomes readable when the device has something to say. The node's thread watches it.
    var eventDescriptor: Int32 { get }

    /// When `takeEvents` is owed a call although the descriptor is quiet, as after a debounce time.
    var eventDeadline: MonotonicInstant? { get }

    /// Takes everything the device has said so far, oldest first, each with the time it happened.
    /// - Throws: As `read` does.
    mutating func takeEvents(at now: MonotonicInstant) throws(DriverError) -> [DriverEvent]
}

/// A driver that waits in `read` for what its device sends by itself, in its own rhythm.
///
/// Its readings are dated when `read` returns, less the age of each.
public protocol ListeningDriver: Driver {
    /// How old what the last `read` answered for `channel` was by the device's own dates, as that of a gas
    /// meter behind an electricity meter. Nil for what was measured when it was sent.
    func age(of channel: DataChannel) -> Duration?
}

extension ListeningDriver {
    public func age(of channel: DataChannel) -> Duration? { nil }
}

/// A reading that the device itself dated.
public struct DriverEvent: Hashable, Sendable {
    public let at: MonotonicInstant
    public let reading: Reading

    public init(at: MonotonicInstant, reading: Reading) {
        self.at = at
        self.reading = reading
    }
}
