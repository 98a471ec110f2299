import Documents
import Vocabulary

/// One setting of a driver: its key in the layout, its form, its default and what it is for.
public struct SettingDescription: Sendable {
    /// The key as layouts write it: `"activeLow"`.
    public let name: String
    public let form: SettingForm
    /// Used when the layout leaves the setting out; nil when it must not, unless `isOptional`.
    public let defaultValue: JsonValue?
    /// Whether it may be left out although it has no default.
    public let isOptional: Bool
    /// What it does, in one line.
    public let help: String

    /// A setting that must be given.
    public init(_ name: String, _ form: SettingForm, _ help: String) {
        (self.name, self.form, self.help) = (name, form, help)
        (defaultValue, isOptional) = (nil, false)
    }

    /// A setting with a default.
    public init(_ name: String, _ form: SettingForm, default value: JsonValue, _ help: String) {
        (self.name, self.form, self.help) = (name, form, help)
        (defaultValue, isOptional) = (value, false)
    }

    /// A setting that may be absent.
    public init(optional name: String, _ form: SettingForm, _ help: String) {
        (self.name, self.form, self.help) = (name, form, help)
        (defaultValue, isOptional) = (nil, true)
    }
}

/// The form that a setting's value must have. `check` names what is wrong with one that has not.
public indirect enum SettingForm: Sendable {
    case text
    case choice([String])
    case flag
    case whole(ClosedRange<Int64>)
    case decimal
    /// What may stand in a register: a whole number, or a text such as `"0x8000"` for its bits.
    case rawNumber
    /// A text such as `"500ms"`, `"10s"`, `"5min"`.
    case duration(ClosedRange<Duration>)
    /// A GPIO line: `"CHIP-LABEL/OFFSET"` or a line name.
    case line
    /// The name of one of the layout's buses.
    case bus
    /// The number of a device on the component's bus.
    case unit
    /// The name of a file of data, such as a device's register map.
    case profile(ProfileForm)
    case list(SettingForm)
    case group([SettingDescription])

    /// The form in words, for messages and documents.
    public var words: String {
        switch self {
        case .text: "a text"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .flag: "true or false"
        case .whole(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .decimal: "a number"
        case .rawNumber: "a whole number, or a hexadecimal text such as \"0x8000\""
        case .duration(let range):
            "a duration from \(range.lowerBound.layoutText) to \(range.upperBound.layoutText), "
                + "such as \"500ms\", \"10s\" or \"5min\""
        case .line: "a GPIO line, \"CHIP-LABEL/OFFSET\" or its name"
        case .bus: "the name of a bus"
        case .unit: "a unit number, 1 to 247 on a serial line, 0 to 255 over TCP"
        case .profile: "the name of a profile: small letters, digits and -"
        case .list(let form): "a list, each item \(form.words)"
        case .group(let members): "an object with " + members.map(\.name).joined(separator: ", ")
        }
    }
}

extension SettingForm {
    /// The most that a list has. No device has more values, and drivers compare each with all others.
    public static let longestList = 4_000

    /// Everything in `node` that is not of this form. Empty when all is well.
    public func problems(in node: JsonNode) -> ProblemList {
        switch (self, node.value) {
        case (.text, .text(let text)) where !text.isEmpty,
            (.bus, .text(let text)) where !text.isEmpty:
            return []
        case (.choice(let words), .text(let text)):
            return words.contains(text)
                ? []
                : [
                    Problem(node.place, Self.refusal(of: text, among: words))
                ]
        case (.flag, .flag), (.decimal, .number):
            return []
        case (.whole(let range), .number(let number)):
            if let whole = number.wholeSteps(exponent: 0), range.contains(whole) { return [] }
        case (.profile, .text(let text)) where ProfileForm.isName(text): return []
        case (.rawNumber, _) where RawNumber(node) != nil: return []
        case (.unit, .number(let number)):
            if let unit = number.wholeSteps(exponent: 0), UInt8(exactly: unit) != nil { return [] }
        case (.duration(let range), .text(let text)):
            if let duration = Duration(layoutText: text), range.contains(duration) { return [] }
        case (.line, .text(let text)):
            return LineAddress.problem(in: text).map { [Problem(node.place, $0)] } ?? []
        case (.list(let form), .list(let nodes)):
            let count = nodes.count
            guard count <= Self.longestList else {
                return [
                    Problem(node.place, "has \(count) elements; the most is \(Self.longestList)")
                ]
            }
            return nodes.problems(form.problems)
        case (.group(let members), .group):
            return SettingDescription.problems(in: node, described: members)
        default: break
        }
        let advice = advice(node.value)
        return [Problem(node.place, "must be \(words), not \(node.value.quoted)\(advice)")]
    }

    private static func refusal(of text: String, among words: [String]) -> String {
        let advice = FormAdvice.choice(text, among: words)
        let shown = text.printable(limit: 60)
        // Nobody reads a long list who knows what to write.
        if !advice.isEmpty, words.count > 8 { return "\(shown) is unknown\(advice)" }
        return "\(shown) is not one of \(words.joined(separator: ", "))"
            + (advice.isEmpty ? didYouMean(text, among: words) : advice)
    }

    /// What to write instead, where that is known.
    private func advice(_ value: JsonValue) -> String {
        switch self {
        case .duration(let range): FormAdvice.duration(value, in: range)
        case .flag: FormAdvice.unquoted(value, isNumber: false)
        case .whole, .decimal: FormAdvice.unquoted(value, isNumber: true)
        default: ""
        }
    }
}

extension SettingDescription {
    /// Everything wrong with the members of `group`: unknown, missing, or of another form.
    ///
    /// - Parameter others: Keys that belong to another reader and are neither checked nor refused.
    public static func problems(
        in group: JsonNode, described settings: [SettingDescription], besides others: [String] = []
    ) -> ProblemList {
        var problems = ProblemList()
        let known = settings.map(\.name)
        for member in group.group ?? [] where !others.contains(member.name) {
            guard let setting = settings.first(where: { $0.name == member.name }) else {
                problems.append(
                    Problem(
                        member.namePlace,
                        FormerKeys.advice(for: member.name, among: known)
                            ?? "is unknown" + didYouMean(member.name, among: known + others)))
                continue
            }
            problems += setting.form.problems(in: member.node).map { problem in
                // What the words of a choice stand for is not to be guessed from a number.
                guard case .choice = setting.form, member.node.text == nil else { return problem }
                return Problem(problem.place, "\(problem.message); \(setting.help)")
            }
        }
        for setting in settings
        where setting.defaultValue == nil && !setting.isOptional && group[setting.name] == nil {
            problems.append(
                Problem(group.place, "\(setting.name) is missing: \(setting.form.words)"))
        }
        return problems
    }
}

extension RawNumber {
    /// - Returns: Nil for what is not of the form `SettingForm.rawNumber`.
    public init?(_ node: JsonNode) {
        switch node.value {
        case .number(let number):
            guard let whole = number.wholeSteps(exponent: 0) else { return nil }
            self = .whole(whole)
        case .text(let text):
            guard text.hasPrefix("0x"), text.utf8.dropFirst(2).first != UInt8(ascii: "+"),
                let bits = UInt64(text.dropFirst(2), radix: 16)
            else { return nil }
            self = .bits(bits)
        default: return nil
        }
    }
}

extension JsonValue {
    /// The value as it stands in the document when that is short, else what it is.
    public var quoted: String {
        switch self {
        case .text(let text) where text.utf8.count <= 60: "\"\(text.printable(limit: 60))\""
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        default: noun
        }
    }
}
