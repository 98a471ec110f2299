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

    private var news: GatewayNews { GatewayNews(answers: answers) }
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
        case .watch:
            .many { [news] send in
                await news.follow("\(requester)") { await send($0.map(Self.message)) }
            }
        case .tap:
            .many { [news] send in
                await news.followStatus(faults: false) { await send($0.map(Self.message)) }
            }
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
