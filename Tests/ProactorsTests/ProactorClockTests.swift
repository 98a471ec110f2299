import Fakes
import Testing
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `When the clock is set, a proactor` {
    private static let decade = Duration.seconds(315_576_000)

    private func command(
        _ clock: ManualClock, expiresIn time: Duration?, id: String = "order-1",
        startBy: MonotonicInstant? = nil
    ) -> Command {
        Command(
            id: CommandID(id)!, node: "pump", order: .set(1),
            source: CommandSource(.upstream, "site"),
            expires: time.map { clock.wallTime.advanced(by: $0) }, startBy: startBy)
    }

    @Test func `corrects what it reported before`() async throws {
        let bench = Bench(
            .init(name: "tank", device: ScriptedDevice(.shows([20]))), isTimeSynchronised: false)
        await bench.proactor.start()
        await bench.pass(.seconds(3))
        let before = try #require(bench.proactor.live.latestOfEach["tank"])
        #expect(!before.at.isSynchronised)
        bench.clock.jump(by: .seconds(3_600))
        await bench.pass(.seconds(2))
        let after = try #require(bench.proactor.live.latestOfEach["tank"])
        #expect(after.at.isSynchronised)
        let moved = after.at.wall.nanoseconds - before.at.wall.nanoseconds
        let passed = before.at.monotonic.duration(to: after.at.monotonic)
        #expect(.nanoseconds(moved) == .seconds(3_600) + passed)
    }

    @Test(arguments: [.seconds(3_600), .seconds(-3_600), decade, .zero - decade])
    func `goes on as before`(jump: Duration) async {
        let (tank, pump) = (ScriptedDevice(.shows([20])), ScriptedDevice())
        let bench = Bench(
            .init(name: "tank", device: tank), .init(name: "pump", device: pump, isRelay: true))
        await bench.proactor.start()
        let answer = await bench.proactor.carryOut(command(bench.clock, expiresIn: nil))
        #expect(answer.words == "confirmed 1")
        await bench.pass(.seconds(5))
        let asked = tank.asked
        bench.clock.jump(by: jump)
        await bench.pass(.seconds(60))
        #expect((58...62).contains(tank.asked - asked))
        #expect(pump.level == 1)
        #expect(await bench.proactor.activeFaults.isEmpty)
    }

    @Test func `asks no more often after a night asleep`() async {
        let tank = ScriptedDevice(.shows([20]))
        let bench = Bench(.init(name: "tank", device: tank))
        await bench.proactor.start()
        await bench.pass(.seconds(5))
        let asked = tank.asked
        bench.clock.suspend(for: .seconds(8 * 3_600))
        await bench.pass(.seconds(10))
        #expect((9...11).contains(tank.asked - asked))
        #expect(await bench.proactor.activeFaults.isEmpty)
    }

    @Test func `judges the time that is left to a command before and after alike`() async {
        let pump = ScriptedDevice()
        let bench = Bench(
            .init(name: "pump", device: pump, isRelay: true), isTimeSynchronised: false)
        await bench.proactor.start()
        let past = bench.clock.now.advanced(by: .seconds(-1))
        let late = await bench.proactor.carryOut(
            command(bench.clock, expiresIn: nil, startBy: past))
        #expect(late.words.contains("refused"), "\(late.words)")
        #expect(pump.level == 0)
        bench.clock.jump(by: .seconds(3_600))
        let inTime = bench.clock.now.advanced(by: .seconds(1))
        let answer = await bench.proactor.carryOut(
            command(bench.clock, expiresIn: nil, id: "order-2", startBy: inTime))
        #expect(answer.words == "confirmed 1")
    }

    @Test func `judges no expiry before, and does after`() async {
        let pump = ScriptedDevice()
        let bench = Bench(
            .init(name: "pump", device: pump, isRelay: true), isTimeSynchronised: false)
        await bench.proactor.start()
        let early = await bench.proactor.carryOut(command(bench.clock, expiresIn: .seconds(60)))
        #expect(early.words.contains("the clock is not synchronised"))
        #expect(pump.level == 0)
        bench.clock.jump(by: .seconds(3_600))
        await bench.pass(.seconds(2))
        let late = await bench.proactor.carryOut(command(bench.clock, expiresIn: .seconds(60)))
        #expect(late.words == "confirmed 1")
    }
}
