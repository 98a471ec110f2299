import Documents
import DriverKit
import Vocabulary

/// A Victron solar charger, battery monitor or inverter with a VE.Direct port, which sends each second.
public struct VedirectDriver: ListeningDriver {
    public static let description = DriverDescription(
        model: DriverModel(known: "vedirect"),
        title: "Victron solar charger, battery monitor or inverter with a VE.Direct port",
        wire: "serial", kinds: [.meter, .sensor],
        settings: MeterLine.settings(baud: 19_200, format: "8N1", timeout: "5s"),
        channels: fields.map(\.channel),
        source: "Victron, VE.Direct Protocol 3.33")

    /// A field of a block and the channel that it can be.
    fileprivate struct Field {
        let label: String
        let channel: ChannelDescription
        /// The factor from the number in the field to the channel's unit.
        let scale: DecimalNumber
        /// What stands for no value.
        var notValues: Set<String> = ["---"]

        init(
            _ label: String, _ source: String, _ unit: Unit, _ scale: DecimalNumber,
            _ title: String,
            isDefault: Bool = false, isCounter: Bool = false, notValues: Set<String> = []
        ) {
            self.label = label
            self.scale = scale
            self.notValues.formUnion(notValues)
            let exponent = min(0, scale.exponent)
            channel = ChannelDescription(
                source: source, unit: unit, exponent: exponent, title: title,
                plausibility: isCounter ? .meterTotal : .possible(unit, exponent: exponent),
                code: label, isDefault: isDefault)
        }
    }

    private static let one = DecimalNumber(mantissa: 1)
    private static let tenth = DecimalNumber(mantissa: 1, exponent: -1)
    private static let thousandth = DecimalNumber(mantissa: 1, exponent: -3)
    private static let decawatt = DecimalNumber(mantissa: 1, exponent: 1)

    private static let fields = [
        Field("V", "battery-voltage", .volt, thousandth, "Battery voltage", isDefault: true),
        Field("I", "battery-current", .ampere, thousandth, "Battery current", isDefault: true),
        Field("P", "battery-power", .watt, one, "Battery power"),
        Field("VPV", "panel-voltage", .volt, thousandth, "Panel voltage"),
        Field("PPV", "panel-power", .watt, one, "Panel power"),
        Field("IL", "load-current", .ampere, thousandth, "Load current"),
        Field("LOAD", "load", .onOff, one, "Whether the load output is on"),
        Field("Relay", "relay", .onOff, one, "Whether the relay is on"),
        Field("SOC", "state-of-charge", .percent, tenth, "State of charge"),
        Field("CE", "charge-consumed", .ampereHour, thousandth, "Charge taken since full"),
        Field(
            "TTG", "time-to-go", .second, DecimalNumber(mantissa: 60), "Time until empty",
            notValues: ["-1"]),
        Field("T", "battery-temperature", .celsius, one, "Battery temperature"),
        Field(
            "H17", "energy-discharged", .wattHour, decawatt, "Energy discharged", isCounter: true),
        Field("H18", "energy-charged", .wattHour, decawatt, "Energy charged", isCounter: true),
        Field("H19", "energy-total", .wattHour, decawatt, "Yield in total", isCounter: true),
        Field("H20", "energy-today", .wattHour, decawatt, "Yield today"),
        Field("H21", "power-max-today", .watt, one, "Highest power today"),
        Field("H22", "energy-yesterday", .wattHour, decawatt, "Yield yesterday"),
        Field("H23", "power-max-yesterday", .watt, one, "Highest power yesterday"),
        Field(
            "CS", "charger-state", .count, one,
            "Charger state: 0 off, 2 fault, 3 bulk, 4 absorption, 5 float"),
        Field("ERR", "error", .count, one, "Error number, 0 for none"),
    ]

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [try MeterLine(component.settings).claim]
    }

    private var listener: TelegramListener<VedirectFramer>

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        listener = try TelegramListener(MeterLine(component.settings), wiring: wiring)
        for channel in component.channels { _ = try Self.field(of: channel) }
    }

    private static func field(of channel: DataChannel) throws(DriverError) -> Field {
        guard let field = fields.first(where: { $0.channel.source == channel.source }) else {
            throw channel.unknownSource(among: fields.map(\.channel.source))
        }
        return field
    }

    /// Battery monitors send their fields in two blocks by turns.
    private static let mostBlocks = 2

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        var wanted: [(channel: DataChannel, field: Field)] = []
        for channel in due { wanted.append((channel, try Self.field(of: channel))) }
        var found: [String: String] = [:]
        var blocks = 0
        try listener.listen(at: now) { block in
            found.merge(block.fields) { $1 }
            blocks += 1
            return blocks == Self.mostBlocks || wanted.allSatisfy { found[$0.field.label] != nil }
        }
        return wanted.map { channel, field in
            channel.answer { () throws(DriverError) in try field.number(in: found) }
        }
    }
}

extension VedirectDriver.Field {
    /// - Throws: `.unsupported` when the device does not send the field; `.noValue` for no number.
    fileprivate func number(
        in fields: [String: String]
    ) throws(DriverError) -> DecimalNumber {
        guard let text = fields[label] else {
            throw DriverError(
                .unsupported,
                "the device sends no \(label); it sends "
                    + fields.keys.sorted().joined(separator: ", ").printable(limit: 200))
        }
        let isSwitch = channel.unit == .onOff
        let switched = ["ON": DecimalNumber(mantissa: 1), "OFF": DecimalNumber(mantissa: 0)]
        let number = isSwitch ? switched[text.uppercased()] : DecimalNumber(telegram: text)
        guard !notValues.contains(text), let value = number?.multiplied(by: scale) else {
            throw DriverError(
                .noValue,
                "\(label) is \"\(text.printable(limit: 33))\", "
                    + (isSwitch ? "must be ON or OFF" : "not a number"))
        }
        return value
    }
}
