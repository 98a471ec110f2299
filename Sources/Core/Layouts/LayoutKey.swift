import Documents
import DriverKit
import Vocabulary

/// One kind of object in a layout. The reader's checks and the JSON Schema are drawn from it.
package struct LayoutSection: Sendable {
    /// What it is, for messages: `"a bus"`.
    let noun: String
    let keys: [LayoutKey]
    /// What the schema says of the keys together, beyond each for itself.
    let schemaRules: [(name: String, value: JsonValue)]

    package init(
        noun: String, keys: [LayoutKey], schemaRules: [(name: String, value: JsonValue)] = []
    ) {
        (self.noun, self.keys, self.schemaRules) = (noun, keys, schemaRules)
    }
}

/// One key of a section: its form, whether it must be there, its default and what it is for.
package struct LayoutKey: Sendable {
    let name: String
    let form: KeyForm
    let need: Need
    let help: String

    package enum Need: Sendable {
        case required, optional
        case defaults(to: JsonValue)
    }

    package init(_ name: String, _ form: KeyForm, _ need: Need, _ help: String) {
        (self.name, self.form, self.need, self.help) = (name, form, need, help)
    }
}

/// The form that a key's value must have.
package indirect enum KeyForm: Sendable {
    case value(SettingForm)
    case text(TextForm)
    case texts(TextForm)
    case number(among: [Int64])
    case secret
    /// A component's name, or a component. What stands in it is its driver's affair.
    case component
    /// A list of so many components at most.
    case components(most: Int)
    case section(LayoutSection)
    /// A list, of so many at most where there is a bound.
    case sections(LayoutSection, most: Int? = nil)

    /// The form in words, for messages.
    var words: String {
        switch self {
        case .value(let form): form.words
        case .text(let form): form.words
        case .texts(let form): "a list, each item \(form.words)"
        case .number(let numbers): "one of " + numbers.map(String.init).joined(separator: ", ")
        case .secret: LayoutSecrets.words
        case .component: "a component's name, or a component"
        case .components: "a list, each item a component"
        case .section(let section): "an object, \(section.noun)"
        case .sections(let section, _): "a list, each item \(section.noun)"
        }
    }
}

/// A text with rules of its own.
package struct TextForm: Sendable {
    let words: String
    /// What the schema can say of it.
    let schema: [(name: String, value: JsonValue)]
    /// What is wrong with a text; nil when nothing is.
    let problem: @Sendable (String) -> String?

    package init(
        words: String, schema: [(name: String, value: JsonValue)],
        problem: @escaping @Sendable (String) -> String?
    ) {
        (self.words, self.schema, self.problem) = (words, schema, problem)
    }
}

extension TextForm {
    package static func name<Tag: NameTag>(_ tag: Tag.Type) -> TextForm {
        let separator = tag is any HyphenatedName.Type ? "-" : "\\."
        let longest = tag is any HyphenatedName.Type ? 64 : 128
        return TextForm(
            words: ("aeiou".contains(Tag.noun.prefix(1)) ? "an " : "a ")
                + "\(Tag.noun): \(Tag.form)",
            schema: [
                ("pattern", .text("^[a-z][a-z0-9]*(\(separator)[a-z0-9]+)*$")),
                ("maxLength", .whole(longest)),
            ]
        ) { text in
            Name<Tag>(text) == nil
                ? "\(JsonValue.text(text).quoted) is not a valid \(Tag.noun): \(Tag.form)" : nil
        }
    }

    static let path = TextForm(
        words: "a path that starts with /", schema: [("pattern", .text("^/."))]
    ) { text in
        text.hasPrefix("/") && text.utf8.count > 1
            ? nil : "\(JsonValue.text(text).quoted) must be a path that starts with /"
    }

    static let port = TextForm(
        words: "a serial port, preferably /dev/serial/by-id/…", schema: [("pattern", .text("^/."))]
    ) { text in
        text.hasPrefix("/") && text.utf8.count > 1
            ? nil
            : "\(JsonValue.text(text).quoted) must be a device path, preferably under "
                + "/dev/serial/by-id, which is stable across replugging"
    }

    static let host = TextForm(
        words: "a host name or IP address", schema: [("pattern", .text("^[^\\s/@]+$"))]
    ) { text in
        text.isEmpty || text.contains(where: { "/@ \t".contains($0) })
            ? "\(JsonValue.text(text).quoted) must be a host name or IP address alone; "
                + "set the port with tcpPort" : nil
    }

    /// `HOST:PORT`; an IPv6 address stands in brackets.
    static let peerAddress = TextForm(
        words: "HOST:PORT to listen on",
        schema: [("pattern", .text("^([^\\s/@:\\[\\]]+|\\[[^\\s/@]+\\]):[0-9]{1,5}$"))]
    ) { text in
        PeersLayout.address(text) == nil
            ? "\(JsonValue.text(text).quoted) must be HOST:PORT, such as 127.0.0.1:2998 or "
                + "0.0.0.0:2998 for every network" : nil
    }

    static let broker = TextForm(
        words: "\"embedded\" or mqtt://HOST:PORT",
        schema: [
            ("pattern", .text("^(embedded|mqtts?://[^@/\\s]+/?|mqtt\\+unix:(//)?/[^/].*)$"))
        ]
    ) { text in
        guard text != "embedded", let problem = BrokerAddress.problem(in: text) else { return nil }
        if text.contains("@") || text.hasPrefix("mqtt+unix:") { return problem }
        return problem + ", or \"embedded\"" + didYouMean(text, among: ["embedded"])
    }

    static let size = TextForm(
        words: "a size from 1MB on: a whole number and MB or GB",
        schema: [("pattern", .text("^[1-9][0-9]{0,5} ?[MG]B$"))]
    ) { text in
        JournalSettings.bytes(text) == nil
            ? "\(JsonValue.text(text).quoted) must be a size from 1MB on: a whole number and MB or GB, "
                + "for example \"500MB\"" : nil
    }

    /// The longest prefix after which every topic of a gateway still fits into MQTT's 65,535 bytes: an alias
    /// takes up to 128, a name up to 64, the words between them less than 32.
    static let longestTopic = 65_535 - 256

    package static let topic = TextForm(
        words: "one level of an MQTT topic",
        schema: [("pattern", .text("^[^$/#+][^/#+]*$")), ("maxLength", .whole(longestTopic))]
    ) { text in
        if text.utf8.count > longestTopic {
            return
                "\(text.utf8.count) bytes are too long: topics have at most 65535 bytes, and those "
                + "below this one need 256 of them"
        }
        return text.isEmpty || text.hasPrefix("$") || text.contains(where: { "/#+\0".contains($0) })
            ? "\(JsonValue.text(text).quoted) must be one level of an MQTT topic, "
                + "without / # + and not starting with $" : nil
    }

    package static let topicFilter = TextForm(
        words: "a topic, or a filter like home/answers/#",
        schema: [
            ("pattern", .text("^(\\+|[^$/#+][^/#+]*)?(/(\\+|[^/#+]*))*(/#)?$|^#$")),
            ("minLength", .whole(1)), ("maxLength", .whole(65_535)),
        ]
    ) { text in
        let levels = text.split(separator: "/", omittingEmptySubsequences: false)
        let isFilter =
            !text.isEmpty && text.utf8.count <= 65_535 && !text.hasPrefix("$")
            && !text.utf8.contains(0)
            && levels.enumerated().allSatisfy { index, level in
                level == "+" || (level == "#" && index == levels.count - 1)
                    || !level.contains(where: { "+#".contains($0) })
            }
        return isFilter
            ? nil
            : "\(JsonValue.text(text).quoted) must be a topic, or a filter like home/answers/# that "
                + "does not start with $"
    }
}
