import Channels
import Glibc
import Gridworks
import Journals
import Logging
import Mqtt
import Proactors
import Vocabulary

/// A gateway without nodes, linked to a GridWorks parent: how fast events that are made now are
/// acknowledged, many at a time and one at a time. Journal, link and session are those of the program.
struct LinkLoad {
    private let port: UInt16
    private let folder: String
    private let events: Int
    private let rounds: Int
    private let commitInterval: Duration
    private let clock = BenchClock()

    static let usage = "bench child PORT FOLDER EVENTS ROUND-TRIPS COMMIT-MILLISECONDS"

    init(_ arguments: ArraySlice<String>) throws {
        let words = Array(arguments)
        let numbers = words.dropFirst(2).compactMap { Int($0) }
        guard words.count == 5, let port = UInt16(words[0]), numbers.count == 3 else {
            throw BenchError(Self.usage)
        }
        (self.port, folder, events, rounds) = (port, words[1], numbers[0], numbers[1])
        commitInterval = .milliseconds(numbers[2])
    }

    /// Prints: events acknowledged per second, seconds of processor for 10,000 of them, and median and
    /// 99th percentile of the round trip of one at a time, in µs.
    func run() async throws {
        let journal = SqliteJournal(
            path: "\(folder)/journal.sqlite", upstreams: ["site"],
            settings: JournalSettings(commitInterval: commitInterval),
            session: JournalSession(boot: "bench", incarnation: "bench"), clock: clock)
        try await journal.open(fresh: JournalIdentity(high: 3, low: UInt64(port)))
        let profile = GatewayProfile(
            gateway: "d1.isone.ct.newhaven.orange1.scada", incarnation: "bench", nodes: [])
        let inbox = FanIn<Fact>(capacity: max(256, events))
        let proactor = Proactor(
            profile: profile, nodes: [], inbox: inbox, journal: journal, clock: clock,
            chance: SeededGenerator(seed: 1),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let session = AckTap(
            MqttSession(
                settings: MqttSettings(
                    broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: "bench-child"),
                clock: clock),
            clock)
        await proactor.start()
        let settings = GridworksSettings(
            parent: "d1.isone.ct.newhaven.orange1", parentShortName: "a",
            instance: "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d",
            terminalAsset: "d1.isone.ct.newhaven.orange1.ta")
        await proactor.attach(
            UpstreamPlan(
                name: "site", session: session,
                codec: GridworksCodec(profile: profile, upstream: "site", settings: settings)))
        try await awaitQuiet(proactor)
        await measure(inbox.source(named: "bench"), session)
        await proactor.stop()
        await journal.close()
    }

    private func measure(_ outbox: FanIn<Fact>.Source, _ session: AckTap) async {
        session.isCounting.withLock { $0 = true }
        var acks = session.acks.makeAsyncIterator()
        var (begin, used) = (clock.now, Self.processor)
        for number in 0..<events { outbox.send(fact(number)) }
        var last = begin
        for _ in 0..<events { last = await acks.next() ?? last }
        let seconds = Double(begin.duration(to: last).wholeNanoseconds) / 1e9
        used = Self.processor - used
        var times: [Int64] = []
        for number in 0..<rounds {
            begin = clock.now
            outbox.send(fact(number))
            last = await acks.next() ?? begin
            times.append(begin.duration(to: last).wholeNanoseconds / 1_000)
        }
        times.sort()
        print(
            Int(Double(events) / seconds), Double(used) / 1e9 * 10_000 / Double(events),
            times[times.count / 2], times[times.count * 99 / 100])
    }

    /// Returns when the link is active and the parent has all that a start reports.
    private func awaitQuiet(_ proactor: Proactor) async throws {
        var quietRounds = 0
        for _ in 0..<1_500 {
            try await Task.sleep(for: .milliseconds(20))
            let status = await proactor.linkStatuses.first
            let isQuiet =
                status?.state == .connected && status?.counts?[.unacknowledged] == 0
                && status?.counts?[ifThere: .oldestUnsent] == nil
            quietRounds = isQuiet ? quietRounds + 1 : 0
            if quietRounds == 50 { return }
        }
        throw BenchError("no parent acknowledges within 30 s what a start tells")
    }

    private func fact(_ number: Int) -> Fact {
        Fact(
            node: "bench", at: Timestamp(wall: clock.wallTime, monotonic: clock.now),
            matter: .fault(
                Fault(
                    kind: .notConnected, isOn: number.isMultiple(of: 2), detail: "event \(number)"))
        )
    }

    /// Nanoseconds of processor that this process has used.
    private static var processor: Int64 {
        var time = timespec()
        // Sound: the call fills in `time`, which lives on this stack.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A session that also reports when each of the parent's acknowledgements came.
private final class AckTap: Upstream {
    let news: AsyncStream<MqttEvent>
    /// Those since counting began. One sender and one reader, as many as there are events.
    let acks: AsyncStream<MonotonicInstant>
    let isCounting = Guarded(false)
    private let session: MqttSession

    init(_ session: MqttSession, _ clock: BenchClock) {
        self.session = session
        let (news, onward) = AsyncStream<MqttEvent>.makeStream()
        let (acks, told) = AsyncStream<MonotonicInstant>.makeStream()
        (self.news, self.acks) = (news, acks)
        Task {
            for await word in session.news {
                if case .received(let message) = word, message.topic.hasSuffix("/gridworks-ack"),
                    self.isCounting.withLock({ $0 })
                {
                    told.yield(clock.now)
                }
                onward.yield(word)
            }
            onward.finish()
        }
    }

    func connect(will: @escaping @Sendable () -> MqttMessage?) { session.connect(will: will) }

    func subscribe(_ topic: String) throws(UpstreamError) { try session.subscribe(topic) }

    func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID {
        try session.publish(message)
    }

    func close() { session.close() }
}
