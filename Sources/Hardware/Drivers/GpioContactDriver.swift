import Documents
import DriverKit
import Vocabulary

/// A contact, switch or alarm output on a GPIO line: a door, a float switch, a thermostat's call.
///
/// Every change that lasts for the debounce time becomes an event, dated when the contact moved.
public struct GpioContactDriver: EventDriver {
    public static let description = DriverDescription(
        model: DriverModel(known: "gpio-contact"),
        title: "A contact on a GPIO line", wire: "GPIO line", kinds: [.sensor],
        settings: [
            .gpioLine, .gpioActiveLow, .gpioBias, .gpioDebounce(default: .milliseconds(20)),
        ],
        channels: [
            ChannelDescription(
                source: "state", unit: .onOff, exponent: 0, title: "whether the contact is on",
                plausibility: Plausibility(range: 0...1), pollPeriod: .seconds(1),
                capturePeriod: .seconds(300), captureDelta: 1)
        ],
        source: "Linux GPIO character device, linux/gpio.h")

    private let channel: DataChannel
    private var input: DebouncedInput

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        try component.gpioClaims()
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        channel = try component.onlyChannel()
        input = try DebouncedInput(
            try component.settings.line("line"), try component.gpioInputSettings(), wiring: wiring)
    }

    public var eventDescriptor: Int32 { input.descriptor }

    public var eventDeadline: MonotonicInstant? { input.deadline }

    public mutating func takeEvents(
        at now: MonotonicInstant
    ) throws(DriverError) -> [DriverEvent] {
        do throws(DriverError) {
            try input.look(at: now)
        } catch {
            // What came before the failure is reported first; the next call reports the failure.
            guard input.hasChanges else { throw error }
        }
        return input.takeChanges().map {
            DriverEvent(at: $0.at, reading: channel.reading(isOn: $0.isActive))
        }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        // The changes that it comes upon are events, reported as soon as the node has done with this poll.
        try input.look(at: now)
        return due.map { .success($0.reading(isOn: input.isActive)) }
    }
}
