import Brokers
import Foundation
import Synchronization
import TestMachine
import Testing
import Vocabulary

/// A clock that moves on by `step` each time that it is looked at.
private final class SteppingClock: GatewayClock {
    private let step: Duration
    private let time = Mutex(MonotonicInstant(nanoseconds: 0))

    init(step: Duration) { self.step = step }

    var now: MonotonicInstant {
        time.withLock { time in
            time = time.advanced(by: step)
            return time
        }
    }

    var wallTime: WallTime { WallTime(nanoseconds: 0) }

    func sleep(until deadline: MonotonicInstant) async throws {}

    func allowance(until deadline: MonotonicInstant?, alarm: any Alarm) -> Duration? { nil }
}

/// A folder with a program in mosquitto's place.
private final class BrokerTwin {
    let folder: String

    init(_ script: String) throws {
        var template = Array("/tmp/tidegate-broker-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
        try writeScript(script, to: "\(folder)/mosquitto")
        try writeScript("exit 0", to: "\(folder)/mosquitto_passwd")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func broker(clock: any GatewayClock) -> EmbeddedBroker {
        EmbeddedBroker(
            folder: "\(folder)/broker", clock: clock, searchPath: folder,
            using: SeededGenerator(seed: 1))
    }
}

@Suite(.ownThread, .timeLimit(.minutes(10))) struct `A broker that does not come up` {
    @Test func `has ten seconds, however much it says meanwhile`() async throws {
        let twin = try BrokerTwin(
            "for i in $(/usr/bin/seq 60); do echo $i: busy; /usr/bin/sleep 0.05; done")
        let broker = twin.broker(clock: SteppingClock(step: .seconds(1)))
        broker.start()
        guard case .fails(let error) = await broker.news.first(where: { _ in true }) else {
            Issue.record("it runs")
            return
        }
        #expect(error.kind == .failed)
        #expect(error.detail.hasPrefix("broker: not ready after 10 s"))
        await broker.stop()
    }

    @Test func `does not hold up a stop`() async throws {
        let twin = try BrokerTwin("exec /usr/bin/sleep 30")
        let broker = twin.broker(clock: SteppingClock(step: .zero))
        broker.start()
        await broker.stop()
        #expect(await broker.news.first { _ in true } == nil)
        #expect(!FileManager.default.fileExists(atPath: "\(twin.folder)/broker"))
    }
}
