import Documents
import DriverKit
import Vocabulary

/// A meter that gives pulses: S0 of an electricity meter, a water meter's reed contact, a flow sensor.
///
/// What is stored is the count of pulses, so that the scale can be corrected later, and what the meter
/// showed before the first of them. It is on disk
/// before a reading of it is handed out, so that a published total never falls back; a process that is
/// killed loses the pulses since the last reading, one that stops loses none.
public struct GpioPulseCounterDriver: EventDriver, Settable {
    public static let description = DriverDescription(
        model: DriverModel(known: "gpio-pulse-counter"),
        title: "A pulse output on a GPIO line", wire: "GPIO line", kinds: [.meter, .sensor],
        settings: [
            .gpioLine, .gpioActiveLow, .gpioBias, .gpioDebounce(default: .milliseconds(5)),
            SettingDescription(
                "edge", .choice(CountedEdge.allCases.map(\.rawValue)), default: .text("rising"),
                "what is counted: rising when the line becomes active, falling when inactive"),
            SettingDescription(
                "quantity", .choice(PulseScale.Quantity.allCases.map(\.rawValue)),
                "what the pulses stand for"),
            SettingDescription(
                optional: "pulsesPer", .decimal,
                "pulses for one kWh of energy or one litre of volume; 1 for a count"),
            SettingDescription(
                optional: "startAt", .decimal,
                "the meter's total when the first pulse is counted, in the unit of the total; "
                    + "later, tidegate set"),
            SettingDescription(
                "zeroAfter", .duration(.seconds(1) ... .seconds(86_400)), default: .text("5min"),
                "the rate is 0 after so long without a pulse"),
        ],
        channels: [],
        source: "IEC 62053-31 (S0 pulses); Linux GPIO character device, linux/gpio.h")

    enum CountedEdge: String, CaseIterable { case rising, falling }

    private let scale: PulseScale
    private let counted: CountedEdge
    private var input: DebouncedInput
    private var rate: PulseRate
    private let count: PulseCount

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        let quantity = try PulseScale(settings).quantity
        _ = try start(settings, quantity)
        return [
            ChannelDescription(
                source: "total", unit: quantity.totalUnit, exponent: quantity.totalExponent,
                title: "all pulses so far",
                plausibility: Plausibility(range: 0 ... .max, isCounter: true), isSettable: true),
            ChannelDescription(
                source: "rate", unit: quantity.rateUnit, exponent: quantity.rateExponent,
                title: "from the time between pulses", plausibility: Plausibility(range: 0 ... .max)
            ),
        ]
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        try component.gpioClaims()
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = component.settings
        scale = try PulseScale(settings)
        counted = try settings.choice("edge")
        rate = PulseRate(zeroAfter: try settings.duration("zeroAfter"))
        count = try PulseCount(
            try wiring.totalStore(for: component.name),
            startingAt: try Self.start(settings, scale.quantity))
        input = try DebouncedInput(
            try settings.line("line"), try component.gpioInputSettings(), wiring: wiring)
    }

    /// What the total begins with where none is stored.
    private static func start(
        _ settings: Settings, _ quantity: PulseScale.Quantity
    ) throws(DriverError) -> DecimalNumber {
        guard settings["startAt"] != nil else { return DecimalNumber(mantissa: 0) }
        let start = try settings.decimal("startAt")
        guard start.mantissa >= 0, start.wholeSteps(exponent: quantity.totalExponent) != nil else {
            let step = DecimalNumber(mantissa: 1, exponent: quantity.totalExponent)
            throw settings.bad(
                "startAt", "0 or more, in steps of \(step) \(quantity.totalUnit.rawValue)")
        }
        return start
    }

    public var eventDescriptor: Int32 { input.descriptor }

    public var eventDeadline: MonotonicInstant? { input.deadline }

    /// Counts what came. A pulse is no event of its own: totals are reported when they are polled.
    public mutating func takeEvents(
        at now: MonotonicInstant
    ) throws(DriverError) -> [DriverEvent] {
        do throws(DriverError) {
            try input.look(at: now)
        } catch {
            // A pulse that came before the failure counts, for no driver may follow on this one.
            takePulses()
            throw error
        }
        takePulses()
        return []
    }

    private mutating func takePulses() {
        for edge in input.takeChanges() where edge.isActive == (counted == .rising) {
            count.add()
            rate.take(pulseAt: edge.at)
        }
    }

    /// - Throws: `.malformedReply` when the total could not be saved: it is counted on, but not reported.
    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        _ = try takeEvents(at: now)
        return due.map { channel in
            Answer { () throws(DriverError) in
                if channel.source == "total" {
                    Reading(
                        channel: channel.name,
                        value: try scale.total(try count.saved(), in: channel))
                } else if let rate = rate.rate(at: now) {
                    Reading(channel: channel.name, value: try scale.rate(rate, in: channel))
                } else {
                    // Nothing is known before the second pulse, and a default is never reported as a value.
                    Reading(channel: channel.name, value: 0, quality: .bad)
                }
            }
        }
    }

    public mutating func set(
        _ channel: DataChannel, to total: Int64
    ) throws(DriverError) -> Int64 {
        let before = try scale.total(count.total, in: channel)
        try count.begin(at: channel.decimal(total))
        return before
    }
}

/// The count of pulses, in memory and on disk.
private final class PulseCount {
    private(set) var total: RunningTotal
    private var onDisk: RunningTotal?
    private let store: any TotalStore

    init(_ store: any TotalStore, startingAt start: DecimalNumber) throws(DriverError) {
        self.store = store
        onDisk = try store.load()
        total = onDisk ?? RunningTotal(pulses: 0, start: start)
    }

    deinit {
        // A stop or a lost chip must not cost the last pulses. Nobody learns of it if this fails, and
        // nothing that was published depends on it.
        if total.pulses != onDisk?.pulses ?? 0 { try? store.save(total) }
    }

    /// A total that is full, as only a damaged file makes it, stays so.
    func add() { if total.pulses < .max { total.pulses += 1 } }

    /// The count, once it would survive a power cut.
    /// - Throws: `.malformedReply`, worth another round: going on counting needs no disk.
    func saved() throws(DriverError) -> RunningTotal {
        if total != onDisk { try save(total) }
        return total
    }

    /// Goes on from what the meter shows.
    /// - Throws: `.malformedReply`; the count is the same as before then.
    func begin(at start: DecimalNumber) throws(DriverError) {
        let new = RunningTotal(pulses: 0, start: start)
        try save(new)
        total = new
    }

    private func save(_ total: RunningTotal) throws(DriverError) {
        do throws(DriverError) {
            try store.save(total)
        } catch {
            throw DriverError(.malformedReply, error.detail)
        }
        onDisk = total
    }
}
