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

    /// The registers of a list that have this form, and what is wrong with them beyond it. One that has
    /// not is left out; whoever checks forms reports it.
    static func registers(
        in list: some Sequence<JsonNode>, usual: JsonNode? = nil
    ) -> (registers: [Register], problems: ProblemList) {
        let form = described(with: usual)
        var registers: [Register] = []
        var problems = ProblemList()
        var sources: Set<String> = []
        for node in list {
            let checked = CheckedSettings(node, described: form)
            guard checked.isComplete else { continue }
            let settings = Settings(
                node, described: described, replacing: checked.meant, usual: usual)
            var mistakes = SettingMistakes(node)
            let register = Self.register(settings, &mistakes)
            problems += mistakes.problems
            guard let name = settings["name"]?.text else { continue }
            if !sources.insert(name).inserted {
                problems.append(Problem(node.place, "the name \(name) is already in use"))
            } else if let register {
                registers.append(register)
            }
        }
        return (registers, problems)
    }

    /// - Returns: Nil when there are mistakes.
    private static func register(
        _ settings: Settings, _ mistakes: inout SettingMistakes
    ) -> Register? {
        // All of these are looked at, so that one mistake does not hide another.
        let name = mistakes.value { () throws(DriverError) in try Self.name(settings) }
        let form = mistakes.value { () throws(DriverError) in
            guard let form = RegisterForm(rawValue: try settings.text("type")),
                let order = WordOrder(rawValue: try settings.text("order")),
                let unit = Unit(rawValue: try settings.text("unit"))
            else { throw settings.bad("type", "one of the types, with an order and a unit") }
            return (number: form, order: order, unit: unit)
        }
        let scale = mistakes.value { () throws(DriverError) in
            let scale = try settings.decimal("scale")
            guard scale.mantissa != 0 else { throw settings.bad("scale", "other than 0") }
            return scale
        }
        guard let form else { return nil }
        let addresses = mistakes.value { () throws(DriverError) in
            try Self.addresses(settings, form.number)
        }
        let notValues = mistakes.value { () throws(DriverError) in
            try Self.notValues(settings, form.number)
        }
        // What another register scales may change with it.
        let counter = mistakes.value { () throws(DriverError) in
            let isScaled = settings["scaleAddress"] != nil
            return try Self.counter(
                isScaled ? CounterRegister() : form.number.counter(scale: scale ?? .one), settings)
        }
        let channel = Self.channel(
            named: name ?? "", unit: form.unit,
            usualExponent: form.number.isFloat ? -3 : scale?.exponent ?? 0,
            register: counter ?? CounterRegister(), settings, &mistakes)
        guard let channel, let addresses, let scale, let notValues, name != nil, counter != nil
        else { return nil }
        return Register(
            channel: channel,
            function: settings["function"]?.text == "input" ? .inputRegisters : .holdingRegisters,
            address: addresses.first, form: form.number, order: form.order, scale: scale,
            scaleAddress: addresses.scale, lowAddress: addresses.low, notValues: notValues)
    }

    /// The form is that of a channel's name, because one is made from it.
    private static func name(_ settings: Settings) throws(DriverError) -> String {
        let name = try settings.text("name")
        guard DataChannelName(name) != nil else { throw settings.bad("name", DataChannelTag.form) }
        return name
    }

    private static func addresses(
        _ settings: Settings, _ form: RegisterForm
    ) throws(DriverError) -> (first: UInt16, low: UInt16?, scale: UInt16?) {
        let address = try settings.whole("address")
        let words = settings["lowAddress"] == nil ? Int64(form.words) : 1
        guard let first = UInt16(exactly: address), address + words <= 65536 else {
            throw settings.bad("address", "0 to \(65536 - words) for \(form.rawValue)")
        }
        var scale: UInt16?
        if settings["scaleAddress"] != nil {
            scale = UInt16(exactly: try settings.whole("scaleAddress"))
        }
        var low: UInt16?
        if settings["lowAddress"] != nil {
            guard form.words == 2 else {
                throw settings.bad("lowAddress", "left out beside \(form)")
            }
            low = UInt16(exactly: try settings.whole("lowAddress"))
            guard low != first else { throw settings.bad("lowAddress", "another address") }
        }
        return (first, low, scale)
    }

    /// The channel of a value that has such a name, unit and so on, and no register.
    static func channel(
        _ settings: Settings, usualExponent: Int, code: String
    ) throws(DriverError) -> ChannelDescription {
        let name = try Self.name(settings)
        guard let unit = Unit(rawValue: try settings.text("unit")) else {
            throw settings.bad("unit", "one of the units")
        }
        var mistakes = SettingMistakes()
        let channel = Self.channel(
            named: name, unit: unit, usualExponent: usualExponent, register: CounterRegister(),
            settings, code: code, &mistakes)
        guard let channel else { throw mistakes.first ?? settings.bad("name", "complete") }
        return channel
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

    /// - Returns: Nil when there are mistakes.
    private static func channel(
        named name: String, unit: Unit, usualExponent: Int, register: CounterRegister,
        _ settings: Settings, code: String? = nil, _ mistakes: inout SettingMistakes
    ) -> ChannelDescription? {
        let exponent = mistakes.value { () throws(DriverError) in
            let exponent =
                settings["exponent"] == nil ? usualExponent : Int(try settings.whole("exponent"))
            guard (-9...9).contains(exponent) else { throw settings.bad("exponent", "-9 to 9") }
            return exponent
        }
        guard let exponent else { return nil }
        var steps: [String: Int64] = [:]
        for name in ["lowest", "highest", "largestStep", "captureDelta"]
        where settings[name] != nil {
            steps[name] = mistakes.value { () throws(DriverError) in
                let number = try settings.decimal(name)
                if ["largestStep", "captureDelta"].contains(name), number.mantissa <= 0 {
                    throw settings.bad(name, "more than 0")
                }
                guard let steps = number.wholeSteps(exponent: exponent) else {
                    throw settings.bad(name, "whole steps of 10^\(exponent) \(unit.rawValue)")
                }
                return steps
            }
        }
        let (lowest, highest) = (steps["lowest"] ?? .min, steps["highest"] ?? .max)
        return mistakes.value { () throws(DriverError) in
            guard lowest < highest else { throw settings.bad("highest", "above lowest") }
            return ChannelDescription(
                source: name, unit: unit, exponent: exponent,
                title: settings["title"]?.text ?? name,
                plausibility: Plausibility(
                    range: lowest...highest, largestStep: steps["largestStep"],
                    isCounter: try settings.flag("counter"), register: register),
                pollPeriod: try settings.duration("pollPeriod"),
                capturePeriod: try settings.duration("capturePeriod"),
                captureDelta: steps["captureDelta"], code: code)
        }
    }
}

/// What is wrong with settings that are looked at one after the other.
private struct SettingMistakes {
    private let node: JsonNode?
    private(set) var first: DriverError?
    private(set) var problems = ProblemList()

    /// - Parameter node: Where the settings stand; nil for whoever takes the first mistake alone.
    init(_ node: JsonNode? = nil) { self.node = node }

    /// What `find` finds; nil when it throws.
    mutating func value<Value>(_ find: () throws(DriverError) -> Value) -> Value? {
        do throws(DriverError) {
            return try find()
        } catch {
            first = first ?? error
            if let node { problems.append(error.problem(in: node)) }
            return nil
        }
    }
}

extension DecimalNumber {
    fileprivate static let one = DecimalNumber(mantissa: 1)
}

extension RegisterForm {
    fileprivate var isFloat: Bool { self == .float32 || self == .float64 }
}
