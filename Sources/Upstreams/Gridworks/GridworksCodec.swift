import Codecs
import Mqtt
import PlainJson
import Vocabulary

/// The words of a GridWorks link, in the part of the child: what a genuine gwproactor parent decodes,
/// acknowledges and sends.
public struct GridworksCodec: Codec, CodecPeer {
    let gateway: GatewayName
    let upstream: UpstreamName
    let settings: GridworksSettings
    let nodes: [NodeProfile]
    let relays: [ShNodeName: GridworksRelay]
    let relaysByChannel: [DataChannelName: GridworksRelay]
    let channels: [DataChannelName: DataChannel]
    let presence: PresenceTopic
    /// What the topics of the parent and of admin begin with.
    let parentRoot: String
    let adminRoot: String
    /// How each acknowledgement of the parent begins.
    let acknowledgementHead: [UInt8]

    /// - Parameters:
    ///   - upstream: Called the peer's name in events, as GridWorks calls links, and named in commands.
    ///   - prefix: The first level of the topic that says whether the gateway is here.
    public init(
        profile: GatewayProfile, upstream: UpstreamName, settings: GridworksSettings,
        prefix: String = "tidegate"
    ) {
        (gateway, self.upstream, self.settings) = (profile.gateway, upstream, settings)
        nodes = profile.nodes
        let relays = profile.nodes.compactMap { GridworksRelay($0, settings) }
        self.relays = Dictionary(relays.map { ($0.node, $0) }) { first, _ in first }
        relaysByChannel = Dictionary(relays.map { ($0.channel.name, $0) }) { first, _ in first }
        channels = Dictionary(
            profile.nodes.flatMap(\.channels).map { ($0.name, $0) }
        ) { first, _ in first }
        presence = PresenceTopic(prefix: prefix, profile: profile, upstream: upstream)
        parentRoot = GridworksTopics.root(from: settings.parent.text, to: settings.shortName)
        adminRoot = GridworksTopics.root(from: GridworksTopics.admin, to: gateway.text)
        let sample = GridworksEnvelope.acknowledgement(
            of: "", from: settings.parent.text, to: settings.shortName)
        acknowledgementHead = sample.payload.dropLast(Self.acknowledgementTail.count)
    }

    public func session(of connection: CodecConnection) -> any CodecSession {
        GridworksSession(codec: self, connection)
    }

    public var subscriptions: [String] {
        let parent = GridworksTopics.all(from: settings.parent.text, to: settings.shortName)
        guard settings.hasAdmin else { return [parent] }
        return [parent, GridworksTopics.all(from: GridworksTopics.admin, to: gateway.text)]
    }

    public var schedule: Schedule {
        Schedule(report: settings.reportPeriod, snapshot: settings.snapshotPeriod)
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        GridworksHistoryWriter(codec: self, journal: journal)
    }

    // MARK: The peer

    public var peer: (any CodecPeer)? { self }

    public func ping(_ identity: String) -> MqttMessage {
        GridworksEnvelope.ping(identity, from: gateway.text, to: settings.parentShortName)
    }

    public func acknowledgement(of identity: String) -> MqttMessage {
        // What admin wants acknowledged bears its mark, so that the answer finds the way back.
        let isAdmins = identity.hasPrefix(Self.adminMark)
        return GridworksEnvelope.acknowledgement(
            of: isAdmins ? String(identity.dropFirst(Self.adminMark.count)) : identity,
            from: gateway.text, to: isAdmins ? GridworksTopics.admin : settings.parentShortName)
    }

    /// No identity from the wire holds a line break.
    static let adminMark = "admin\n"

    /// How each acknowledgement of the parent ends.
    static let acknowledgementTail = Array(#"","TypeName":"gridworks.ack"},"TypeName":"gw"}"#.utf8)

    // MARK: Who commands

    /// Who gives the orders of the parent.
    var parentSource: CommandSource { CommandSource(.upstream, upstream.text) }
    /// Who gives the orders of the admin of this link.
    var adminSource: CommandSource { CommandSource(.upstream, "\(upstream) admin") }

    // MARK: Messages

    /// Whom snapshots and trees go to.
    var destinations: [String] {
        settings.hasAdmin
            ? [settings.parentShortName, GridworksTopics.admin] : [settings.parentShortName]
    }

    /// A message that nobody acknowledges.
    func message(_ type: String, to destination: String, _ payload: JsonText) -> MqttMessage {
        GridworksEnvelope.message(
            type, from: gateway.text, to: destination, payload, qos: .atLeastOnce)
    }

    /// A message to the parent that has to be acknowledged.
    func event(_ type: String, _ identity: String, _ payload: JsonText) -> MqttMessage {
        GridworksEnvelope.message(
            type, from: gateway.text, to: settings.parentShortName, identity: identity,
            isAckRequired: true, payload, qos: .atLeastOnce)
    }
}
