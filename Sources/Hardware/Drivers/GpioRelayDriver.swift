import Documents
import DriverKit
import Vocabulary

/// A relay, contactor or anything else that one GPIO line switches.
///
/// The line takes on the safe state in the call that claims it, so that it never passes through the
/// other one. What is read is the level on the line: a line that is held by a fault shows.
public struct GpioRelayDriver: Actuator {
    public static let description = DriverDescription(
        model: DriverModel(known: "gpio-relay"),
        title: "A relay on a GPIO line", wire: "GPIO line", kinds: [.relay],
        settings: [
            .gpioLine, .gpioActiveLow,
            SettingDescription(
                "drive", .choice(OutputSettings.Drive.allCases.map(\.rawValue)),
                default: .text(OutputSettings.Drive.pushPull.rawValue),
                "whether the chip drives both levels, only low, or only high"),
        ],
        channels: [
            ChannelDescription(
                source: "state", unit: .onOff, exponent: 0, title: "the level on the line",
                plausibility: Plausibility(range: 0...1), pollPeriod: .seconds(1),
                capturePeriod: .seconds(300), captureDelta: 1)
        ],
        source: "Linux GPIO character device, linux/gpio.h")

    private let channel: DataChannel
    private let line: any OutputLine

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        try component.gpioClaims()
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        channel = try component.onlyChannel()
        let initially: InitialState =
            switch component.safeState {
            case .on: .active
            case .hold: .asIs
            case .off, nil: .inactive
            }
        line = try wiring.outputLine(
            try component.settings.line("line"),
            OutputSettings(
                activeLow: try component.settings.flag("activeLow"),
                drive: try component.settings.choice("drive"), consumer: component.gpioConsumer),
            initially: initially)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        let isOn = try line.isActive()
        return due.map { .success($0.reading(isOn: isOn)) }
    }

    public mutating func apply(_ value: Int64) throws(DriverError) -> Reading {
        guard value == 0 || value == 1 else {
            throw DriverError(
                .unsupported, "channel \(channel.name): \(value) must be 0 (off) or 1 (on)")
        }
        try line.set(value == 1)
        return channel.reading(isOn: try line.isActive())
    }
}
