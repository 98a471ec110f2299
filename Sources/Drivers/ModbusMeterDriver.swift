import Documents
import DriverKit
import Vocabulary

/// A meter, or anything else that keeps measurements in Modbus registers.
///
/// Which registers those are is data: a profile that comes with Tidegate, or a list in the layout.
/// Channels that are due together and stand near each other are read in one request. A request that
/// fails costs the round; registers that hold no number cost their own channel alone.
public struct ModbusMeterDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "modbus-meter"),
        title: "Meter or sensor with Modbus registers", wire: "Modbus", kinds: [.meter, .sensor],
        settings: [
            SettingDescription("bus", .bus, "The bus that the device is on."),
            SettingDescription("unit", .whole(1...247), "The device's Modbus unit number."),
            SettingDescription(
                optional: "profile", .choice(MeterProfile.shipped.map(\.name)),
                "A register map that comes with Tidegate; or give registers."),
            SettingDescription(
                optional: "registers", .list(.group(RegisterSettings.described)),
                "The device's own register map; or give a profile."),
            SettingDescription(
                "replyWithin", .duration(.milliseconds(10) ... .seconds(10)),
                default: .text("500ms"), "How long the device may take to answer."),
            SettingDescription(
                optional: "maxWords", .whole(1...125),
                "The most words in one request; the profile's, or 125."),
            SettingDescription(
                optional: "maxGap", .whole(0...125),
                "The most unused words read along between two used ones; the profile's, or 0."),
        ],
        channels: [],
        source: "Modbus Application Protocol V1.1b3, 6.3 and 6.4; the profiles name their own")

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        try RegisterMap(settings).registers.map(\.channel)
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let map = try RegisterMap(component.settings)
        let bus = try component.settings.bus("bus")
        let unit = try component.settings.whole("unit")
        var claims: [WireClaim] = []
        for channel in component.channels {
            let register = try map.register(for: channel)
            for word in 0..<register.form.words {
                claims.append(
                    WireClaim(
                        "bus \(bus) unit \(unit) \(register.function.noun) "
                            + "\(Int(register.address) + word)"))
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
            for span in try map.plan(for: due).spans {
                traffic.append(
                    BusTraffic(
                        bus: bus, every: period, requestBytes: rtuRequestBytes,
                        replyBytes: rtuReplyBytes(words: span.count)))
            }
        }
        return traffic
    }

    /// Unit, function, address, count, checksum.
    ///
    /// Source: MODBUS over Serial Line V1.02, 2.5.1.
    private static let rtuRequestBytes = 8

    /// Unit, function, byte count, words, checksum.
    private static func rtuReplyBytes(words: Int) -> Int { 5 + 2 * words }

    private let bus: any ModbusBus
    private let unit: UInt8
    private let replyWithin: Duration
    private let map: RegisterMap
    private var plans: [[DataChannelName]: RegisterMap.Plan] = [:]

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = component.settings
        map = try RegisterMap(settings)
        guard let unit = UInt8(exactly: try settings.whole("unit")), (1...247).contains(unit)
        else { throw settings.bad("unit", "a whole number from 1 to 247") }
        self.unit = unit
        replyWithin = try settings.duration("replyWithin")
        for channel in component.channels { _ = try map.register(for: channel) }
        bus = try wiring.modbusBus(try settings.bus("bus"))
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Reading] {
        let plan = try plan(for: due)
        var words = RegisterWords()
        for span in plan.spans {
            let request = ModbusRequest(
                unit: unit, function: span.function, address: UInt16(clamping: span.address),
                count: span.count, replyWithin: replyWithin)
            let answer = try bus.read(request)
            guard answer.count == span.count else {
                throw DriverError(
                    .badReply,
                    "the reply to \(request) holds \(answer.count) registers, not "
                        + "\(span.count)")
            }
            words.add(answer, of: span)
        }
        var readings: [Reading] = []
        for (channel, register) in zip(due, plan.registers) {
            do throws(DriverError) {
                readings.append(try register.reading(of: channel, in: words))
            } catch  where error.kind == .badReply {
                // A meter shows NaN where it measures nothing, such as a phase that is not wired.
                readings.append(Reading(channel: channel.name, value: 0, quality: .bad))
            }
        }
        return readings
    }

    /// So many sets of channels that are due together are remembered. Few periods make few sets.
    private static let planLimit = 32

    private mutating func plan(for due: [DataChannel]) throws(DriverError) -> RegisterMap.Plan {
        let names = due.map(\.name)
        if let plan = plans[names] { return plan }
        let plan = try map.plan(for: due)
        if plans.count >= Self.planLimit { plans.removeAll() }
        plans[names] = plan
        return plan
    }
}

extension ModbusRequest.Function {
    fileprivate var noun: String {
        switch self {
        case .holdingRegisters: "holding register"
        case .inputRegisters: "input register"
        }
    }
}
