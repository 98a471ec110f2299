import Documents
import DriverKit
import Vocabulary

/// The register map of a device, or of several that are read alike, as data.
public struct DeviceProfile: Sendable {
    /// What layouts write: `"eastron-sdm120"`.
    public let name: String
    /// The device, in a short phrase.
    public let title: String
    public let maker: String
    /// What the maker calls the devices that it fits.
    public let models: [String]
    /// The document or program behind the numbers.
    public let source: String
    /// What its user should know, a sentence each.
    public let notes: [String]
    /// What the device can take in one request.
    public let limits: RegisterLimits
    let timing: ModbusTiming
    /// In the order of the file.
    public let registers: [Register]
}

extension DeviceProfile {
    /// The names of the profiles that come with Tidegate, in alphabetical order.
    public static let builtInNames = EmbeddedProfiles.names.sorted()

    /// The profile of that name that comes with Tidegate; nil when there is none.
    public static func builtIn(_ name: String) -> DeviceProfile? { EmbeddedProfiles.profile(name) }

    /// How layouts name a profile.
    static let form = SettingForm.profile(
        ProfileForm(
            builtIn: builtInNames,
            read: { text in
                let (document, _, problems) = parsed("", text)
                return (document, problems)
            }))

    /// What the file of a profile may say.
    public static let described = [
        SettingDescription("title", .text, "The device, in a short phrase."),
        SettingDescription("maker", .text, "Who makes it."),
        SettingDescription("models", .list(.text), "What the maker calls the devices it fits."),
        SettingDescription("source", .text, "The document or program behind the numbers."),
        SettingDescription(
            optional: "notes", .list(.text), "What its user should know, a sentence each."),
        SettingDescription(
            "maxWords", .whole(1...125), default: .whole(125), "The most words in one request."),
        SettingDescription(
            "maxGap", .whole(0...125), default: .whole(0),
            "The most unused words read between two used ones."),
        SettingDescription(
            optional: "replyTimeout", ModbusTiming.replyTimeoutForm,
            "Timeout of a reply; 500ms when left out."),
        SettingDescription(
            optional: "connectPause", ModbusTiming.pauseForm,
            "The pause that it needs between connecting and the first request."),
        SettingDescription(
            optional: "requestPause", ModbusTiming.pauseForm,
            "The least pause that it needs after a reply."),
        SettingDescription(
            optional: "defaults", .group(RegisterSettings.shareable),
            "What holds for each register that does not say otherwise."),
        SettingDescription(
            "registers", .list(.group(RegisterSettings.described)), "What the device measures."),
    ]

    /// Reads the text of a profile.
    ///
    /// - Parameter text: JSON in UTF-8; `//` comments and trailing commas are welcome.
    /// - Returns: The profile, nil when there is any problem, and all problems by their places.
    public static func read(
        _ name: String, _ text: [UInt8]
    ) -> (profile: DeviceProfile?, problems: ProblemList) {
        let (_, profile, problems) = parsed(name, text)
        return (profile, problems)
    }

    private static func parsed(
        _ name: String, _ text: [UInt8]
    ) -> (document: JsonNode?, profile: DeviceProfile?, problems: ProblemList) {
        let (document, mistakes) = JsonParser.parse(text)
        guard let document else { return (nil, nil, mistakes) }
        let (profile, problems) = read(name, document)
        let all = mistakes + problems
        return (document, all.isEmpty ? profile : nil, all)
    }

    /// The same for what was parsed already.
    static func read(
        _ name: String, _ document: JsonNode
    ) -> (profile: DeviceProfile?, problems: ProblemList) {
        let usual = document["defaults"]
        // What all registers have need not stand in each.
        let described = Self.described.map { setting in
            setting.name == "registers"
                ? SettingDescription(
                    setting.name, .list(.group(RegisterSettings.described(with: usual))),
                    setting.help)
                : setting
        }
        let checked = CheckedSettings(document, described: described)
        var problems = checked.problems + controlCharacters(in: document)
        let settings = Settings(document, described: described, replacing: checked.meant)
        // Without what holds for all of them, registers are not complete.
        let (registers, mistakes) =
            usual != nil && checked.values["defaults"] == nil
            ? ([], [])
            : RegisterSettings.registers(in: settings["registers"]?.list ?? [], usual: usual)
        problems += mistakes
        guard checked.isComplete else { return (nil, problems) }
        do throws(DriverError) {
            let limits = RegisterLimits(
                maxWords: Int(try settings.whole("maxWords")),
                maxGap: Int(try settings.whole("maxGap")))
            let longest = registers.map(\.span.count).max() ?? 0
            if longest == 0 || longest > limits.maxWords, mistakes.isEmpty {
                let error =
                    longest == 0
                    ? settings.bad("registers", "a list of at least one register")
                    : settings.bad("maxWords", "at least \(longest), the words of one value")
                problems.append(error.problem(in: document))
            }
            guard problems.isEmpty else { return (nil, problems) }
            return (
                DeviceProfile(
                    name: name, title: try settings.text("title"),
                    maker: try settings.text("maker"), models: texts(document["models"]),
                    source: try settings.text("source"), notes: texts(document["notes"]),
                    limits: limits, timing: try ModbusTiming(settings), registers: registers),
                problems
            )
        } catch {
            return (nil, [error.problem(in: document)])
        }
    }

    private static func texts(_ node: JsonNode?) -> [String] {
        (node?.list ?? []).compactMap(\.text)
    }

    /// Titles and notes go to terminals and pages.
    private static func controlCharacters(in node: JsonNode) -> ProblemList {
        switch node.value {
        case .text(let text) where text.utf8.contains { $0 < 0x20 || $0 == 0x7F }:
            [Problem(node.place, "holds a line break or another control character")]
        case .list(let nodes): nodes.problems(controlCharacters)
        case .group(let members): members.problems { controlCharacters(in: $0.node) }
        default: []
        }
    }
}
