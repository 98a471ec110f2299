import Documents
import DriverKit
import Vocabulary

/// A meter with an interface after IEC 62056-21, mostly optical: asked for a readout, or sending by itself.
public struct Iec62056MeterDriver: ListeningDriver {
    public static let description = DriverDescription(
        model: DriverModel(known: "iec62056-meter"),
        title: "Electricity or heat meter with an optical interface after IEC 62056-21 (D0)",
        wire: "serial", kinds: [.meter],
        settings: MeterLine.settings(baud: 300, format: "7E1", timeout: "30s") + [
            SettingDescription(
                "sendsByItself", .flag, default: .flag(false),
                "Whether the meter sends without a request, as mode D and EasyMeter Q3D do."),
            SettingDescription(
                optional: "address", .text, "The meter's number, where several share a line."),
            SettingDescription(
                "maxBaud", .whole(300...19_200),
                default: .number(DecimalNumber(mantissa: 9600)),
                "The highest speed that is agreed on in mode C; the serial server's over TCP."),
            SettingDescription(
                "switchDelay", .duration(.zero ... .seconds(2)), default: .text("200ms"),
                "The pause between the acknowledgement and the change of speed."),
            SettingDescription(
                "wakeUp", .flag, default: .flag(false),
                "Whether 40 zero bytes wake the meter first, as Landis+Gyr UH50 and T550 need. "
                    + "It is then polled once an hour, for its battery."),
            ObisSource.ownValues,
        ],
        channels: sources.map(\.channel),
        source: "IEC 62056-21:2002, modes A to D")

    private static let sources =
        ObisSource.electricity(defaults: ["energy-import"])
        + [
            ("heat", "6.8", Unit.wattHour, 0, "Heat energy"),
            ("volume", "6.26", .cubicMetre, -2, "Volume of the heating water"),
        ].compactMap { name, code, unit, exponent, title in
            ObisCode(code).map { obis in
                ObisSource(
                    code: obis,
                    channel: ChannelDescription(
                        source: name, unit: unit, exponent: exponent, title: title,
                        plausibility: .meterTotal,
                        pollPeriod: .seconds(60), capturePeriod: .seconds(300), code: code,
                        isDefault: false))
            }
        }

    private static func sources(_ settings: Settings) throws(DriverError) -> [ObisSource] {
        let isRare = try settings.flag("wakeUp")
        return try sources.adding(settings).map { source in
            ObisSource(
                code: source.code.channel == 0 ? source.code.ofElectricity : source.code,
                channel: isRare ? source.channel.polled(every: .seconds(3600)) : source.channel,
                parts: source.parts)
        }
    }

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] { try sources(settings).map(\.channel) }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let line = try MeterLine(component.settings)
        guard component.settings["address"] != nil else { return [line.claim] }
        return line.claims(of: try component.settings.text("address"), sharing: "D0")
    }

    private let sources: [ObisSource]
    private let line: any ByteLine
    private let settings: MeterLine
    private var listener: TelegramListener<D0Framer>?
    private let request: [UInt8]
    private let maxBaud: Int64
    private let switchDelay: Duration
    private let wakesUp: Bool

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let given = component.settings
        settings = try MeterLine(given)
        sources = try Self.sources(given)
        for channel in component.channels { _ = try sources.source(of: channel) }
        line = try wiring.byteLine(settings.address)
        let address = given["address"] == nil ? "" : try given.text("address")
        guard address.utf8.count <= 32, address.utf8.allSatisfy({ (33...126).contains($0) }),
            !address.contains("!"), !address.contains("/")
        else { throw given.bad("address", "at most 32 letters and digits") }
        request = Array("/?\(address)!\r\n".utf8)
        maxBaud = settings.isSerial ? try given.whole("maxBaud") : Int64(settings.mode.baud)
        switchDelay = try given.duration("switchDelay")
        wakesUp = try given.flag("wakeUp")
        if try given.flag("sendsByItself") {
            listener = try TelegramListener(settings, wiring: wiring)
        }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        var values = ObisValues()
        if listener == nil {
            values = try line.use(settings.mode, for: "a readout") { stream throws(DriverError) in
                try readout(stream).values
            }
        } else {
            try listener?.listen(at: now) { message in
                values = message.values
                return true
            }
        }
        return try sources.answers(for: due, in: values)
    }

    /// Source: IEC 62056-21, annex B: 40 zero bytes are 2.2 seconds of signal at 300 baud.
    private static let wakeUp = [UInt8](repeating: 0, count: 40)
    /// A meter needs 200 ms between what it sends and what it is sent.
    private static let reaction: Duration = .milliseconds(300)

    private func readout(_ stream: any ByteStream) throws(DriverError) -> D0Message {
        try stream.discardInput()
        if wakesUp {
            try stream.send(Self.wakeUp)
            stream.pause(.seconds(1))
        }
        try stream.send(request)
        stream.limit(settings.timeout)
        var framer = D0Framer(needsCheck: true)
        var agreed: Int?
        while true {
            let bytes = try stream.receive()
            if bytes.isEmpty { throw silence(after: framer.identification, agreed) }
            for byte in bytes {
                switch framer.take(byte) {
                case .telegram(let message): return message
                case .flawed(let flaw):
                    throw DriverError(.malformedReply, "\(line.address): \(flaw)")
                case nil: break
                }
                if agreed == nil, let identification = framer.identification {
                    agreed = try agree(on: identification, stream)
                }
            }
        }
    }

    /// Acknowledges the meter's speed, or a lower one, and changes to it.
    private func agree(
        on identification: String, _ stream: any ByteStream
    ) throws(DriverError) -> Int {
        let letter = identification.utf8.dropFirst(3).first ?? 0
        var mode = settings.mode
        if let index = Self.modeB.firstIndex(of: letter) {
            mode.baud = Self.bauds[index + 1]
        } else if let offered = Self.modeC.firstIndex(of: letter) {
            let index = Self.bauds.lastIndex { $0 <= Self.bauds[offered] && $0 <= maxBaud } ?? 0
            stream.pause(Self.reaction)
            try stream.send([0x06, 0x30, Self.modeC[index], 0x30, 0x0D, 0x0A])
            stream.pause(switchDelay)
            mode.baud = Self.bauds[index]
        }
        try stream.change(to: mode)
        return mode.baud
    }

    private func silence(after identification: String?, _ baud: Int?) -> DriverError {
        guard let identification else {
            return DriverError(
                .timeout,
                "no identification from \(line.address) within \(settings.timeout.layoutText): "
                    + "check the optical head, baud and format")
        }
        return DriverError(
            .timeout,
            "\(line.address): meter \(identification.printable(limit: 20)) sent no whole readout at "
                + "\(baud ?? 0) baud within \(settings.timeout.layoutText); try a lower maxBaud")
    }

    /// Source: IEC 62056-21, 6.3.14, "baud rate identification".
    private static let bauds = [300, 600, 1200, 2400, 4800, 9600, 19_200]
    private static let modeC = Array("0123456".utf8)
    private static let modeB = Array("ABCDEF".utf8)
}

extension ChannelDescription {
    /// The same, polled and captured at most so often.
    func polled(every period: Duration) -> ChannelDescription {
        ChannelDescription(
            source: source, unit: unit, exponent: exponent, title: title,
            plausibility: plausibility, pollPeriod: period, capturePeriod: period,
            captureDelta: captureDelta, isSettable: isSettable, code: code, isDefault: isDefault)
    }
}
