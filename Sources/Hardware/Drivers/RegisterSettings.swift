import Documents
import DriverKit
import Vocabulary

/// How layouts and profiles write a register down, one object for each.
enum RegisterSettings {
    static let described = [
        SettingDescription("name", .text, "The name that channels use as source."),
        SettingDescription(
            "address", .whole(0...65535), "The first word's address on the wire, counted from 0."),
        SettingDescription(
            "function", .choice(["input", "holding"]), default: .text("input"),
            "Input registers are read with function 4, holding registers with function 3."),
        SettingDescription(
            "type", .choice(RegisterForm.allCases.map(\.rawValue)), "How the number is written."),
        SettingDescription(
            "order", .choice(WordOrder.allCases.map(\.rawValue)), default: .text("abcd"),
            "How its bytes cross the wire; abcd is highest first, cdab lowest word first."),
        SettingDescription(
            "scale", .decimal, default: .number(DecimalNumber(mantissa: 1)),
            "The factor from the number to the unit."),
        SettingDescription(
            optional: "lowAddress", .whole(0...65535),
            "The lower word's address where it does not follow the higher one's, which is address."),
        SettingDescription(
            optional: "scaleAddress", .whole(0...65535),
            "The address of an int16 register with a power of ten, a second factor."),
        SettingDescription(
            optional: "notValues", .list(.rawNumber),
            "The registers' content when the device has no value, before any scale."),
        SettingDescription(
            "unit", .choice(Unit.allCases.map(\.rawValue)), "What it measures."),
        SettingDescription(
            optional: "exponent", .whole(-9...9),
            "One step is 10 to this power of the unit; that of scale, or -3 for floats."),
        SettingDescription(optional: "title", .text, "What it is, in a short phrase."),
        SettingDescription(
            "counter", .flag, default: .flag(false), "Whether the value only ever rises."),
        SettingDescription(
            optional: "wrapsAt", .decimal,
            "Where the counter wraps to 0, in the unit; the end of its type when left out."),
        SettingDescription(
            optional: "lowest", .decimal, "The lowest plausible value, in the unit."),
        SettingDescription(
            optional: "highest", .decimal, "The highest plausible value, in the unit."),
        SettingDescription(
            optional: "largestStep", .decimal,
            "The largest true change between two polls, in the unit."),
        SettingDescription(
            "pollPeriod", .duration(.milliseconds(10) ... .seconds(86_400)),
            default: .text("10s"), "How often the device is polled."),
        SettingDescription(
            "capturePeriod", .duration(.milliseconds(10) ... .seconds(7 * 86_400)),
            default: .text("60s"), "The longest time between two captures."),
        SettingDescription(
            optional: "captureDelta", .decimal,
            "The least change that is captured at once, in the unit."),
    ]

    /// Those that a profile may say once for all of its registers: all but what distinguishes them.
    static let shareable = described.filter {
        !["name", "address", "lowAddress", "title"].contains($0.name)
    }
    .map { SettingDescription(optional: $0.name, $0.form, $0.help) }

    /// The same where `usual` says what a register leaves out.
    static func described(with usual: JsonNode?) -> [SettingDescription] {
        described.map { setting in
            let isShared = shareable.contains { $0.name == setting.name }
            return !isShared || usual?[setting.name] == nil
                ? setting : SettingDescription(optional: setting.name, setting.form, setting.help)
        }
    }

    /// The registers of a list that has this form, and what is wrong with the others.
    static func registers(
        in list: some Sequence<JsonNode>, usual: JsonNode? = nil
    ) -> (registers: [Register], problems: ProblemList) {
        var registers: [Register] = []
        var problems = ProblemList()
        var sources: Set<String> = []
        for node in list {
            do throws(DriverError) {
                let register = try register(
                    Settings(node, described: described, usual: usual))
                if sources.insert(register.channel.source).inserted {
                    registers.append(register)
                } else {
                    problems.append(
                        Problem(
                            node.place, "the name \(register.channel.source) is already in use"))
                }
            } catch {
                problems.append(error.problem(in: node))
            }
        }
        return (registers, problems)
    }

    private static func register(_ settings: Settings) throws(DriverError) -> Register {
        let name = try settings.text("name")
        // The form is that of a channel's name, because one is made from it.
        guard DataChannelName(name) != nil else {
            throw settings.bad("name", DataChannelTag.form)
        }
        guard let form = RegisterForm(rawValue: try settings.text("type")),
            let order = WordOrder(rawValue: try settings.text("order")),
            let unit = Unit(rawValue: try settings.text("unit"))
        else { throw settings.bad("type", "one of the types, with an order and a unit") }
        let address = try settings.whole("address")
        let words = settings["lowAddress"] == nil ? Int64(form.words) : 1
        guard let first = UInt16(exactly: address), address + words <= 65536 else {
            throw settings.bad("address", "0 to \(65536 - words) for \(form.rawValue)")
        }
        let scale = try settings.decimal("scale")
        guard scale.mantissa != 0 else { throw settings.bad("scale", "other than 0") }
        var scaleAddress: UInt16?
        if settings["scaleAddress"] != nil {
            scaleAddress = UInt16(exactly: try settings.whole("scaleAddress"))
        }
        var lowAddress: UInt16?
        if settings["lowAddress"] != nil {
            guard form.words == 2 else {
                throw settings.bad("lowAddress", "left out beside \(form)")
            }
            lowAddress = UInt16(exactly: try settings.whole("lowAddress"))
            guard lowAddress != first else { throw settings.bad("lowAddress", "another address") }
        }
        let channel = try channel(
            named: name, unit: unit, usualExponent: form.isFloat ? -3 : scale.exponent,
            // What another register scales may change with it.
            register: try counter(
                scaleAddress == nil ? form.counter(scale: scale) : CounterRegister(), settings),
            settings)
        return Register(
            channel: channel,
            function: try settings.text("function") == "input"
                ? .inputRegisters : .holdingRegisters,
            address: first, form: form, order: order, scale: scale, scaleAddress: scaleAddress,
            lowAddress: lowAddress, notValues: try notValues(settings, form))
    }

    /// The channel of a value that has such a name, unit and so on, and no register.
    static func channel(
        _ settings: Settings, usualExponent: Int, code: String
    ) throws(DriverError) -> ChannelDescription {
        let name = try settings.text("name")
        guard DataChannelName(name) != nil else { throw settings.bad("name", DataChannelTag.form) }
        guard let unit = Unit(rawValue: try settings.text("unit")) else {
            throw settings.bad("unit", "one of the units")
        }
        return try channel(
            named: name, unit: unit, usualExponent: usualExponent, register: CounterRegister(),
            settings, code: code)
    }

    private static func notValues(
        _ settings: Settings, _ form: RegisterForm
    ) throws(DriverError) -> Set<UInt64> {
        var values: Set<UInt64> = []
        for node in settings["notValues"]?.list ?? [] {
            guard let bits = RawNumber(node).flatMap({ form.bits($0) }) else {
                throw DriverError(
                    .invalidComponent,
                    "\(node.place.path): \(node.value.quoted) does not fit in \(form.rawValue)")
            }
            values.insert(bits)
        }
        return values
    }

    private static func counter(
        _ usual: CounterRegister, _ settings: Settings
    ) throws(DriverError) -> CounterRegister {
        guard settings["wrapsAt"] != nil else { return usual }
        let span = try settings.decimal("wrapsAt")
        guard span.mantissa > 0 else { throw settings.bad("wrapsAt", "more than 0") }
        return CounterRegister(span: span, step: usual.step)
    }

    private static func channel(
        named name: String, unit: Unit, usualExponent: Int, register: CounterRegister,
        _ settings: Settings, code: String? = nil
    ) throws(DriverError) -> ChannelDescription {
        var exponent = usualExponent
        if settings["exponent"] != nil { exponent = Int(try settings.whole("exponent")) }
        guard (-9...9).contains(exponent) else { throw settings.bad("exponent", "-9 to 9") }
        func steps(_ name: String) throws(DriverError) -> Int64? {
            guard settings[name] != nil else { return nil }
            guard let steps = try settings.decimal(name).wholeSteps(exponent: exponent) else {
                throw settings.bad(name, "whole steps of 10^\(exponent) \(unit.rawValue)")
            }
            return steps
        }
        let lowest = try steps("lowest") ?? .min
        let highest = try steps("highest") ?? .max
        for name in ["largestStep", "captureDelta"] where settings[name] != nil {
            guard try settings.decimal(name).mantissa > 0 else {
                throw settings.bad(name, "more than 0")
            }
        }
        guard lowest < highest else { throw settings.bad("highest", "above lowest") }
        return ChannelDescription(
            source: name, unit: unit, exponent: exponent,
            title: settings["title"]?.text ?? name,
            plausibility: Plausibility(
                range: lowest...highest, largestStep: try steps("largestStep"),
                isCounter: try settings.flag("counter"), register: register),
            pollPeriod: try settings.duration("pollPeriod"),
            capturePeriod: try settings.duration("capturePeriod"),
            captureDelta: try steps("captureDelta"), code: code)
    }
}

extension RegisterForm {
    fileprivate var isFloat: Bool { self == .float32 || self == .float64 }
}
