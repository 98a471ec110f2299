import Documents
import DriverKit
import Vocabulary

/// An electricity meter with a P1 port, and the gas, water and heat meters that send through it.
public struct DsmrP1Driver: ListeningDriver {
    public static let description = DriverDescription(
        model: DriverModel(known: "dsmr-p1"),
        title: "Smart meter with a P1 port: DSMR 2.2 to 5, Belgian, Swedish, Luxembourgish",
        wire: "serial", kinds: [.meter],
        settings: MeterLine.settings(baud: 115_200, format: "8N1", timeout: "15s") + [
            SettingDescription(
                optional: "keyFile", .text,
                "The file with the key of an encrypted port, 32 hexadecimal digits."),
            SettingDescription(
                "authenticationKey", .text, default: .text(P1Key.usualAuthentication),
                "The grid operator's authentication key, 32 hexadecimal digits."),
            ObisSource.ownValues,
        ],
        channels: sources.map(\.channel) + subMeters.map(\.channel),
        source: "P1 Companion Standard 5.0.2 of DSMR; e-MUCS P1 1.7.1; Smarty P1 of Luxembourg")

    private static let sources = ObisSource.electricity(
        defaults: ["energy-import", "energy-export", "power-active"])

    /// A kind of meter behind the port.
    private struct SubMeterSource {
        /// As M-Bus numbers them.
        let media: Set<Int64>
        let channel: ChannelDescription

        init(_ name: String, _ media: Set<Int64>, _ unit: Unit, _ exponent: Int, _ title: String) {
            self.media = media
            channel = ChannelDescription(
                source: name, unit: unit, exponent: exponent, title: title,
                plausibility: .meterTotal,
                pollPeriod: .seconds(60), capturePeriod: .seconds(60), isDefault: false)
        }
    }

    /// Source: EN 13757-3, "Device type identification".
    private static let subMeters = [
        SubMeterSource("gas", [3], .cubicMetre, -3, "Gas meter behind the port"),
        SubMeterSource("water", [7], .cubicMetre, -3, "Water meter behind the port"),
        SubMeterSource("water-warm", [6, 0x15], .cubicMetre, -3, "Warm water meter"),
        SubMeterSource("heat", [4, 0x0C, 0x0D], .wattHour, 0, "Heat meter behind the port"),
        SubMeterSource("cooling", [0x0A, 0x0B], .wattHour, 0, "Cooling meter behind the port"),
    ]

    /// Sub-meters send hourly or daily. What is older than that is not this meter's value any more.
    private static let oldest: Int64 = 26 * 3600

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        try sources.adding(settings).map(\.channel) + subMeters.map(\.channel)
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [try MeterLine(component.settings).claim]
    }

    /// - Throws: `.invalidComponent` for a malformed key; `.notConnected` when its file is not there.
    public static func key(
        _ settings: Settings, _ files: any AttributeFiles
    ) throws(DriverError) -> P1Key? {
        guard settings["keyFile"] != nil else { return nil }
        let path = try settings.text("keyFile")
        let key = P1Key(
            key: try files.text(of: path), authentication: try settings.text("authenticationKey"))
        guard let key else {
            throw settings.bad("keyFile", "a file with 32 hexadecimal digits, as all keys are")
        }
        return key
    }

    private let sources: [ObisSource]
    private var listener: TelegramListener<P1Framer>
    private var ages: [DataChannelName: Duration] = [:]

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = component.settings
        sources = try Self.sources.adding(settings)
        for channel in component.channels where Self.subMeter(channel) == nil {
            _ = try sources.source(of: channel)
        }
        listener = try TelegramListener(
            MeterLine(settings), wiring: wiring,
            framer: P1Framer(key: try Self.key(settings, wiring.files)))
    }

    private static func subMeter(_ channel: DataChannel) -> SubMeterSource? {
        subMeters.first { $0.channel.source == channel.source }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        var newest = P1Telegram([])
        try listener.listen(at: now) { telegram in
            newest = telegram
            return true
        }
        ages = [:]
        var answers: [Answer] = []
        for channel in due {
            guard let kind = Self.subMeter(channel) else {
                answers += try sources.answers(for: [channel], in: newest.values)
                continue
            }
            answers.append(
                channel.answer { () throws(DriverError) in
                    let (number, age) = try newest.number(of: kind.channel, kind.media)
                    guard let age else { return number }
                    if age > Self.oldest {
                        throw DriverError(
                            .noValue,
                            "the last value is \(age / 3600) hours older than the telegram, must be "
                                + "at most \(Self.oldest / 3600)")
                    }
                    ages[channel.name] = .seconds(age)
                    return number
                })
        }
        return answers
    }

    public func age(of channel: DataChannel) -> Duration? { ages[channel.name] }
}

extension P1Telegram {
    /// The value of a sub-meter, found by what it measures, and its age in seconds; that is nil when the
    /// telegram has no time. Of several the one with the newest value counts, as the channel of a meter that
    /// was replaced may stay.
    ///
    /// - Throws: `.unsupported` when there is no such meter; `.noValue` when it has sent nothing;
    ///   `.malformedReply` for another unit.
    func number(
        of channel: ChannelDescription, _ media: Set<Int64>
    ) throws(DriverError) -> (DecimalNumber, age: Int64?) {
        let all = subMeters.values.filter { $0.medium.map(media.contains) ?? false }
        guard !all.isEmpty else {
            let there = subMeters.sorted { $0.key < $1.key }.map { number, meter in
                "0-\(number) of type \(meter.medium.map { "\($0)" } ?? "unknown")"
            }
            throw DriverError(
                .unsupported,
                "the telegram has no sub-meter of type "
                    + media.sorted().map { "\($0)" }.joined(separator: " or ") + "; it has "
                    + (there.isEmpty ? "none" : there.joined(separator: ", ")))
        }
        let newest = all.filter { $0.value?.number != nil }.max { $0.date ?? 0 < $1.date ?? 0 }
        guard let meter = newest, let value = meter.value, let number = value.number else {
            throw DriverError(.noValue, "the sub-meter has sent no value yet")
        }
        guard value.unit.unit == channel.unit, let scaled = value.unit.value(number) else {
            throw DriverError(
                .malformedReply,
                "the sub-meter's value came as \(value.text) in \"\(value.unit)\", must be in "
                    + channel.unit.rawValue)
        }
        // Of a meter that was not heard yet, the port sends 0 with a date that is none.
        guard let date = meter.date else {
            throw DriverError(.noValue, "the sub-meter's value has no date")
        }
        return (scaled, time.map { max(0, $0 - date) })
    }
}
