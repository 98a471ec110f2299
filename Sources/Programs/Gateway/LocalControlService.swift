import Channels
import Codecs
import Control
import Glibc
import Host
import Logging
import PlainJson
import Proactors
import Timing
import Vocabulary

/// Answers callers on this machine: what peers may ask, and how the gateway stands on it.
final class LocalControlService: ControlService {
    /// How the gateway was started, for its status.
    struct Place: Sendable {
        let layout: String
        let stateDirectory: String
    }

    /// How often one who watches is sent the status though nothing has changed.
    static let statusPeriod = Duration.seconds(10)
    /// How often what changes without a word is looked at.
    static let lookPeriod = Duration.seconds(1)

    private let answers: GatewayAnswers
    private let status: GatewayStatus
    private let place: Place
    private let reload: @Sendable () async -> LayoutReloads.Outcome
    private let levels: LogLevels
    private var clock: any GatewayClock { answers.clock }
    /// Counts of the socket, for the status.
    private let counts: @Sendable () async -> ControlCounts

    init(
        status: GatewayStatus,
        reload: @escaping @Sendable () async -> LayoutReloads.Outcome, levels: LogLevels,
        place: Place,
        counts: @escaping @Sendable () async -> ControlCounts
    ) {
        (self.answers, self.status, self.place) = (status.answers, status, place)
        (self.reload, self.levels) = (reload, levels)
        self.counts = counts
    }

    func answer(
        _ request: ControlRequest, from requester: ControlRequester
    ) async -> ControlAnswer {
        switch request {
        case .question(.read(let channel)): .one(answers.value(of: channel))
        case .question(.status), .question(.watch): .one(await answers.report(and: await members))
        case .question(.set(let node, let order)):
            .one(await answers.set(node, order, from: CommandSource(.cli, requester.name)))
        case .watch: .many { [self] send in await watch(requester, send) }
        case .tap: .many { [self] send in await sendStatus(faults: false, send) }
        case .reload: .one(Self.text(await reload()).bytes)
        case .logLevel(let level, let time):
            .one(await set(level, for: time, requester).bytes)
        }
    }

    // MARK: - Reload and log level

    private static func text(_ outcome: LayoutReloads.Outcome) -> JsonText {
        switch outcome {
        case .applied(let words): .object(["reload": "applied", "detail": .text(words)])
        case .unchanged: .object(["reload": "unchanged", "detail": .null])
        case .rejected(let why): .object(["reload": "rejected", "detail": .text(why)])
        }
    }

    private func set(
        _ word: String?, for time: Duration?, _ requester: ControlRequester
    ) async -> JsonText {
        if let word {
            guard let level = Logger.Level(rawValue: word) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                return .object(["refused": .text("level: must be one of \(levels)")])
            }
            await levels.set(level, for: time ?? LogLevels.usualTime, by: "cli \(requester.name)")
        }
        let state = await levels.state
        let seconds = state.until.map { clock.now.duration(to: $0).components.seconds }
        return .object([
            "logLevel": .text(state.level.rawValue), "usual": .text(state.usual.rawValue),
            "seconds": seconds.map { .number($0) } ?? .null,
        ])
    }

    // MARK: - Following

    private func watch(_ requester: ControlRequester, _ send: @escaping ControlAnswer.Sink) async {
        let subscription = answers.proactor.live.subscribe(
            "\(requester)", .newestPerKey, replay: .latestPerKey)
        // What the values mean comes first.
        let birth = answers.documents.birth(at: clock.wallTime)
        guard await send([Self.message("birth", birth)]) else { return }
        await withTaskGroup { group in
            group.addTask { [self] in await sendStatus(faults: true, send) }
            group.addTask { [self] in
                while let batch = await subscription.nextBatch() {
                    let documents = answers.documents
                    let lines = batch.values.values.compactMap { value in
                        documents.live(value.reading, at: value.at).map {
                            Self.message("live/\(value.reading.channel)", $0)
                        }
                    }
                    guard await send(lines) else { return }
                }
            }
            // Either ends when the caller is gone or the gateway stops, and the other with it.
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// Reports how the gateway stands, when it changes and every `statusPeriod`.
    private func sendStatus(faults: Bool, _ send: ControlAnswer.Sink) async {
        var sent = Sent()
        let ticker = Ticker(every: Self.lookPeriod, delay: .zero, clock: clock)
        while await ticker.next() != nil {
            var lines: [[UInt8]] = []
            let profile = answers.proactor.profile
            if faults {
                if let last = sent.profile, last != profile {
                    lines.append(Self.message("birth", answers.documents.birth(at: clock.wallTime)))
                }
                sent.profile = profile
                let active = await answers.proactor.activeFaults
                if sent.faults != active {
                    let text = answers.documents.active(active, at: clock.wallTime)
                    lines.append(Self.message("faults", text))
                    sent.faults = active
                }
            }
            let status = await answers.status
            if sent.mustSend(status.links.map { "\($0.who) \($0.state.word)" }, at: clock.now) {
                lines.append(Self.message("status", status.text))
            }
            guard await send(lines) else { return }
        }
    }

    /// What one caller knows already.
    private struct Sent {
        var profile: GatewayProfile?
        var faults: [ActiveFault]?
        private var links: [String]?
        private var at: MonotonicInstant?

        mutating func mustSend(_ links: [String], at now: MonotonicInstant) -> Bool {
            if let at, at.duration(to: now) < LocalControlService.statusPeriod, self.links == links
            {
                return false
            }
            (self.links, at) = (links, now)
            return true
        }
    }

    /// One MQTT message as a line: its topic below the gateway's own, and its payload unchanged.
    static func message(_ topic: String, _ payload: [UInt8]) -> [UInt8] {
        Array("{\"topic\":\(topic.jsonQuoted),\"message\":".utf8) + payload + [UInt8(ascii: "}")]
    }

    // MARK: - Status

    /// What the status has beside what others receive.
    private var members: [JsonText.Member] {
        get async {
            let counts = await counts()
            let own: [(String, JsonText)] = [
                ("process", .number(Int64(getpid()))),
                ("layout", .text(place.layout)),
                ("stateDirectory", .text(place.stateDirectory)),
            ]
            let all = own + (await status.members) + [("localControl", Self.text(counts))]
            return all.map { JsonText.Member(name: $0.0, value: $0.1) }
        }
    }

    private static func text(_ counts: ControlCounts) -> JsonText {
        .object([
            "connections": .number(Int64(counts.connections)),
            "requests": .number(Int64(counts.requests)),
            "refused": .number(Int64(counts.refused)), "slow": .number(Int64(counts.slow)),
        ])
    }
}
