import Codecs
import Documents
import Mqtt
import Vocabulary

/// The other end of `PlainCodec`: reads what a gateway says, and words what it is sent.
///
/// Pure. What is read may come from any client; whatever is not of the form reads as nil.
public struct PlainReader: Hashable, Sendable {
    public let prefix: String

    /// - Parameter prefix: The first level of all topics.
    public init(prefix: String = "tidegate") { self.prefix = prefix }

    public func read(_ message: MqttMessage) -> PlainNews? {
        guard message.topic.hasPrefix("\(prefix)/") else { return nil }
        let levels = message.topic.dropFirst(prefix.count + 1)
            .split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard levels.count >= 2, let gateway = GatewayName(String(levels[0])),
            let text = JsonParser.document(message.payload, .strict)
        else { return nil }
        let matter: PlainNews.Matter? =
            switch (levels[1], levels.count) {
            case ("status", 2): PlainStatus(text, of: gateway).map { .status($0) }
            case ("birth", 2): Self.birth(in: text).map { .birth($0) }
            case ("live", 3): PlainReading(text).map { .live($0) }
            case ("readings", 3):
                Self.offset(in: text).flatMap { offset in
                    PlainReading(text).map { .reading($0, offset: offset) }
                }
            case ("fault", 3):
                Self.offset(in: text).flatMap { offset in
                    Self.fault(in: text).map { .fault($0, offset: offset) }
                }
            case ("faults", 2):
                text["faults"]?.list.map { .activeFaults($0.compactMap(Self.fault(in:))) }
            case ("answer", _): PlainAnswer(text).map { .answer($0) }
            default: nil
            }
        return matter.map { PlainNews(gateway: gateway, matter: $0) }
    }

    /// The answer in a document that came on a response topic of the requester's own choice, or without a broker.
    public func answer(in text: [UInt8]) -> PlainAnswer? {
        JsonParser.document(text, .strict).flatMap(PlainAnswer.init)
    }

    /// The reading in a document that came some other way than on its own topic.
    public func reading(in text: [UInt8]) -> PlainReading? {
        JsonParser.document(text, .strict).flatMap(PlainReading.init)
    }

    /// What a gateway says of itself to requesters without a broker; nil for anything else.
    public func report(in text: [UInt8]) -> PlainReport? {
        guard let document = JsonParser.parse(text).document,
            let gateway = document["gateway"]?.text.flatMap(GatewayName.init),
            let status = PlainStatus(document, of: gateway)
        else { return nil }
        return PlainReport(
            gateway: gateway, status: status,
            faults: (document["faults"]?.list ?? []).compactMap(Self.fault(in:)),
            readings: (document["channels"]?.list ?? []).compactMap(PlainReading.init))
    }

    /// Where the gateway answers commands to `node`.
    public func answerTopic(gateway: GatewayName, node: ShNodeName) -> String {
        PlainTopics(prefix: prefix, gateway: gateway).answer(node)
    }

    /// The message that commands `node`.
    ///
    /// - Parameter by: Who orders, when it is not the upstream itself.
    public func command(
        _ command: CommandDocument, gateway: GatewayName, node: ShNodeName,
        by: CommandSource.Kind? = nil
    ) -> MqttMessage {
        let source = by.map { (name: "by", value: JsonValue.text($0.rawValue)) }
        let text = JsonValue.object(command.members + [source].compactMap(\.self)).compact
        return MqttMessage(
            topic: PlainTopics(prefix: prefix, gateway: gateway).set(node),
            payload: Array(text.utf8))
    }
}

/// Something that one gateway said.
public struct PlainNews: Hashable, Sendable {
    public let gateway: GatewayName
    public let matter: Matter

    /// What it said.
    public enum Matter: Hashable, Sendable {
        case status(PlainStatus)
        /// What it is made of. Plausibility rules are not published.
        case birth(GatewayProfile)
        case live(PlainReading)
        case reading(PlainReading, offset: JournalOffset)
        case fault(ActiveFault, offset: JournalOffset)
        /// Everything that is wrong with it now.
        case activeFaults([ActiveFault])
        case answer(PlainAnswer)
    }
}

/// One reading as it is published.
public struct PlainReading: Hashable, Sendable {
    public let channel: DataChannelName
    public let node: ShNodeName
    /// In `unit`. What `quality` says it is: the value, the last good one, or one that was rejected.
    public let number: DecimalNumber
    /// Whole steps of `10^exponent` units; nil unless the quality is good.
    public let steps: Int64?
    public let exponent: Int
    public let unit: Unit
    public let time: WallTime
    public let quality: Quality
    /// Whether it comes from simulated hardware.
    public let isSimulated: Bool

    /// For people: `21.5 °C`, `on`, `21.5 °C (stale)`.
    public var text: String {
        let value =
            unit == .onOff
            ? (number.mantissa == 0 ? "off" : "on")
            : number.shortest + (unit.symbol.isEmpty ? "" : " \(unit.symbol)")
        return quality == .good ? value : "\(value) (\(quality.rawValue))"
    }
}

/// Everything that a gateway says of itself at once.
public struct PlainReport: Hashable, Sendable {
    public let gateway: GatewayName
    public let status: PlainStatus
    /// What is wrong now.
    public let faults: [ActiveFault]
    /// The newest value of each channel that has one.
    public let readings: [PlainReading]
}

/// What became of a command, as it is answered.
public struct PlainAnswer: Hashable, Sendable {
    public let id: CommandID
    public let node: ShNodeName?
    public let outcome: CommandOutcome.Kind
    /// The confirmed state in the channel's unit; nil unless confirmed and good.
    public let value: DecimalNumber?
    public let steps: Int64?
    /// What was wrong; nil when it is confirmed.
    public let detail: String?
    public let time: WallTime
}

// MARK: - Payloads

extension PlainReader {
    private static func birth(in text: JsonNode) -> GatewayProfile? {
        guard let gateway = text["gateway"]?.text.flatMap(GatewayName.init),
            let incarnation = text["incarnation"]?.text, let list = text["nodes"]?.list
        else { return nil }
        var nodes: [NodeProfile] = []
        for element in list {
            guard let node = node(in: element) else { return nil }
            nodes.append(node)
        }
        return GatewayProfile(gateway: gateway, incarnation: incarnation, nodes: nodes)
    }

    private static func node(in text: JsonNode) -> NodeProfile? {
        guard let name = text["name"]?.text.flatMap(ShNodeName.init),
            let kind = text["kind"]?.text.flatMap(NodeKind.init),
            let driver = text["driver"]?.text.flatMap(DriverModel.init),
            let isSimulated = text["simulated"]?.flag
        else { return nil }
        // A birth that had to be short has no titles, or no channels either.
        let (title, list) = (text["title"]?.text ?? name.text, text["channels"]?.list ?? [])
        var channels: [DataChannel] = []
        for element in list {
            guard let channel = channel(in: element, of: name) else { return nil }
            channels.append(channel)
        }
        return NodeProfile(
            name: name, kind: kind, title: title, driver: driver, isSimulated: isSimulated,
            channels: channels)
    }

    private static func channel(in text: JsonNode, of node: ShNodeName) -> DataChannel? {
        guard let name = text["name"]?.text.flatMap(DataChannelName.init),
            let unit = text["unit"]?.text.flatMap(Unit.init),
            let exponent = exponent(in: text), let source = text["source"]?.text,
            let poll = duration(in: text["pollPeriod"]),
            let capture = duration(in: text["capturePeriod"])
        else { return nil }
        return DataChannel(
            name: name, node: node, source: source, unit: unit, exponent: exponent,
            pollPeriod: poll,
            capture: CaptureRule(
                period: capture,
                delta: text["captureDelta"]?.number?.wholeSteps(exponent: exponent)))
    }

    private static func fault(in text: JsonNode) -> ActiveFault? {
        guard let node = text["node"]?.text.flatMap(ShNodeName.init),
            let kind = text["kind"]?.text.flatMap(Fault.Kind.init),
            let isOn = text["active"]?.flag,
            let detail = text["detail"]?.text?.printable(limit: 1_000),
            let time = time(in: text)
        else { return nil }
        let channel = text["channel"]?.text.flatMap(DataChannelName.init)
        return ActiveFault(
            node: node, fault: Fault(channel: channel, kind: kind, isOn: isOn, detail: detail),
            since: time)
    }

    private static func offset(in text: JsonNode) -> JournalOffset? {
        text["sequence"]?.whole.flatMap { JournalOffset(exactly: $0) }
    }

    private static func duration(in node: JsonNode?) -> Duration? {
        node?.number?.wholeSteps(exponent: -9).map { .nanoseconds($0) }
    }

    fileprivate static func time(in text: JsonNode) -> WallTime? {
        text["time"]?.whole.map { WallTime(nanoseconds: $0) }
    }

    /// Steps smaller than 10^−18 or larger than 10^18 units are nobody's.
    fileprivate static func exponent(in text: JsonNode) -> Int? {
        text["exponent"]?.whole.flatMap { (-18...18).contains($0) ? Int($0) : nil }
    }
}

extension PlainReading {
    fileprivate init?(_ text: JsonNode) {
        guard let channel = text["channel"]?.text.flatMap(DataChannelName.init),
            let node = text["node"]?.text.flatMap(ShNodeName.init),
            let exponent = PlainReader.exponent(in: text),
            let unit = text["unit"]?.text.flatMap(Unit.init), let time = PlainReader.time(in: text),
            let quality = text["quality"]?.text.flatMap(Quality.init)
        else { return nil }
        let number: DecimalNumber? =
            switch quality {
            case .good: text["value"]?.number
            case .stale: text["last"]?.number
            case .bad: text["rejected"]?.number
            }
        let steps = text["steps"]?.whole
        guard let number, (steps != nil) == (quality == .good) else { return nil }
        self.init(
            channel: channel, node: node, number: number, steps: steps, exponent: exponent,
            unit: unit, time: time, quality: quality,
            isSimulated: text["simulated"]?.flag ?? false)
    }
}

extension PlainAnswer {
    fileprivate init?(_ text: JsonNode) {
        guard let id = text["id"]?.text.flatMap(CommandID.init),
            let outcome = text["outcome"]?.text.flatMap(CommandOutcome.Kind.init),
            let time = PlainReader.time(in: text)
        else { return nil }
        self.init(
            id: id, node: text["node"]?.text.flatMap(ShNodeName.init), outcome: outcome,
            value: text["value"]?.number, steps: text["steps"]?.whole,
            detail: text["detail"]?.text?.printable(limit: 1_000), time: time)
    }
}

extension JsonNode {
    fileprivate var whole: Int64? { number?.wholeSteps(exponent: 0) }
}
