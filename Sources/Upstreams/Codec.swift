import Vocabulary

/// One upstream's words: turns what the gateway has to say into messages, and messages into commands.
///
/// Pure: no socket, no clock, no memory of what was said before. Wire names live here and nowhere else.
public protocol Codec: Sendable {
    /// What the broker publishes for a gateway that is lost.
    var will: MqttMessage { get }

    /// The topic filters that commands come in on. To be subscribed after each connect.
    var subscriptions: [String] { get }

    /// What is said first on each connection, in order: who is here and what it is made of.
    func greeting(at now: WallTime) -> [MqttMessage]

    /// What is said last before an orderly disconnect.
    func farewell(at now: WallTime) -> [MqttMessage]

    /// The newest value of a channel, for whoever wants to know how things are now.
    ///
    /// - Parameter at: When the device was asked.
    /// - Returns: Nothing when this upstream has no words for it.
    func live(_ reading: Reading, at: WallTime) -> [MqttMessage]

    /// Nothing is known of a channel since the gateway started: takes back what an earlier one said.
    ///
    /// - Returns: Nothing when this upstream keeps no newest value.
    func unknown(_ channel: DataChannelName) -> [MqttMessage]

    /// Everything that is wrong at this moment. To be said after each greeting and each change.
    func standing(_ troubles: [StandingTrouble], at now: WallTime) -> [MqttMessage]

    /// An entry of the journal. It is delivered when all of the messages are acknowledged.
    ///
    /// - Returns: Nothing when this upstream has no words for it; the entry then counts as delivered.
    func history(_ entry: Entry) -> [MqttMessage]

    /// What a received message asks for.
    ///
    /// - Parameter generator: Gives an identity to a command that came without one.
    func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming

    /// Tells the asker what became of a command. To be published at once, and dropped when there is no
    /// connection: an answer that comes hours late answers nothing.
    func answer(
        _ answer: CommandAnswer, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: WallTime
    ) -> MqttMessage
}

/// What a received message turned out to be.
public enum Incoming: Hashable, Sendable {
    /// Carry it out and answer.
    case command(Command, Reply)
    /// It is meant as a command and must not be carried out: answer `.refused(why)`.
    case refused(why: String, id: CommandID, node: ShNodeName?, Reply)
    /// It is none of this codec's business, and why. Worth a line in the log, no answer.
    case ignored(why: String)
}

/// Where the answer to a command goes.
public struct Reply: Hashable, Sendable {
    public let topic: String
    /// Goes back to the asker unchanged.
    public let correlationData: [UInt8]?

    public init(topic: String, correlationData: [UInt8]? = nil) {
        self.topic = topic
        self.correlationData = correlationData
    }
}

/// A trouble that has begun and is not over.
public struct StandingTrouble: Hashable, Sendable {
    public let node: ShNodeName
    public let trouble: Trouble
    public let since: WallTime

    public init(node: ShNodeName, trouble: Trouble, since: WallTime) {
        self.node = node
        self.trouble = trouble
        self.since = since
    }
}
