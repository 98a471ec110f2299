import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `A gateway` {
    @Test func `greets the broker, shows what is now, and reports history in order`() async {
        let device = ScriptedDevice(.shows([1, 2, 3]))
        let bench = Bench(.init(name: "tank", device: device))
        await bench.start()
        await bench.pass(.seconds(2))
        bench.broker.accept()
        #expect(await bench.published("history/tank", 3) == ["1 good", "2 good", "3 good"])
        #expect(await bench.published("live/tank", 1).first == "3 good")
        #expect(bench.broker.published.first?.text == "online")
        #expect(bench.broker.subscriptions == ["set/+"])
    }

    @Test func `hands over no more than its window until the broker acknowledges`() async {
        let device = ScriptedDevice(.shows((1...200).map { $0 }))
        let bench = Bench(.init(name: "tank", device: device))
        await bench.start(window: 5)
        await bench.pass(.seconds(100))
        bench.broker.withholdAcknowledgements()
        bench.broker.accept()
        await bench.broker.published(5)
        await bench.pass(.seconds(5))
        #expect(bench.broker.inFlight == 5)
        bench.broker.acknowledge()
        #expect(await bench.published("history/tank", 101).count >= 101)
    }

    @Test func `reports again what the broker had not acknowledged when the connection broke`()
        async
    {
        let device = ScriptedDevice(.shows([1, 2, 3, 4]))
        let bench = Bench(.init(name: "tank", device: device))
        await bench.start()
        await bench.pass(.seconds(3))
        bench.broker.withholdAcknowledgements()
        bench.broker.accept()
        _ = await bench.published("history/tank", 4)
        bench.broker.lose()
        bench.broker.acknowledge()
        bench.broker.accept()
        let all = await bench.published("history/tank", 8)
        #expect(
            all
                == Array(repeating: ["1 good", "2 good", "3 good", "4 good"], count: 2).flatMap(
                    \.self))
    }

    @Test func `counts what it drops when the broker is away for too long, the oldest first`() async
    {
        let device = ScriptedDevice(.shows((1...50).map { $0 }))
        let bench = Bench(.init(name: "tank", device: device), queue: 10)
        await bench.start()
        await bench.pass(.seconds(49))
        await bench.journal.takes(50, of: "tank")
        bench.broker.accept()
        let told = await bench.published("events", 3)
        #expect(told.contains("dropped") && told.contains("connected"))
        let history = await bench.published("history/tank", 6)
        #expect(history == (51 - history.count...50).map { "\($0) good" })
        #expect(await bench.proactor.journal.status()["site"]?.dropped ?? 0 > 40)
    }

    @Test func `keeps nothing for an upstream that takes no history, also while it is away`() async
    {
        let device = ScriptedDevice(.shows((1...50).map { $0 }))
        let bench = Bench(.init(name: "tank", device: device), queue: 10)
        await bench.start(codec: SimulatedCodec(takesHistory: false))
        await bench.pass(.seconds(49))
        await bench.journal.takes(50, of: "tank")
        await bench.pass { await bench.proactor.journal.status()["site"]?.waiting == 0 }
        #expect(await bench.proactor.journal.status()["site"]?.dropped == 0)
        bench.broker.accept()
        #expect(await bench.published("live/tank", 1).last == "50 good")
        await bench.settle()
        #expect(bench.last("history/tank") == nil)
    }

    @Test func `calls a channel stale when its node stops answering, and good again after`() async {
        let device = ScriptedDevice(.shows([7]))
        let bench = Bench(.init(name: "tank", device: device))
        await bench.start()
        bench.broker.accept()
        await bench.pass(.seconds(3))
        device.unplug()
        await bench.pass(.seconds(20))
        device.plugIn()
        await bench.pass(.seconds(40))
        let states = await bench.published("history/tank", 3)
        #expect(states.prefix(3) == ["7 good", "7 stale", "7 good"])
        #expect(
            await bench.published("fault/tank", 2) == ["notConnected true", "notConnected false"])
    }

    @Test func `says which node hangs, and that others go on`() async {
        let hanging = ScriptedDevice(.hangs)
        let bench = Bench(
            .init(name: "ill", device: hanging),
            .init(name: "well", device: ScriptedDevice(.shows([1])), capture: .seconds(1)))
        await bench.start()
        bench.broker.accept()
        await bench.pass(.seconds(30), threads: 1)
        #expect(await bench.published("fault/ill", 1) == ["hung true"])
        #expect(await bench.published("history/well", 30).count >= 30)
        hanging.release()
        await bench.pass(.seconds(5))
        #expect(await bench.published("fault/ill", 2) == ["hung true", "hung false"])
    }

    @Test func `says once that the broker refuses a topic and goes on with the others`() async {
        let bench = Bench(
            .init(name: "secret", device: ScriptedDevice(.shows([1])), capture: .seconds(1)),
            .init(name: "open", device: ScriptedDevice(.shows([2])), capture: .seconds(1)))
        bench.broker.refuse("history/secret")
        await bench.start()
        bench.broker.accept()
        await bench.pass(.seconds(10))
        #expect(await bench.published("history/open", 10).count >= 10)
        #expect(await bench.proactor.refusals(by: "site") == 1)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A command` {
    @Test func `switches the relay and is answered with the state the relay confirms`() async {
        let relay = ScriptedDevice()
        let bench = Bench(.init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a1", 1)
        #expect(await bench.published("answer/pump", 1) == ["a1 confirmed 1"])
        #expect(relay.level == 1)
        #expect(await bench.published("history/pump", 2) == ["0 good", "1 good"])
    }

    @Test func `that is retained switches nothing and is refused with that reason`() async {
        let relay = ScriptedDevice()
        let bench = Bench(.init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a1", 1, isRetained: true)
        #expect(await bench.published("answer/pump", 1) == ["a1 refused"])
        #expect(relay.level == 0)
    }

    @Test func `that comes twice is carried out once and answered twice`() async {
        let relay = ScriptedDevice()
        let bench = Bench(.init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a1", 1)
        _ = await bench.published("answer/pump", 1)
        relay.force(0)
        bench.order("pump", "a1", 1)
        #expect(await bench.published("answer/pump", 2) == ["a1 confirmed 1", "a1 confirmed 1"])
        #expect(relay.level == 0)
    }

    @Test func `that comes again after its expiry is answered as the first time`() async {
        let bench = Bench(.init(name: "pump", device: ScriptedDevice(), isRelay: true))
        await bench.start()
        bench.broker.accept()
        let expires = bench.clock.wallTime.advanced(by: .seconds(5))
        bench.order("pump", "a1", 1, expires: expires)
        #expect(await bench.published("answer/pump", 1) == ["a1 confirmed 1"])
        await bench.pass(.seconds(10))
        bench.order("pump", "a1", 1, expires: expires)
        #expect(await bench.published("answer/pump", 2).last == "a1 confirmed 1")
    }

    @Test func `that has expired is refused`() async {
        let relay = ScriptedDevice()
        let bench = Bench(.init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        let answer = await bench.proactor.carryOut(
            Command(
                id: CommandID("a")!, node: "pump", order: .set(1),
                source: CommandSource(.rule, "test"),
                expires: bench.clock.wallTime.advanced(by: .seconds(-1))))
        guard case .refused(let why) = answer else {
            Issue.record("carried out")
            return
        }
        #expect(why.contains("expired"))
        #expect(relay.level == 0)
    }

    @Test func `to a node that hangs is late after two seconds, and others are answered meanwhile`()
        async
    {
        let hanging = ScriptedDevice()
        let relay = ScriptedDevice()
        let bench = Bench(
            .init(name: "ill", device: hanging, isRelay: true),
            .init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        hanging.behave(.hangs)
        bench.broker.accept()
        bench.order("ill", "a1", 1)
        bench.order("pump", "a2", 1)
        #expect(await bench.published("answer/pump", 1) == ["a2 confirmed 1"])
        await bench.pass(
            until: Task { _ = await bench.published("answer/ill", 1) }, hanging: ["ill"])
        #expect(await bench.published("answer/ill", 1) == ["a1 late"])
        hanging.release()
    }

    @Test func `to a node that has four in work is refused at once, until it has finished one`()
        async
    {
        let hanging = ScriptedDevice()
        let bench = Bench(.init(name: "ill", device: hanging, isRelay: true))
        await bench.start()
        let (hangs, hang) = AsyncStream<Void>.makeStream()
        hanging.onHang { hang.yield() }
        hanging.behave(.hangs)
        bench.broker.accept()
        for number in 1...5 { bench.order("ill", "a\(number)", 1) }
        let busy = await bench.published("answer/ill", 1)
        #expect(busy.count == 1 && busy[0].hasSuffix(" refused"))
        // Before time passes: one that hears of a command only when it is too late does not hang.
        for await _ in hangs { break }
        await bench.pass(
            until: Task { _ = await bench.published("answer/ill", 5) }, hanging: ["ill"])
        let answers = await bench.published("answer/ill", 5)
        #expect(answers.dropFirst().allSatisfy { $0.hasSuffix(" late") })
        // They had an answer, but the node still has what it was asked for.
        bench.order("ill", "b1", 1)
        #expect(await bench.published("answer/ill", 6).last == "b1 refused")
        hanging.behave(.shows([0]))
        hanging.release()
        var asked = 0
        repeat {
            bench.order("ill", "c\(asked)", 1)
            asked += 1
            let count = 6 + asked
            await bench.pass(until: Task { _ = await bench.published("answer/ill", count) })
        } while await bench.published("answer/ill", 6 + asked).last?.hasSuffix(" refused") == true
        #expect(
            await bench.published("answer/ill", 6 + asked).last?.hasSuffix("confirmed 1") == true)
    }

    @Test func `to a sensor or to an unknown node is refused`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice()))
        await bench.start()
        bench.broker.accept()
        bench.order("tank", "a1", 1)
        bench.order("nobody", "a2", 1)
        #expect(await bench.published("answer/tank", 1) == ["a1 refused"])
        #expect(await bench.published("answer/nobody", 1) == ["a2 refused"])
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A stop` {
    @Test func `drives relays to their safe states, reports it, and says offline message`() async {
        let relay = ScriptedDevice()
        let bench = Bench(.init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a1", 1)
        _ = await bench.published("answer/pump", 1)
        await bench.proactor.stop()
        #expect(relay.level == 0)
        #expect(await bench.published("history/pump", 3) == ["0 good", "1 good", "0 good"])
        #expect(bench.broker.published.last { $0.topic == "status" }?.text == "offline")
    }

    @Test func `is not held up by a node that hangs`() async {
        let hanging = ScriptedDevice(.hangs)
        let relay = ScriptedDevice()
        let bench = Bench(
            .init(name: "ill", device: hanging), .init(name: "pump", device: relay, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a1", 1)
        _ = await bench.published("answer/pump", 1)
        let stopping = Task { _ = await bench.proactor.stop() }
        #expect(await bench.published("history/pump", 3).last == "0 good")
        await bench.pass(until: stopping, hanging: ["ill"])
        #expect(relay.level == 0)
        hanging.release()
    }
}
