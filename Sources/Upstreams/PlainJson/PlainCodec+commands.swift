import Codecs
import Documents
import Mqtt
import Vocabulary

// Reads commands. Any client may have written what comes in here.
extension PlainCodec {
    /// The longest command, in bytes.
    public static let longestCommand = 4096
    private static let longestCorrelationData = 1024
    private static let expected = "send on, off or a number, alone or as {\"value\": \"on\"}"
    /// Whom an order over a broker may come from, beside the upstream itself.
    private static let sources: [CommandSource.Kind] = [.cli, .page, .peer, .rule]

    public func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        if message.topic == topics.heartbeat {
            return Incoming(
                .ignored(why: "a heartbeat"), isHeartbeat: !message.isRetained)
        }
        let matter = matter(of: message, using: &generator)
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
        of message: MqttMessage, using generator: inout some RandomNumberGenerator
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
        do throws(CommandRefusal) {
            if let problem { throw CommandRefusal(problem) }
            guard !message.isRetained else {
                throw CommandRefusal(
                    "retained commands are refused; publish without the retain flag")
            }
            let (order, by) = try order.get()
            let command = try Command(
                order.request, to: String(target), of: profile, id: commandID,
                source: by.map { CommandSource($0, source.name) } ?? source, expires: order.expires)
            return .commands([command], reply)
        } catch {
            return .refused(why: error.why, id: commandID, node: node, reply)
        }
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
            return !first.isEmpty && (named == node || named.flatMap { documents.nodes[$0] } == nil)
        }
        return !topic.hasPrefix("\(topics.prefix)/")
            && answersTo.contains { matches(filter: $0, topic: topic) }
    }

    private typealias Order = (CommandDocument, by: CommandSource.Kind?)

    /// - Returns: The order or what is wrong with it, and its identity as far as it has a good one.
    private static func order(in payload: [UInt8]) -> (Result<Order, CommandRefusal>, CommandID?) {
        var id: CommandID?
        do throws(CommandRefusal) {
            guard payload.count <= longestCommand else {
                throw CommandRefusal(
                    "\(payload.count) bytes; a command has at most \(longestCommand)")
            }
            guard let text = String(validating: payload, as: UTF8.self) else {
                throw CommandRefusal("the command is not UTF-8 text")
            }
            guard text.first(where: { !$0.isWhitespace }) == "{" else {
                return (.success((try plainOrder(text), nil)), nil)
            }
            let (document, problems) = JsonParser.parse(payload, .strict)
            id = document?["id"]?.text.flatMap(CommandID.init)
            guard let document, problems.isEmpty else {
                throw CommandRefusal(problems.first?.description ?? "not JSON")
            }
            let order = try CommandDocument(document, beside: ["by"])
            return (.success((order, try source(in: document["by"]))), id)
        } catch {
            return (.failure(error), id)
        }
    }

    private static func plainOrder(_ text: String) throws(CommandRefusal) -> CommandDocument {
        var word = text.drop { $0.isWhitespace }
        while word.last?.isWhitespace == true { word.removeLast() }
        guard let value = CommandValue(word) else {
            throw CommandRefusal("\"\(text.prefix(40))\" is not a command; \(expected)")
        }
        return CommandDocument(.set(value), id: nil)
    }

    private static func source(in node: JsonNode?) throws(CommandRefusal) -> CommandSource.Kind? {
        guard let node else { return nil }
        guard let kind = node.text.flatMap(CommandSource.Kind.init), sources.contains(kind) else {
            let words = sources.map(\.rawValue).joined(separator: ", ")
            throw CommandRefusal("by: must be one of \(words)")
        }
        return kind
    }
}
