import Documents
import DriverKit
import Vocabulary

/// A heat, water, gas or electricity meter on a wired M-Bus.
///
/// Meters that name the same port share it and take turns.
public struct MbusMeterDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "mbus-meter"),
        title: "Heat, water, gas or electricity meter on a wired M-Bus", wire: "M-Bus",
        kinds: [.meter],
        settings: MeterLine.settings(baud: 2400, format: "8E1", timeout: "1s") + [
            SettingDescription(
                optional: "address", .whole(0...250), "The primary address; or give id."),
            SettingDescription(
                optional: "id", .text,
                "The secondary address: 8 digits, f for any, or 16 with maker, version and medium."),
            SettingDescription(
                "medium", .choice(media.map(\.name)), default: .text("heat"),
                "What it measures, which decides on its default channels."),
            SettingDescription(
                optional: "values", .list(.group(ownForm)),
                "Values of other tariffs, sub-units and billing dates."),
        ],
        channels: MbusQuantity.allCases.map { $0.channel(isDefault: media[0].usual.contains($0)) },
        source: "EN 13757-2:2018 and EN 13757-3:2018")

    private static let media: [(name: String, usual: Set<MbusQuantity>)] = [
        (
            "heat",
            [.energy, .volume, .power, .flow, .temperatureFlow, .temperatureReturn]
        ),
        ("water", [.volume]), ("gas", [.volume]), ("electricity", [.energy]),
    ]

    private static let ownForm =
        [
            SettingDescription(
                "quantity", .choice(MbusQuantity.allCases.map(\.rawValue)), "What is measured."),
            SettingDescription(
                "storage", .whole(0...1_000_000), default: .number(DecimalNumber(mantissa: 0)),
                "The storage number: 0 for the current value, mostly 1 for the last billing date."),
            SettingDescription(
                "tariff", .whole(0...1_000_000), default: .number(DecimalNumber(mantissa: 0)),
                "The tariff."),
            SettingDescription(
                "subUnit", .whole(0...1023), default: .number(DecimalNumber(mantissa: 0)),
                "The sub-unit."),
        ]
        + RegisterSettings.described.filter {
            ["name", "title", "exponent", "pollPeriod", "capturePeriod"].contains($0.name)
        }

    private typealias Source = (place: MbusRecord.Place, channel: ChannelDescription)

    private static func sources(_ settings: Settings) throws(DriverError) -> [Source] {
        let name = try settings.text("medium")
        let usual = media.first { $0.name == name }?.usual ?? []
        var sources: [Source] = MbusQuantity.allCases.map {
            (MbusRecord.Place(quantity: $0), $0.channel(isDefault: usual.contains($0)))
        }
        for node in settings["values"]?.list ?? [] {
            let value = Settings(node, described: ownForm)
            let name = try value.text("name")
            guard let quantity = MbusQuantity(rawValue: try value.text("quantity")),
                DataChannelName(name) != nil,
                !sources.contains(where: { $0.channel.source == name })
            else { throw value.bad("name", "another name: \(DataChannelTag.form)") }
            let usual = quantity.channel(isDefault: true)
            let place = MbusRecord.Place(
                quantity: quantity, storage: try value.whole("storage"),
                tariff: try value.whole("tariff"), subUnit: try value.whole("subUnit"))
            let channel = ChannelDescription(
                source: name, unit: usual.unit,
                exponent: value["exponent"] == nil
                    ? usual.exponent : Int(try value.whole("exponent")),
                title: value["title"]?.text ?? place.description,
                // A value of a billing date stays, and begins again at the next one.
                plausibility: place.storage == 0 ? usual.plausibility : .anything,
                pollPeriod: try value.duration("pollPeriod"),
                capturePeriod: try value.duration("capturePeriod"))
            sources.append((place, channel))
        }
        return sources
    }

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] { try sources(settings).map(\.channel) }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let line = try MeterLine(component.settings)
        let target = try MbusTarget(component.settings)
        return line.claims(of: "\(target)", sharing: "M-Bus")
    }

    private let line: any ByteLine
    private let mode: SerialMode
    private let timeout: Duration
    private let target: MbusTarget
    private let sources: [Source]

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = try MeterLine(component.settings)
        (mode, timeout) = (settings.mode, settings.timeout)
        target = try MbusTarget(component.settings)
        sources = try Self.sources(component.settings)
        for channel in component.channels { _ = try Self.source(of: channel, among: sources) }
        line = try wiring.byteLine(settings.address)
    }

    private static func source(
        of channel: DataChannel, among sources: [Source]
    ) throws(DriverError) -> Source {
        guard let source = sources.first(where: { $0.channel.source == channel.source }) else {
            throw channel.unknownSource(among: sources.map(\.channel.source))
        }
        return source
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        let (timeout, target) = (timeout, target)
        let records = try line.use(mode, for: "meter \(target)") {
            stream throws(DriverError) in
            try MbusExchange(stream: stream, timeout: timeout, target: target).records()
        }
        var answers: [Answer] = []
        for channel in due {
            let source = try Self.source(of: channel, among: sources)
            answers.append(
                channel.answer { () throws(DriverError) in
                    try records.number(of: source.place)
                })
        }
        return answers
    }
}

extension [MbusRecord] {
    /// - Throws: `.unsupported` when no record is of that place; `.noValue` for no number.
    fileprivate func number(
        of place: MbusRecord.Place
    ) throws(DriverError) -> DecimalNumber {
        guard let record = first(where: { $0.place == place }) else {
            let places = Set(map(\.place.description)).sorted()
            throw DriverError(
                .unsupported,
                "the answer has no \(place); it has "
                    + (places.isEmpty ? "nothing known" : places.prefix(20).joined(separator: ", "))
            )
        }
        guard let number = record.number, let value = record.unit.value(number) else {
            throw DriverError(.noValue, "\(place) is marked as no value, or does not fit")
        }
        return value
    }
}

extension MbusMeterDriver {
    /// Where a meter must have what a component may read, in the order of its offered channels.
    public struct WirePlace: Hashable, Sendable {
        /// The word for it in layouts: `"energy"`.
        public let quantity: String
        public let storage: Int64
        public let tariff: Int64
        public let subUnit: Int64
    }

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public static func places(_ settings: Settings) throws(DriverError) -> [WirePlace] {
        try sources(settings).map { source in
            let place = source.place
            return WirePlace(
                quantity: place.quantity.rawValue, storage: place.storage, tariff: place.tariff,
                subUnit: place.subUnit)
        }
    }

    /// The primary address of the meter that a component means, 0 for any, and its header as it crosses the
    /// wire.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public static func target(_ settings: Settings) throws(DriverError) -> (
        address: UInt8, id: [UInt8]
    ) {
        switch try MbusTarget(settings) {
        case .primary(let address): (address, [address, 0, 0, 0, 0x87, 0x50, 1, 4])
        case .secondary(let id): (0, id)
        }
    }
}
