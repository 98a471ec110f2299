import Documents
import DriverKit
import Vocabulary

/// A component of the document before its node has given it channels.
struct ComponentDraft {
    let node: JsonNode
    /// Nil when the driver is unknown or the settings have problems, which have been reported.
    let driver: KnownDriver?
    let isSimulated: Bool
    /// The first node that uses it.
    var user: (name: String, place: Place)?
    /// Whether a node names something like it, so that the mistake is there.
    var isMeant = false

    var place: Place { node.place }

    struct KnownDriver {
        let type: any Driver.Type
        let settings: Settings
        /// What a component with these settings offers; empty when the driver refused them.
        let channels: [ChannelDescription]
    }
}

/// A component's settings, whether they go together or not.
struct SpokenSettings {
    let type: any Driver.Type
    let checked: CheckedSettings
}

extension LayoutReader {
    /// Reads the components that nodes refer to by name.
    mutating func readComponents() {
        for section in document.sections("components", .component) {
            let draft = componentDraft(section)
            guard section.says("name") else {
                report(section.place, "name is missing: \(TextForm.name(ComponentTag.self).words)")
                continue
            }
            guard let name = section.name("name", ComponentTag.self) else { continue }
            if let taken = componentNames.take(name.text, at: section.place) {
                report(section.place(of: "name"), "\(taken)")
            } else {
                components[name] = draft
            }
        }
    }

    /// The component of a node, whether it stands inside or apart. Nil when there is none to check.
    mutating func component(of node: Section, named nodeName: ShNodeName?) -> ComponentDraft? {
        guard let given = node.node["component"] else { return nil }
        guard given.group != nil else {
            guard let name = node.name("component", ComponentTag.self) else { return nil }
            return namedComponent(name, of: node, named: nodeName)
        }
        let section = Section(node: given, kind: .component)
        if section.says("name") {
            report(
                section.place(of: "name"),
                "a component inside its node has the node's name; remove this key")
        }
        if let name = nodeName.flatMap({ ComponentName($0.text) }),
            let taken = componentNames.take(name.text, at: section.place)
        {
            report(section.place, "\(taken)")
        }
        return componentDraft(section)
    }

    private mutating func namedComponent(
        _ name: ComponentName, of node: Section, named nodeName: ShNodeName?
    ) -> ComponentDraft? {
        guard let draft = components[name] else {
            if componentNames.places[name.text] == nil {
                let (message, meant) = componentNames.missing(name.text, problems)
                report(node.place(of: "component"), message)
                if let meant = meant.flatMap(ComponentName.init) {
                    components[meant]?.isMeant = true
                }
            } else {
                report(
                    node.place(of: "component"),
                    "component \(name) is defined inside another node and belongs to that node only"
                )
            }
            return nil
        }
        if let user = draft.user {
            report(
                node.place(of: "component"),
                "component \(name) already belongs to node \(user.name), \(user.place)")
            return nil
        }
        components[name]?.user = (nodeName?.text ?? node.place.path, node.place)
        return draft
    }

    private mutating func componentDraft(_ section: Section) -> ComponentDraft {
        let spoken = spokenSettings(section)
        let known = spoken.flatMap { knownDriver(section, $0) }
        let used = busesUsed(by: section, spoken)
        if let spoken { checkUnits(of: spoken, on: used) }
        var isSimulated = section.flag("simulated") ?? false
        for name in used {
            buses[name]?.isUsed = true
            guard buses[name]?.bus.isSimulated == true else { continue }
            if section.says("simulated"), section.flag("simulated") == false {
                report(
                    section.place(of: "simulated"),
                    "bus \(name) is simulated, so every device on it must be simulated")
            }
            isSimulated = true
        }
        return ComponentDraft(node: section.node, driver: known, isSimulated: isSimulated)
    }

    /// Checks the settings of a component one by one; nil when its driver is not known.
    private mutating func spokenSettings(_ section: Section) -> SpokenSettings? {
        let common = LayoutSection.component
        for key in common.keys {
            guard let value = section.node[key.name] else { continue }
            problems += key.form.problems(in: value)
        }
        guard section.says("driver") else {
            report(section.place, "driver is missing; `tidegate drivers` lists all")
            return nil
        }
        guard let text = section.text("driver") else { return nil }
        guard let driver = DriverModel(text).flatMap({ registry[$0] }) else {
            let registry = registry
            report(section.place(of: "driver"), registry.unknown(text))
            return nil
        }
        let checked = CheckedSettings(
            section.node, described: driver.description.settings,
            besides: common.keys.map(\.name))
        problems += checked.problems
        return SpokenSettings(type: driver, checked: checked)
    }

    /// Checks the settings of a component together, as far as they are well formed.
    private mutating func knownDriver(
        _ section: Section, _ spoken: SpokenSettings
    ) -> ComponentDraft.KnownDriver? {
        let (driver, checked) = (spoken.type, spoken.checked)
        let described = driver.description.settings
        let profiles = profiles(named: checked.values, described)
        let settings = Settings(
            section.node, described: described,
            replacing: checked.meant.merging(profiles ?? [:]) { $1 })
        let mistakes = driver.mistakes(in: settings)
        problems += mistakes
        guard checked.isComplete, profiles != nil, mistakes.isEmpty else { return nil }
        do throws(DriverError) {
            let channels = try driver.channels(offeredWith: settings)
            if channels.isEmpty {
                report(section.place, "driver \(driver.model) has no channel with these settings")
            }
            return .init(type: driver, settings: settings, channels: channels)
        } catch {
            report(error, in: section.node)
            return nil
        }
    }

    /// The buses that a component names, each of them known.
    private mutating func busesUsed(
        by section: Section, _ spoken: SpokenSettings?
    ) -> [BusName] {
        if spoken?.checked.problems.isEmpty != true {
            // What some settings mean is not known; a bus must not be called unused for that.
            let texts = section.node.group?.compactMap(\.node.text) ?? []
            for name in texts.compactMap(BusName.init) { buses[name]?.isUsed = true }
        }
        guard let spoken else { return [] }
        var names: [BusName] = []
        for setting in spoken.type.description.settings {
            guard let node = spoken.checked.values[setting.name] else { continue }
            for named in node.values(
                of: setting.form, { if case .bus = $0 { true } else { false } })
            {
                guard let text = named.text else { continue }
                guard let name = BusName(text), busNames.places[text] != nil else {
                    let (message, meant) = busNames.missing(text, problems)
                    report(named.place, message)
                    if let meant = meant.flatMap(BusName.init) { buses[meant]?.isUsed = true }
                    continue
                }
                names.append(name)
            }
        }
        return names
    }
}

extension JsonNode {
    /// The values in a setting of `form`, at any depth, whose own form is wanted.
    func values(of form: SettingForm, _ isWanted: (SettingForm) -> Bool) -> [JsonNode] {
        if isWanted(form) { return [self] }
        switch form {
        case .list(let element):
            return (list ?? []).flatMap { $0.values(of: element, isWanted) }
        case .group(let members):
            return members.flatMap { member in
                self[member.name]?.values(of: member.form, isWanted) ?? []
            }
        default:
            return []
        }
    }
}
