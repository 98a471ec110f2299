import Documents
import Vocabulary

/// What an object says of the settings that are described, and what is wrong with it.
///
/// A key that is unknown keeps nobody from checking the rest: it counts as absent, or as the key that was
/// probably meant.
public struct CheckedSettings {
    /// Everything that is wrong: unknown keys, missing ones, and values of another form.
    public let problems: ProblemList
    /// What stands under a key that is unknown and means a setting that is not given, by the setting's name.
    public let meant: [String: JsonNode]
    /// What is given or meant and has the form of its setting, by the setting's name.
    public let values: [String: JsonNode]
    /// Whether nothing but unknown keys is wrong, so that the settings can be checked together.
    public let isComplete: Bool

    /// - Parameter others: Keys that belong to somebody else and are neither checked nor refused.
    public init(
        _ group: JsonNode, described settings: [SettingDescription], besides others: [String] = []
    ) {
        var problems = SettingDescription.problems(in: group, described: settings, besides: others)
        guard !problems.isEmpty else {
            self.problems = problems
            meant = [:]
            values = Self.given(in: group, settings)
            isComplete = true
            return
        }
        let meant = Self.meant(in: group, settings, besides: others)
        var values = Self.given(in: group, settings).merging(meant) { given, _ in given }
        var isComplete = group.group != nil
        for setting in settings {
            guard let value = values[setting.name] else {
                if setting.isRequired { isComplete = false }
                continue
            }
            let wrong = setting.form.problems(in: value)
            if meant[setting.name] != nil { problems += wrong }
            guard wrong.total > setting.form.unknownKeys(in: value) else { continue }
            values[setting.name] = nil
            isComplete = false
        }
        (self.problems, self.meant, self.values) = (problems, meant, values)
        self.isComplete = isComplete
    }

    private static func given(
        in group: JsonNode, _ settings: [SettingDescription]
    ) -> [String: JsonNode] {
        var values: [String: JsonNode] = [:]
        for setting in settings { values[setting.name] = group[setting.name] }
        return values
    }

    private static func meant(
        in group: JsonNode, _ settings: [SettingDescription], besides others: [String]
    ) -> [String: JsonNode] {
        let known = settings.map(\.name)
        var meant: [String: JsonNode] = [:]
        for member in group.group ?? [] where !known.contains(member.name) {
            guard !others.contains(member.name),
                let name = FormerKeys.name(of: member.name, among: known)
                    ?? suggestion(for: member.name, among: known + others),
                known.contains(name), group[name] == nil, meant[name] == nil
            else { continue }
            meant[name] = member.node
        }
        return meant
    }
}

extension SettingDescription {
    /// Whether an object without it is not complete.
    fileprivate var isRequired: Bool { defaultValue == nil && !isOptional }
}

extension SettingForm {
    /// How many keys in `node`, at whatever depth, are unknown.
    fileprivate func unknownKeys(in node: JsonNode) -> Int {
        switch (self, node.value) {
        case (.list(let form), .list(let nodes)):
            return nodes.reduce(0) { $0 + form.unknownKeys(in: $1) }
        case (.group(let settings), .group(let members)):
            return members.reduce(0) { count, member in
                let setting = settings.first { $0.name == member.name }
                return count + (setting?.form.unknownKeys(in: member.node) ?? 1)
            }
        default: return 0
        }
    }
}
