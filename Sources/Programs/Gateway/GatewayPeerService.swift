import Channels
import Peers
import PlainJson
import Proactors
import Vocabulary

/// Answers peers from the gateway's live values, in Tidegate's own JSON.
final class GatewayPeerService: PeerService {
    let proactor: Proactor
    let clock: any GatewayClock
    private let made = Guarded<PlainDocuments?>(nil)

    /// Made again when a reload has changed the nodes.
    private var documents: PlainDocuments {
        let profile = proactor.profile
        return made.withLock { made in
            if let made, made.profile == profile { return made }
            let documents = PlainDocuments(of: profile)
            made = documents
            return documents
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
            return documents.live(value.reading, at: value.at) ?? []
        case .status, .watch: return await status()
        case .set(let node, let order): return await set(node, order, requester)
        }
    }

    func watch(from requester: PeerRequester) async -> PeerEvent {
        let subscription = proactor.live.subscribe(
            "\(requester)", .newestPerKey, replay: .latestPerKey)
        return PeerEvent { [self] in
            guard let batch = await subscription.nextBatch() else { return nil }
            let documents = documents
            return batch.values.values.map { documents.live($0.reading, at: $0.at) ?? [] }
        }
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
        let status = PlainStatus(
            own: await proactor.ownStatus(.connected), links: await proactor.linkStatuses,
            queues: await proactor.queueStatuses, at: clock.wallTime,
            isSimulated: profile.isSimulated)
        return documents.report(
            status, await proactor.activeFaults,
            profile.nodes.flatMap(\.channels).compactMap { latest[$0.name] })
    }

    private func set(
        _ node: ShNodeName, _ order: PeerOrder, _ requester: PeerRequester
    ) async -> [UInt8] {
        let startBy = order.within.map { clock.now.advanced(by: $0) }
        let documents = documents
        let outcome: CommandOutcome
        do throws(CommandRefusal) {
            let command = try Command(
                order.request, to: node.text, of: documents.profile, id: order.id,
                source: CommandSource(.peer, requester.name), expires: order.expires,
                startBy: startBy)
            outcome = await proactor.carryOut(command)
        } catch {
            outcome = .refused(error.why)
        }
        return documents.answer(outcome, id: order.id, node: node, at: clock.timestamp)
    }
}
