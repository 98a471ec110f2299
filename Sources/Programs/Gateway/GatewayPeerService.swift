import Channels
import Logging
import Peers
import Proactors
import Vocabulary

/// Answers peers from the gateway's live values, in Tidegate's own JSON.
final class GatewayPeerService: PeerService {
    private let answers: GatewayAnswers

    init(proactor: Proactor, clock: any GatewayClock, logger: Logger) {
        answers = GatewayAnswers(proactor: proactor, clock: clock, logger: logger)
    }

    func answer(_ question: PeerQuestion, from requester: PeerRequester) async -> [UInt8] {
        switch question {
        case .read(let channel): answers.value(of: channel)
        case .status, .watch: await answers.report()
        case .set(let node, let order):
            await answers.set(node, order, from: CommandSource(.peer, requester.name))
        }
    }

    func watch(from requester: PeerRequester) async -> PeerEvent {
        let answers = answers
        let subscription = answers.proactor.live.subscribe(
            "\(requester)", .newestPerKey, replay: .latestPerKey)
        return PeerEvent {
            guard let batch = await subscription.nextBatch() else { return nil }
            let documents = answers.documents
            return batch.values.values.map { documents.live($0.reading, at: $0.at) ?? [] }
        }
    }
}
