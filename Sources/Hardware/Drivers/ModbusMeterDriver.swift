import Documents
import DriverKit
import Vocabulary

/// A meter, or anything else that keeps measurements in Modbus registers.
///
/// Which registers those are is data: a profile that comes with Tidegate, or a list in the layout.
/// Channels that are due together and stand near each other are read in one request. A register that
/// the device does not have, or that holds no number, costs its own channel alone; see RegisterPolls.
public struct ModbusMeterDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "modbus-meter"),
        title: "Meter or sensor with Modbus registers", wire: "Modbus", kinds: [.meter, .sensor],
        settings: [
            SettingDescription("bus", .bus, "The bus that the device is on."),
            SettingDescription("unit", .unit, "The device's Modbus unit number."),
            SettingDescription(
                optional: "profile", DeviceProfile.form,
                "The device's register map by its name; or give registers."),
            SettingDescription(
                optional: "registers", .list(.group(RegisterSettings.described)),
                "The device's own register map; or give a profile."),
            SettingDescription(
                optional: "replyTimeout", ModbusTiming.replyTimeoutForm,
                "Timeout of a reply; the profile's, or 500ms."),
            SettingDescription(
                optional: "connectPause", ModbusTiming.pauseForm,
                "The pause between connecting and the first request; the profile's, or none."),
            SettingDescription(
                optional: "requestPause", ModbusTiming.pauseForm,
                "The least pause after a reply; the profile's, or the bus's gap."),
            SettingDescription(
                optional: "maxWords", .whole(1...125),
                "The most words in one request; the profile's, or 125."),
            SettingDescription(
                optional: "maxGap", .whole(0...125),
                "The most unused words read between two used ones; the profile's, or 0."),
        ],
        channels: [],
        source: "Modbus Application Protocol V1.1b3, 6.3 and 6.4; the profiles name their own")

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        try RegisterMap(settings).registers.map(\.channel)
    }

    public static func mistakes(in settings: Settings) -> ProblemList {
        guard settings["profile"] == nil, let list = settings["registers"]?.list else { return [] }
        return RegisterSettings.registers(in: list).problems
    }

    public static func doubts(about settings: Settings) -> [Problem] {
        // What has been read without error has no error now; a shipped profile has no doubts.
        guard settings["profile"] == nil, let map = try? RegisterMap(settings) else { return [] }
        let places = (settings["registers"]?.list ?? []).map { ($0["address"] ?? $0).place }
        let doubtful = zip(places, map.registers).filter { _, register in
            register.function == .inputRegisters && register.numberInManual != nil
        }
        guard let (place, register) = doubtful.first, let number = register.numberInManual else {
            return []
        }
        let others = doubtful.count > 1 ? " (and \(doubtful.count - 1) more)" : ""
        return [
            Problem(
                place,
                "\(register.address) is read with function 4 at this very address; "
                    + "in manuals it often means \(number)\(others)")
        ]
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let map = try RegisterMap(component.settings)
        let bus = try component.settings.bus("bus")
        let unit = try component.settings.unit("unit")
        var claims: [WireClaim] = []
        for channel in component.channels {
            let register = try map.register(for: channel)
            for address in register.addresses {
                claims.append(
                    WireClaim("bus \(bus) unit \(unit) \(register.function.noun) \(address)"))
            }
        }
        return claims
    }

    public static func traffic(of component: Component) throws(DriverError) -> [BusTraffic] {
        let map = try RegisterMap(component.settings)
        let bus = try component.settings.bus("bus")
        var traffic: [BusTraffic] = []
        // Channels of different periods are mostly due apart, so each period is counted by itself.
        for period in Set(component.channels.map(\.pollPeriod)).sorted() {
            let due = component.channels.filter { $0.pollPeriod == period }
            for span in try map.requests(for: due) {
                traffic.append(BusTraffic(bus: bus, every: period, reading: span))
            }
        }
        return traffic
    }

    private let bus: any ModbusBus
    private let unit: UInt8
    private let map: RegisterMap
    private var polls: RegisterPolls

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = component.settings
        map = try RegisterMap(settings)
        polls = RegisterPolls(limits: map.limits)
        unit = try settings.unit("unit")
        for channel in component.channels { _ = try map.register(for: channel) }
        bus = try wiring.modbusBus(try settings.bus("bus"))
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        var registers: [Register] = []
        for channel in due { registers.append(try map.register(for: channel)) }
        polls.begin(registers.map(\.span), at: now)
        while let span = polls.next() {
            do throws(DriverError) {
                polls.answered(try words(of: span))
            } catch {
                polls.failed(error)
            }
        }
        do throws(DriverError) {
            try polls.end()
        } catch  where error.kind == .unsupported {
            throw DriverError(
                error.kind,
                "\(error.detail), and to every other request: check unit, function and address")
        }
        return zip(due, registers).map { channel, register in
            Answer { () throws(DriverError) in
                if let error = polls.failure(of: register.span) {
                    throw register.hinting(at: error)
                }
                return try register.reading(of: channel, in: polls.words)
            }
        }
    }

    private func words(of span: RegisterSpan) throws(DriverError) -> [UInt16] {
        let request = ModbusRequest(
            unit: unit, function: span.function, address: UInt16(clamping: span.address),
            count: span.count, replyTimeout: map.timing.replyTimeout,
            connectPause: map.timing.connectPause, requestPause: map.timing.requestPause)
        return try bus.words(request)
    }
}

extension Register {
    /// What the address would be if it was taken from a manual that writes the kind of register in
    /// front and counts from 1: 40101 for holding register 100. Nil when it is no such number.
    ///
    /// Source: Modbus Application Protocol V1.1b3, 4.4, and the numbering of Modicon's PI-MBUS-300.
    var numberInManual: String? {
        switch address {
        case 30_001...39_999: "input register \(address - 30_001)"
        case 40_001...49_999: "holding register \(address - 40_001)"
        default: nil
        }
    }

    /// The same error, with what may be its reason.
    fileprivate func hinting(at error: DriverError) -> DriverError {
        guard error.kind == .unsupported, let numberInManual else { return error }
        return DriverError(
            error.kind, "\(error.detail); in manuals \(address) often means \(numberInManual)")
    }
}

extension ModbusRequest.Function {
    /// What messages and claims call one of its registers.
    var noun: String {
        switch self {
        case .coils: "coil"
        case .discreteInputs: "discrete input"
        case .holdingRegisters: "holding register"
        case .inputRegisters: "input register"
        }
    }
}
