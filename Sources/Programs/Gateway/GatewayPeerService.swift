import Channels
import Codecs
import Documents
import Host
import Mqtt
import Peers
import PlainJson
import Proactors
import Vocabulary

/// Answers peers from the gateway's live values, in the same words as over MQTT.
final class GatewayPeerService: PeerService {
    let proactor: Proactor
    let clock: any GatewayClock
    private let made = Guarded<(profile: GatewayProfile, codec: PlainCodec)?>(nil)

    /// Reads and words commands; who gives them is set below. Made again when a reload has changed the nodes.
    private var codec: PlainCodec {
        let profile = proactor.profile
        return made.withLock { made in
            if let made, made.profile == profile { return made.codec }
            let codec = PlainCodec(profile: profile, upstream: "peers")
            made = (profile, codec)
            return codec
        }
    }

    init(proactor: Proactor, clock: any GatewayClock) {
        (self.proactor, self.clock) = (proactor, clock)
    }

    func answer(_ question: PeerQuestion, from requester: PeerRequester) async -> [UInt8] {
        switch question {
        case .read(let channel):
            guard let value = proactor.live.latest(channel)?.value else {
                return PeerRefusal(unknown(channel)).text
            }
            return Self.text(of: value, codec)
        case .status, .watch: return await status()
        case .set(let node, let order): return await set(node, order, requester)
        }
    }

    func watch(from requester: PeerRequester) async -> PeerEvent {
        let subscription = proactor.live.subscribe(
            "\(requester)", .newestPerKey, replay: .latestPerKey)
        return PeerEvent { [self] in
            guard let batch = await subscription.nextBatch() else { return nil }
            let codec = codec
            return batch.values.values.map { Self.text(of: $0, codec) }
        }
    }

    private static func text(of value: LiveValue, _ codec: PlainCodec) -> [UInt8] {
        codec.live(value.reading, at: value.at).first?.payload ?? []
    }

    private func unknown(_ channel: DataChannelName) -> String {
        let names = proactor.profile.nodes.flatMap(\.channels).map(\.name.text)
        guard !names.contains(channel.text) else { return "channel \(channel): no value yet" }
        return "there is no channel \(channel)"
            + didYouMean(channel.text, among: names)
    }

    /// Who this is, how it and its links stand, what is wrong, and the newest value of every channel.
    private func status() async -> [UInt8] {
        let profile = proactor.profile
        let latest = proactor.live.latestOfEach
        let codec = codec
        let status = PlainStatus(
            own: await proactor.ownStatus(.connected), links: await proactor.linkStatuses,
            queues: await proactor.queueStatuses, at: clock.wallTime,
            isSimulated: profile.isSimulated)
        return codec.report(
            status, await proactor.activeFaults,
            profile.nodes.flatMap(\.channels).compactMap { latest[$0.name] })
    }

    private func set(
        _ node: ShNodeName, _ order: PeerOrder, _ requester: PeerRequester
    ) async -> [UInt8] {
        let codec = codec
        let latestStart = order.within.map { clock.now.advanced(by: $0) }
        let message = MqttMessage(
            topic: "tidegate/\(proactor.profile.gateway)/set/\(node)",
            payload: Array(JsonValue.object(order.members).prettyText.utf8))
        var chance = SystemChance()
        let answer: CommandAnswer
        switch codec.incoming(message, at: clock.wallTime, using: &chance).matter {
        case .commands(let commands, _):
            guard let command = commands.first, commands.count == 1 else {
                answer = .refused("node \(node): is not one command")
                break
            }
            answer = await proactor.carryOut(
                Command(
                    id: command.id, node: command.node, order: command.order,
                    source: CommandSource(.peer, requester.name), expires: command.expires),
                by: latestStart)
        case .refused(let why, _, _, _), .ignored(let why), .malformed(let why):
            answer = .refused(why)
        case .acknowledged, .reply, .snapshotWanted, .birthWanted:
            answer = .refused("node \(node): not an actuator")
        }
        return codec.answer(
            answer, id: order.id, node: node, to: Reply(topic: ""), at: clock.wallTime
        ).first?.payload ?? []
    }
}
