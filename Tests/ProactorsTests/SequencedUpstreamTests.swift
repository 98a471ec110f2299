import Conformance
import Fakes
import Mqtt
import Testing
import Vocabulary

@testable import Proactors

/// A gateway with one sensor that shows 1, 2, 3, … once a second, and an upstream that counts.
private struct Counted {
    let bench: Bench
    var broker: SimulatedUpstream { bench.broker }

    init(values: Int = 400) {
        bench = Bench(
            .init(
                name: "tank", device: ScriptedDevice(.shows((1...values).map(Int64.init))),
                capture: .seconds(1)))
    }

    func start() async {
        await bench.start(codec: SequencedCodec())
        broker.accept()
        await bench.proactor.quiet()
    }

    func pass(_ seconds: Int) async {
        for _ in 0..<seconds {
            await bench.pass(.seconds(1))
            await bench.proactor.quiet()
        }
    }

    /// What was published after the first `count`, each as its kind, its words and its number.
    func heard(after count: Int = 0) -> [(kind: Substring, words: Substring, number: Int)] {
        broker.published.dropFirst(count).map { message in
            let text = message.text
            return (
                message.topic.dropFirst(2), Substring(text.dropLast(4)), Int(text.suffix(3)) ?? -1
            )
        }
    }

    /// Where a number is not the one after the last: at births only.
    func isInOrder(after count: Int = 0) -> Bool {
        var next = 0
        for (kind, _, number) in heard(after: count) {
            guard number == (kind == "NBIRTH" ? 0 : next) else { return false }
            next = (number + 1) % 256
        }
        return true
    }
}

@Suite(.timeLimit(.minutes(10))) struct `An upstream that numbers what goes out` {
    @Test func `gets one sequence over births, live values and history, as they go`() async {
        let counted = Counted()
        await counted.start()
        // Live values give way to newer ones; history alone brings the sequence round.
        while counted.broker.published.count <= 300 { await counted.pass(20) }
        let heard = counted.heard()
        #expect(heard.prefix(2).map(\.kind) == ["NBIRTH", "DBIRTH"])
        #expect(heard.count > 256 && counted.isInOrder())
        let history = heard.filter { $0.words.hasSuffix("history") }.map(\.words)
        #expect(history.prefix(3) == ["tank 1 history", "tank 2 history", "tank 3 history"])
        let live = heard.filter { $0.words.hasSuffix("live") }
        let values = live.compactMap { Int($0.words.split(separator: " ")[1]) }
        #expect(values.count == live.count && values.count > 1 && values == values.sorted())
    }

    @Test func `has a last will of its own on each connection, and the birth is of the same`()
        async
    {
        let counted = Counted()
        await counted.start()
        await counted.pass(2)
        let before = counted.broker.published.count
        counted.broker.lose()
        await counted.pass(2)
        counted.broker.accept()
        await counted.broker.published(before + 2)
        await counted.bench.proactor.quiet()
        #expect(counted.broker.wills.map { $0?.text } == ["0", "1"])
        let births = counted.heard().filter { $0.kind == "NBIRTH" }
        #expect(births.map(\.words) == ["0", "1"] && births.map(\.number) == [0, 0])
        #expect(counted.heard(after: before).first?.kind == "NBIRTH")
        #expect(counted.isInOrder(after: before))
    }

    @Test func `that asks for the birth gets it, and then everything as it is now, in order`()
        async
    {
        let counted = Counted()
        await counted.start()
        await counted.pass(3)
        let before = counted.broker.published.count
        // Asked for in a storm, it is said as often as there is room, and no more.
        for _ in 0..<100 { counted.broker.deliver(SequencedCodec.rebirth) }
        await counted.broker.published(before + 3)
        await counted.bench.proactor.quiet()
        let heard = counted.heard(after: before)
        #expect(heard.prefix(2).map(\.kind) == ["NBIRTH", "DBIRTH"])
        #expect(heard.prefix(2).map(\.number) == [0, 1])
        #expect(heard.contains { $0.words.hasSuffix("live") })
        #expect(counted.isInOrder())
        await counted.pass(3)
        #expect(counted.isInOrder())
    }
}
