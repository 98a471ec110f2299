import Codecs
import Vocabulary

/// One entity of a device, as discovery announces it.
struct HomeAssistantEntity: Hashable, Sendable {
    /// Its name among the entities of the device's message.
    let key: String
    let members: [JsonText.Member]

    private init(_ key: String, _ platform: Platform, _ members: [(String, JsonText)]) {
        self.key = key
        self.members = JsonText.Member.list([("p", .text(platform.rawValue))] + members)
    }

    /// What kind of entity Home Assistant makes of it.
    enum Platform: String, CaseIterable {
        case sensor, number, event
        case contact = "binary_sensor"
        case relay = "switch"

        /// Those that a channel may be.
        static let ofChannels = [Platform.sensor, .contact, .relay, .number]

        func key(of channel: DataChannelName) -> String { "\(rawValue)_\(channel)" }
    }

    /// Removes the entity that was announced under that key; does nothing when there is none.
    static func removal(_ key: String, _ platform: Platform) -> HomeAssistantEntity {
        HomeAssistantEntity(key, platform, [])
    }

    /// Removes whatever was announced of a channel.
    static func removals(of channel: DataChannelName) -> [HomeAssistantEntity] {
        Platform.ofChannels.map { removal($0.key(of: channel), $0) }
    }

    // MARK: - Of a channel

    /// What a channel is shown as, and what of it an earlier layout may have announced.
    static func entities(
        of channel: DataChannel, in node: NodeProfile, _ codec: HomeAssistantCodec
    ) -> [HomeAssistantEntity] {
        let isCommanded = codec.settings.maySwitch && node.commanded?.name == channel.name
        let wishes = codec.settings.entities[channel.name] ?? HomeAssistantWishes()
        let base = base(of: channel, in: node, wishes, codec.topics)
        func entity(_ platform: Platform, _ more: [(String, JsonText)]) -> HomeAssistantEntity {
            HomeAssistantEntity(platform.key(of: channel.name), platform, base + more)
        }
        guard channel.unit != .onOff else {
            // A right that is given or taken makes one of the other.
            let other = isCommanded ? Platform.contact : .relay
            // A relay that is only shown is of no class.
            let named = isCommanded || node.kind != .relay
            let shownClass =
                named ? wishes.deviceClass.map { [("dev_cla", JsonText.text($0))] } ?? [] : []
            let shown =
                isCommanded
                ? entity(.relay, commands(codec.topics.command(node.name)) + shownClass)
                : entity(.contact, shownClass)
            return [shown, removal(other.key(of: channel.name), other)]
        }
        let quantity = HomeAssistantQuantity(of: channel, for: codec.settings.minimumVersion)
            .named(wishes.deviceClass, isCounter: channel.plausibility.isCounter)
        let unit = quantity.unit.map { [("unit_of_meas", JsonText.text($0))] } ?? []
        let measure =
            unit + (quantity.deviceClass.map { [("dev_cla", JsonText.text($0))] } ?? [])
            + [("stat_cla", .text(quantity.stateClass))]
        guard isCommanded else { return [entity(.sensor, measure)] }
        let setting = commands(codec.topics.command(node.name)) + range(of: channel) + unit
        guard node.kind != .relay else { return [entity(.number, setting)] }
        // The total of a meter, which is set when the meter was exchanged: not for everybody's dashboard.
        let total = HomeAssistantEntity(
            Platform.number.key(of: channel.name), .number,
            base.filter { !["uniq_id", "name", "en"].contains($0.0) } + setting
                + [
                    ("uniq_id", .text(codec.topics.entity("set", channel.name.text))),
                    ("name", "Set total"), ("ent_cat", "config"), ("en", .flag(false)),
                ])
        return [entity(.sensor, measure), total]
    }

    private static func base(
        of channel: DataChannel, in node: NodeProfile, _ wishes: HomeAssistantWishes,
        _ topics: HomeAssistantTopics
    ) -> [(String, JsonText)] {
        let state = JsonText.text(topics.state(channel.name))
        let name = name(of: channel, in: node)
        let attributes: [(String, JsonText)] =
            node.isSimulated
            ? [("json_attr_t", state), ("json_attr_tpl", .text(simulatedTemplate))] : []
        return [
            ("uniq_id", .text(wishes.uniqueID ?? topics.entity("state", channel.name.text))),
            ("name", name.map { .text($0) } ?? .null), ("stat_t", state),
            ("val_tpl", .text(valueTemplate)),
        ] + attributes + (wishes.isEnabled ? [] : [("en", .flag(false))])
    }

    /// Home Assistant 2026 has the broker drop a command that was not delivered for so long, and earlier ones
    /// pass over the key.
    private static func commands(_ topic: String) -> [(String, JsonText)] {
        [("cmd_t", .text(topic)), ("msg_exp_int", .number(10))]
    }

    private static func range(of channel: DataChannel) -> [(String, JsonText)] {
        let range = channel.plausibility.range
        let isShare = channel.unit == .percent
        let lowest = range.lowerBound == .min ? 0 : range.lowerBound
        let highest =
            range.upperBound == .max
            ? DecimalNumber(mantissa: isShare ? 100 : 1_000_000_000)
            : channel.decimal(range.upperBound)
        return [
            ("min", .number(channel.decimal(lowest))), ("max", .number(highest)),
            // It takes no smaller ones.
            ("step", .number(DecimalNumber(mantissa: 1, exponent: max(-3, channel.exponent)))),
            ("mode", "box"),
        ]
    }

    /// What people call it beside the device's own name; nil for what the device is all about.
    private static func name(of channel: DataChannel, in node: NodeProfile) -> String? {
        if node.channels.count == 1 || node.kind == .relay && node.commanded == channel {
            return nil
        }
        let own = "\(node.name)-"
        let text = channel.name.text
        let words =
            text == node.name.text
            ? channel.source : text.hasPrefix(own) ? String(text.dropFirst(own.count)) : text
        let name = words.split(separator: "-").joined(separator: " ")
        return name.prefix(1).uppercased() + name.dropFirst()
    }

    // MARK: - Of a node

    /// Whether something is wrong with it. It is known also while the node does not answer.
    static func fault(of node: ShNodeName, _ topics: HomeAssistantTopics) -> HomeAssistantEntity {
        let topic = JsonText.text(topics.fault(node))
        return HomeAssistantEntity(
            "fault", .contact,
            [
                ("uniq_id", .text(topics.entity("fault", node.text))), ("name", "Fault"),
                ("dev_cla", "problem"), ("ent_cat", "diagnostic"), ("stat_t", topic),
                ("val_tpl", .text(valueTemplate)), ("json_attr_t", topic),
                ("json_attr_tpl", .text(faultsTemplate)), ("avty", gatewayAlone(topics)),
            ])
    }

    /// Why a switch jumped back.
    static func outcome(of node: ShNodeName, _ topics: HomeAssistantTopics) -> HomeAssistantEntity {
        let types = [CommandOutcome.Kind.refused, .failed, .timedOut]
        return HomeAssistantEntity(
            "outcome", .event,
            [
                ("uniq_id", .text(topics.entity("outcome", node.text))),
                ("name", "Command not carried out"), ("ent_cat", "diagnostic"),
                ("stat_t", .text(topics.outcome(node))),
                ("evt_typ", .list(types.map { .text($0.rawValue) })),
                ("avty", gatewayAlone(topics)),
            ])
    }

    private static func gatewayAlone(_ topics: HomeAssistantTopics) -> JsonText {
        .list([.object(["t": .text(topics.status)])])
    }

    private static let valueTemplate = "{{ value_json.value }}"
    private static let simulatedTemplate =
        "{{ {'simulated': value_json.simulated | default(false)} | tojson }}"
    private static let faultsTemplate =
        "{{ {'faults': value_json.faults | default([])} | tojson }}"
}

extension JsonText.Member {
    static func list(_ pairs: [(String, JsonText)]) -> [JsonText.Member] {
        pairs.map { JsonText.Member(name: $0.0, value: $0.1) }
    }
}
