import Channels
import Codecs
import Logging
import Peers
import PlainJson
import Proactors
import Vocabulary

/// The gateway's answers in Tidegate's own JSON, whichever door they are asked for at.
final class GatewayAnswers: Sendable {
    let proactor: Proactor
    let clock: any GatewayClock
    private let made = Guarded<PlainDocuments?>(nil)

    private let logger: Logger

    init(proactor: Proactor, clock: any GatewayClock, logger: Logger) {
        (self.proactor, self.clock, self.logger) = (proactor, clock, logger)
    }

    /// Made again when a reload has changed the nodes.
    var documents: PlainDocuments {
        let profile = proactor.profile
        return made.withLock { made in
            if let made, made.profile == profile { return made }
            let documents = PlainDocuments(of: profile)
            made = documents
            return documents
        }
    }

    /// The newest value of a channel, or why there is none.
    func value(of channel: DataChannelName) -> [UInt8] {
        guard let value = proactor.live.latest(channel)?.value else {
            return PeerRefusal(unknown(channel)).text
        }
        return documents.live(value.reading, at: value.at) ?? []
    }

    private func unknown(_ channel: DataChannelName) -> String {
        let names = proactor.profile.nodes.flatMap(\.channels).map(\.name.text)
        guard !names.contains(channel.text) else { return "channel \(channel): no value yet" }
        return "there is no channel \(channel)"
            + didYouMean(channel.text, among: names)
    }

    /// How the gateway, its links and its queues stand.
    var status: PlainStatus {
        get async {
            PlainStatus(
                own: await proactor.ownStatus(.connected), links: await proactor.linkStatuses,
                queues: await proactor.queueStatuses, at: clock.wallTime,
                isSimulated: proactor.profile.isSimulated)
        }
    }

    /// Who this is, how it and its links stand, what is wrong, and the newest value of every channel.
    ///
    /// - Parameter more: Members that only this door has.
    func report(and more: [JsonText.Member] = []) async -> [UInt8] {
        let profile = proactor.profile
        let latest = proactor.live.latestOfEach
        return documents.report(
            await status, await proactor.activeFaults,
            profile.nodes.flatMap(\.channels).compactMap { latest[$0.name] }, and: more)
    }

    /// Carries out an order, and what became of it.
    func set(_ node: ShNodeName, _ order: PeerOrder, from source: CommandSource) async -> [UInt8] {
        await carryOut(order, to: node, from: source).text
    }

    /// The same, with the kind of the outcome.
    func carryOut(
        _ order: PeerOrder, to node: ShNodeName, from source: CommandSource
    ) async -> (kind: CommandOutcome.Kind, text: [UInt8]) {
        let startBy = order.within.map { clock.now.advanced(by: $0) }
        let documents = documents
        let outcome: CommandOutcome
        do throws(CommandRefusal) {
            let command = try Command(
                order.request, to: node.text, of: documents.profile, id: order.id,
                source: source, expires: order.expires, startBy: startBy)
            outcome = await proactor.carryOut(command)
        } catch {
            // One that the gateway could carry out is logged there, whatever comes of it.
            logger.warning(.commandRefused, "command refused: \(error.why) (\(source))")
            outcome = .refused(error.why)
        }
        return (
            outcome.kind, documents.answer(outcome, id: order.id, node: node, at: clock.timestamp)
        )
    }
}
