import Documents
import DriverKit
import Vocabulary

/// Contacts behind a Modbus unit: the inputs of an I/O board, the alarms of a device, the coils of a relay
/// board as they are.
///
/// Contacts that are near each other are read in one request. One that the unit does not have costs no other.
public struct ModbusContactDriver: Driver {
    private static let functions: [(word: String, function: ModbusRequest.Function)] = [
        ("discreteInput", .discreteInputs), ("coil", .coils), ("input", .inputRegisters),
        ("holding", .holdingRegisters),
    ]

    private static let contactSettings = [
        SettingDescription("name", .text, "The name that channels use as source."),
        SettingDescription(
            "address", .whole(0...65535), "Its address on the wire, counted from 0."),
        SettingDescription(
            optional: "bit", .whole(0...15), "Which bit of a register, the lowest is 0."),
        SettingDescription(
            "activeLow", .flag, default: .flag(false), "Whether 0 means on."),
        SettingDescription(optional: "title", .text, "What it is, in a short phrase."),
    ]

    public static let description = DriverDescription(
        model: DriverModel(known: "modbus-contact"),
        title: "Contacts behind a Modbus unit", wire: "Modbus", kinds: [.sensor],
        settings: [
            SettingDescription("bus", .bus, "The bus that the device is on."),
            SettingDescription("unit", .unit, "The device's Modbus unit number."),
            SettingDescription(
                "function", .choice(functions.map(\.word)), default: .text("discreteInput"),
                "Function 2, 1, 4 or 3: single bits, or bits of registers."),
            SettingDescription(
                "contacts", .list(.group(contactSettings)), "The contacts, a channel each."),
            SettingDescription(
                "replyTimeout", ModbusTiming.replyTimeoutForm, default: .text("500ms"),
                "Timeout of a reply."),
            SettingDescription(
                "maxGap", .whole(0...64), default: .whole(7),
                "The most unused addresses read between two used ones."),
        ],
        channels: [],
        source: "Modbus Application Protocol V1.1b3, 6.1 to 6.4")

    private struct Contact {
        let source: String
        let title: String
        let span: RegisterSpan
        let bit: Int
        let isActiveLow: Bool

        func isOn(_ word: UInt16) -> Bool { (word >> UInt16(bit) & 1 == 1) != isActiveLow }
    }

    private static func contacts(_ settings: Settings) throws(DriverError) -> [Contact] {
        let word = try settings.text("function")
        guard let function = functions.first(where: { $0.word == word })?.function,
            let list = settings["contacts"]?.list, !list.isEmpty
        else { throw settings.bad("contacts", "a list of at least one contact") }
        var contacts: [Contact] = []
        for node in list {
            let contact = Settings(node, described: contactSettings)
            let name = try contact.text("name")
            guard DataChannelName(name) != nil else {
                throw contact.bad("name", DataChannelTag.form)
            }
            if contacts.contains(where: { $0.source == name }) {
                throw contact.bad("name", "a name that is not in use yet")
            }
            guard function.readsBits == (contact["bit"] == nil) else {
                throw contact.bad(
                    "bit", function.readsBits ? "left out for \(word)" : "given for \(word)")
            }
            let bit = contact["bit"] == nil ? 0 : Int(try contact.whole("bit"))
            contacts.append(
                Contact(
                    source: name, title: contact["title"]?.text ?? name,
                    span: RegisterSpan(
                        function: function, address: Int(try contact.whole("address")), count: 1),
                    bit: bit, isActiveLow: try contact.flag("activeLow")))
        }
        return contacts
    }

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        try contacts(settings).map {
            ChannelDescription(
                source: $0.source, unit: .onOff, exponent: 0, title: $0.title,
                plausibility: Plausibility(range: 0...1), pollPeriod: .seconds(1),
                capturePeriod: .seconds(300), captureDelta: 1)
        }
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let bus = try component.settings.bus("bus")
        let unit = try component.settings.unit("unit")
        return try contacts(component.settings).filter { contact in
            component.channels.contains { $0.source == contact.source }
        }.map { contact in
            let bit = contact.span.function.readsBits ? "" : " bit \(contact.bit)"
            return WireClaim(
                "bus \(bus) unit \(unit) \(contact.span.function.noun) "
                    + "\(contact.span.address)\(bit)")
        }
    }

    public static func traffic(of component: Component) throws(DriverError) -> [BusTraffic] {
        let contacts = try contacts(component.settings)
        let bus = try component.settings.bus("bus")
        let limits = try limits(component.settings)
        var traffic: [BusTraffic] = []
        for period in Set(component.channels.map(\.pollPeriod)).sorted() {
            let due = component.channels.filter { $0.pollPeriod == period }.map(\.source)
            let spans = contacts.filter { due.contains($0.source) }.map(\.span)
            for span in RegisterSpan.merged(spans, limits: limits) {
                traffic.append(BusTraffic(bus: bus, every: period, reading: span))
            }
        }
        return traffic
    }

    private static func limits(_ settings: Settings) throws(DriverError) -> RegisterLimits {
        RegisterLimits(
            maxWords: RegisterLimits.maxWordsOfStandard, maxGap: Int(try settings.whole("maxGap")))
    }

    private let bus: any ModbusBus
    private let unit: UInt8
    private let replyTimeout: Duration
    private let contacts: [String: Contact]
    private var polls: RegisterPolls

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = component.settings
        let known = try Self.contacts(settings)
        contacts = Dictionary(uniqueKeysWithValues: known.map { ($0.source, $0) })
        polls = RegisterPolls(limits: try Self.limits(settings))
        unit = try settings.unit("unit")
        replyTimeout = try settings.duration("replyTimeout")
        for channel in component.channels where contacts[channel.source] == nil {
            throw channel.unknownSource(among: known.map(\.source))
        }
        bus = try wiring.modbusBus(try settings.bus("bus"))
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        let asked = due.compactMap { contacts[$0.source] }
        polls.begin(asked.map(\.span), at: now)
        while let span = polls.next() {
            let request = ModbusRequest(
                unit: unit, function: span.function, address: UInt16(clamping: span.address),
                count: span.count, replyTimeout: replyTimeout)
            do throws(DriverError) {
                polls.answered(try bus.words(request))
            } catch {
                polls.failed(error)
            }
        }
        try polls.end()
        return zip(due, asked).map { channel, contact in
            Answer { () throws(DriverError) in
                if let error = polls.failure(of: contact.span) { throw error }
                let word = try polls.words[contact.span].first ?? 0
                return channel.reading(isOn: contact.isOn(word))
            }
        }
    }
}
