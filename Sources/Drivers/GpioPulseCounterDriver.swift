import Documents
import DriverKit
import Vocabulary

/// A meter that gives pulses: S0 of an electricity meter, a water meter's reed contact, a flow sensor.
///
/// What is stored is the count of pulses, so that the scale can be corrected later. It is on disk
/// before a reading of it is handed out, so that a published total never falls back; a process that is
/// killed loses the pulses since the last reading, one that stops loses none.
public struct GpioPulseCounterDriver: EventDriver {
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
                "zeroAfter", .duration(.seconds(1) ... .seconds(86_400)), default: .text("5min"),
                "the rate is 0 when no pulse came for so long"),
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
        return [
            ChannelDescription(
                source: "total", unit: quantity.totalUnit, exponent: quantity.totalExponent,
                title: "all pulses so far",
                plausibility: Plausibility(range: 0 ... .max, isCounter: true)),
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
        count = try PulseCount(try wiring.totalStore(for: component.name))
        input = try DebouncedInput(
            try settings.line("line"), try component.gpioInputSettings(), wiring: wiring)
    }

    public var eventDescriptor: Int32 { input.descriptor }

    public var eventDeadline: MonotonicInstant? { input.deadline }

    /// Counts what came. A pulse is no event of its own: totals are told when they are polled.
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

    /// - Throws: `.badReply` when the total could not be saved: it is counted on, but not told.
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
                    // Nothing is known before the second pulse, and a default is never told as a value.
                    Reading(channel: channel.name, value: 0, quality: .bad)
                }
            }
        }
    }
}

/// The count of pulses, in memory and on disk.
private final class PulseCount {
    private var pulses: Int64
    private var onDisk: Int64?
    private let store: any TotalStore

    init(_ store: any TotalStore) throws(DriverError) {
        self.store = store
        onDisk = try store.load()
        pulses = onDisk ?? 0
    }

    deinit {
        // A stop or a lost chip must not cost the last pulses. Nobody can be told if this fails, and
        // nothing that was published depends on it.
        if pulses != onDisk ?? 0 { try? store.save(pulses) }
    }

    /// A total that is full, as only a damaged file makes it, stays so.
    func add() { if pulses < .max { pulses += 1 } }

    /// The count, once it would survive a power cut.
    /// - Throws: `.badReply`, worth another round: going on counting needs no disk.
    func saved() throws(DriverError) -> Int64 {
        guard pulses != onDisk else { return pulses }
        do throws(DriverError) {
            try store.save(pulses)
        } catch {
            throw DriverError(.badReply, error.detail)
        }
        onDisk = pulses
        return pulses
    }
}
