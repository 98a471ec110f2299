import Channels
import Codecs
import Host
import Journals
import Peers
import PlainJson
import Proactors
import Timing
import Vocabulary
import Web

/// Answers the web server's requests from the gateway's newest values, its status and its journal.
final class GatewayWebService: WebService {
    private let standing: GatewayStatus
    private var answers: GatewayAnswers { standing.answers }

    /// Counts of the server, for the metrics.
    private let counts: @Sendable () async -> WebCounts

    init(_ status: GatewayStatus, counts: @escaping @Sendable () async -> WebCounts) {
        (standing, self.counts) = (status, counts)
    }

    var about: [UInt8] {
        get async {
            let profile = answers.proactor.profile
            return JsonText.object([
                "gateway": .text(profile.gateway.text),
                "incarnation": .text(profile.incarnation),
                "version": .text(Machine.version),
                "simulated": .flag(profile.isSimulated),
            ]).bytes
        }
    }

    var status: [UInt8] {
        get async {
            let members = await standing.members.map { JsonText.Member(name: $0.0, value: $0.1) }
            return await answers.report(and: members)
        }
    }

    var nodes: [UInt8] {
        get async {
            let faults = await answers.proactor.activeFaults
            let nodes = answers.proactor.profile.nodes.map { text($0, faults) }
            return JsonText.object(["nodes": .list(nodes)]).bytes
        }
    }

    func node(_ name: String) async throws(WebProblem) -> [UInt8] {
        let nodes = answers.proactor.profile.nodes
        guard let node = nodes.first(where: { $0.name.text == name }) else {
            throw .unknown("node", Self.missing("node", name, among: nodes.map(\.name.text)))
        }
        return text(node, await answers.proactor.activeFaults).bytes
    }

    private func text(_ node: NodeProfile, _ faults: [ActiveFault]) -> JsonText {
        let latest = answers.proactor.live.latestOfEach
        return answers.documents.text(
            node, answers.proactor.control(of: node.name), faults,
            node.channels.compactMap { latest[$0.name] }, at: answers.clock.timestamp)
    }

    var channels: [UInt8] {
        get async {
            let latest = answers.proactor.live.latestOfEach
            let channels = answers.proactor.profile.nodes.flatMap(\.channels)
            return JsonText.object([
                "channels": answers.documents.list(of: channels.compactMap { latest[$0.name] })
            ]).bytes
        }
    }

    func channel(_ name: String) async throws(WebProblem) -> [UInt8] {
        let channel = try known(channel: name)
        guard let value = answers.proactor.live.latest(channel)?.value,
            let text = answers.documents.live(value.reading, at: value.at)
        else { throw .unavailable("channel \(channel): no value yet") }
        return text
    }

    var faults: [UInt8] {
        get async {
            answers.documents.active(
                await answers.proactor.activeFaults, at: answers.clock.wallTime)
        }
    }

    var metrics: [MetricFamily] {
        get async { await GatewayMetrics(status: standing, web: await counts()).families }
    }

    var journal: JournalExtent? {
        get async {
            let state = standing.state
            return await within(GatewayStatus.diskTime, on: answers.clock) { await state.extent }
                .flatMap(\.self)
        }
    }

    func follow(
        _ name: String, _ send: @escaping @Sendable ([RecordPage.Item]) async -> Bool
    ) async {
        await GatewayNews(answers: answers).follow(name) { messages in
            await send(messages.map { RecordPage.Item(topic: $0.topic, message: $0.message) })
        }
    }

    func carryOut(
        _ order: WebOrder, to node: String, from requester: WebRequester
    ) async -> (CommandOutcome.Kind, [UInt8]) {
        guard let name = ShNodeName(node) else {
            preconditionFailure("a route has looked whether there is such a node")
        }
        return await answers.carryOut(
            PeerOrder(order.request, id: order.id, expires: order.expires), to: name,
            from: CommandSource(.page, requester.isKnown ? requester.name : ""))
    }

    func records(_ query: RecordQuery) async throws(WebProblem) -> RecordPage {
        if let channel = query.channel { _ = try known(channel: channel) }
        let (state, documents) = (standing.state, answers.documents)
        let page = await within(GatewayStatus.diskTime, on: answers.clock) {
            () async -> Result<RecordPage, JournalError> in
            do throws(JournalError) {
                return .success(try await state.records(query, in: documents))
            } catch {
                return .failure(error)
            }
        }
        switch page {
        case .success(let page): return page
        case .failure(let error): throw .unavailable("the journal cannot be read: \(error.detail)")
        case nil: throw .unavailable("the disk did not answer in time")
        }
    }

    private func known(channel name: String) throws(WebProblem) -> DataChannelName {
        let names = answers.proactor.profile.nodes.flatMap(\.channels).map(\.name)
        guard let channel = names.first(where: { $0.text == name }) else {
            throw .unknown("channel", Self.missing("channel", name, among: names.map(\.text)))
        }
        return channel
    }

    private static func missing(_ noun: String, _ name: String, among names: [String]) -> String {
        let start = name.printable(limit: 64)
        return "there is no \(noun) \(start)\(didYouMean(start, among: names))"
    }
}
