import Codecs
import Documents
import Mqtt
import Vocabulary

// Reads commands. What comes in here was written by anybody.
extension PlainCodec {
    /// The longest command, in bytes.
    public static let longestCommand = 4096
    private static let longestCorrelationData = 1024
    private static let expected = "send on, off or a number, alone or as {\"value\": \"on\"}"
    /// The most of a reason that an answer gives; it may repeat what the requester wrote.
    package static let longestDetail = 500
    private static let memberNames = ["value", "id", "expires", "overrideFor", "release", "by"]
    /// Whom an order over a broker may come from, beside the upstream itself.
    private static let sources: [CommandSource.Kind] = [.cli, .page, .peer, .rule]

    public func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        if message.topic == topics.heartbeat {
            return Incoming(
                .ignored(why: "a heartbeat"), isHeartbeat: !message.isRetained)
        }
        let matter = matter(of: message, at: now, using: &generator)
        var note: String?
        if let asked = message.responseTopic, let used = matter.reply?.topic, used != asked {
            note =
                "answering on \(used), not on the response topic \(asked.printable(limit: 100)), "
                + "which is neither below answer/ nor in the layout's answersTo"
        }
        // A hand that uses the same broker says nothing of the controller in its absence.
        guard case .commands(let commands, _) = matter,
            commands.allSatisfy({ $0.source == source })
        else { return Incoming(matter, note: note) }
        return Incoming(matter, isHeartbeat: true, note: note)
    }

    private func matter(
        of message: MqttMessage, at now: WallTime,
        using generator: inout some RandomNumberGenerator
    ) -> Incoming.Matter {
        guard let target = topics.target(of: message.topic) else {
            return .ignored(why: "topic \(message.topic.prefix(128)): is not a command topic")
        }
        guard !(message.isRetained && message.payload.isEmpty) else {
            return .ignored(
                why: "topic \(message.topic.prefix(128)): retained command cleared")
        }
        let node = ShNodeName(String(target))
        guard let (reply, problem) = reply(to: message, node: node) else {
            return .ignored(
                why: "topic \(message.topic.prefix(128)): has no node and no response topic")
        }
        let (order, id) = Self.order(in: message.payload)
        let commandID = id ?? CommandID(using: &generator)
        do throws(Refusal) {
            if let problem { throw Refusal(problem) }
            guard !message.isRetained else {
                throw Refusal(
                    "retained commands are refused; publish without the retain flag")
            }
            let order = try order.get()
            if let problem = order.expires.flatMap({ Command.problem(ofExpiry: $0, at: now) }) {
                throw Refusal(problem)
            }
            let (name, channel) = try self.target(node, String(target))
            let command = Command(
                id: commandID, node: name, order: try self.order(order, for: channel),
                source: order.by.map { CommandSource($0, source.name) } ?? source,
                expires: order.expires)
            return .commands([command], reply)
        } catch {
            return .refused(why: error.why, id: commandID, node: node, reply)
        }
    }

    private struct Refusal: Error {
        let why: String
        init(_ why: String) { self.why = why }
    }

    private struct Order {
        enum Value {
            case flag(Bool)
            case number(DecimalNumber)
        }
        var value: Value?
        var expires: WallTime?
        var overrideFor: Duration?
        var isRelease = false
        var by: CommandSource.Kind?
    }

    private func order(
        _ order: Order, for channel: DataChannel
    ) throws(Refusal) -> Command.Order {
        if order.isRelease { return .release }
        var value: Int64?
        if let asked = order.value { value = try steps(of: asked, for: channel) }
        if let time = order.overrideFor { return .override(value: value, for: time) }
        guard let value else {
            throw Refusal("value: must be on, off, true, false or a number")
        }
        return .set(value)
    }

    /// - Returns: Where to answer and why not where it was asked for, and what is wrong with the question;
    ///   nil when there is nowhere to answer.
    private func reply(to message: MqttMessage, node: ShNodeName?) -> (Reply, problem: String?)? {
        let data = message.correlationData
        guard (data ?? []).count <= Self.longestCorrelationData else {
            let problem = "correlation data: at most \(Self.longestCorrelationData) bytes"
            return node.map { (Reply(topic: topics.answer($0)), problem) }
        }
        if let asked = message.responseTopic, mayAnswer(on: asked, about: node) {
            return (Reply(topic: asked, correlationData: data), nil)
        }
        return node.map { (Reply(topic: topics.answer($0), correlationData: data), nil) }
    }

    /// Whether an answer may go where the requester wants it. Nobody may have the gateway speak on topics that
    /// others obey or believe: it answers below its own `answer/`, on no other node's topic, and where the
    /// layout allows it.
    private func mayAnswer(on topic: String, about node: ShNodeName?) -> Bool {
        guard topicProblem(topic) == nil, topic.utf8.count <= 256 else { return false }
        if let path = topics.answerPath(of: topic) {
            let first = path.prefix { $0 != "/" }
            let named = ShNodeName(String(first))
            return !first.isEmpty && (named == node || named.flatMap { nodes[$0] } == nil)
        }
        return !topic.hasPrefix("\(topics.prefix)/")
            && answersTo.contains { matches(filter: $0, topic: topic) }
    }

    /// The node that a command is for, and its channel that the command sets.
    private func target(
        _ name: ShNodeName?, _ text: String
    ) throws(Refusal) -> (ShNodeName, DataChannel) {
        guard let name, let node = nodes[name] else {
            let relays = nodes.values.filter { $0.kind == .relay || $0.commanded != nil }.map(
                \.name.text)
            // A topic has up to 64 KiB, and what is meant is sought at a cost that grows with it.
            let start = String(text.prefix(64))
            throw Refusal(
                "node \(start): is not of this gateway\(didYouMean(start, among: relays))")
        }
        guard let channel = node.commanded else {
            throw Refusal("node \(name): is a \(node.kind.rawValue), not an actuator")
        }
        return (name, channel)
    }

    private func steps(of value: Order.Value, for channel: DataChannel) throws(Refusal) -> Int64 {
        switch value {
        case .flag(let flag):
            guard channel.unit == .onOff, let steps = channel.steps(DecimalNumber(mantissa: 1))
            else {
                throw Refusal("node \(channel.node): takes a number in \(channel.unit.rawValue)")
            }
            return flag ? steps : 0
        case .number(let number):
            if channel.unit == .onOff {
                guard number.mantissa == 0 || number.wholeSteps(exponent: 0) == 1 else {
                    throw Refusal("node \(channel.node): takes on, off, 1 or 0, not \(number)")
                }
            }
            guard let steps = channel.steps(number) else {
                let step = channel.decimal(1)
                throw Refusal(
                    "node \(channel.node): \(number) is not a whole number of steps of \(step) "
                        + channel.unit.rawValue)
            }
            return steps
        }
    }

    /// - Returns: The order or what is wrong with it, and its identity as far as it has a good one.
    private static func order(in payload: [UInt8]) -> (Result<Order, Refusal>, CommandID?) {
        guard payload.count <= longestCommand else {
            return (
                .failure(
                    Refusal("\(payload.count) bytes; a command has at most \(longestCommand)")), nil
            )
        }
        guard let text = String(validating: payload, as: UTF8.self) else {
            return (.failure(Refusal("the command is not UTF-8 text")), nil)
        }
        let words = text.drop { $0.isWhitespace }
        guard words.first == "{" else { return (plainOrder(text), nil) }
        let (document, problems) = JsonParser.parse(payload, .strict)
        let id = document?["id"]?.text.flatMap(CommandID.init)
        guard let document, problems.isEmpty else {
            return (.failure(Refusal(problems.first?.description ?? "not JSON")), id)
        }
        do throws(Refusal) {
            return (.success(try order(in: document)), id)
        } catch {
            return (.failure(error), id)
        }
    }

    private static func plainOrder(_ text: String) -> Result<Order, Refusal> {
        var word = text.drop { $0.isWhitespace }
        while word.last?.isWhitespace == true { word.removeLast() }
        guard let value = value(of: word) else {
            return .failure(
                Refusal("\"\(text.prefix(40))\" is not a command; \(expected)"))
        }
        return .success(Order(value: value, expires: nil))
    }

    private static func order(in document: JsonNode) throws(Refusal) -> Order {
        for member in document.group ?? [] where !memberNames.contains(member.name) {
            let meant = didYouMean(String(member.name.prefix(40)), among: memberNames)
            throw Refusal(
                "\(member.name.prefix(40)): unknown"
                    + (meant.isEmpty && document["value"] == nil ? "; \(expected)" : meant))
        }
        if let id = document["id"], id.text.flatMap(CommandID.init) == nil {
            throw Refusal("id: must be a text of 1 to 64 visible ASCII characters")
        }
        let value: Order.Value? =
            switch document["value"]?.value {
            case .flag(let flag): .flag(flag)
            case .number(let number): .number(number)
            case .text(let text): Self.value(of: text)
            default: nil
            }
        let release = document["release"]
        let isRelease = release?.flag == true
        if let release, release.flag != true { throw Refusal("release: must be true") }
        let time = document["overrideFor"].map { $0.text.flatMap(Duration.init(layoutText:)) }
        if case .some(.none) = time { throw Refusal("overrideFor: must be a time like \"10min\"") }
        if isRelease, document["value"] != nil || time != nil {
            throw Refusal("release: not together with value or overrideFor")
        }
        guard value != nil || isRelease || (time != nil && document["value"] == nil) else {
            throw Refusal("value: must be on, off, true, false or a number")
        }
        return Order(
            value: value, expires: try expiry(in: document["expires"]),
            overrideFor: time.flatMap(\.self), isRelease: isRelease,
            by: try source(in: document["by"]))
    }

    private static func source(in node: JsonNode?) throws(Refusal) -> CommandSource.Kind? {
        guard let node else { return nil }
        guard let kind = node.text.flatMap(CommandSource.Kind.init), sources.contains(kind) else {
            let words = sources.map(\.rawValue).joined(separator: ", ")
            throw Refusal("by: must be one of \(words)")
        }
        return kind
    }

    private static func expiry(in node: JsonNode?) throws(Refusal) -> WallTime? {
        switch node?.value {
        case nil, .null: return nil
        case .text(let text):
            if let time = WallTime(iso8601: text) { return time }
        case .number(let number):
            if let time = number.wholeSteps(exponent: 0) { return WallTime(nanoseconds: time) }
        default: break
        }
        throw Refusal(
            "expires: must be a time like 2026-11-21T04:22:07Z, or nanoseconds since 1970")
    }

    private static func value(of text: some StringProtocol) -> Order.Value? {
        switch text.lowercased() {
        case "on", "true": .flag(true)
        case "off", "false": .flag(false)
        default: DecimalNumber(text).map { .number($0) }
        }
    }
}

extension DataChannel {
    /// `number` in whole steps; nil when it is not whole or too large.
    fileprivate func steps(_ number: DecimalNumber) -> Int64? {
        number.wholeSteps(exponent: exponent)
    }
}
