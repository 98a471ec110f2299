import Channels
import Documents
import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Nodes

/// The ages of the values that a device sends, one after the other; the last one stays.
private final class Ages: Sendable {
    private let list: Guarded<[Duration]>

    init(_ list: [Duration]) { self.list = Guarded(list) }

    var next: Duration { list.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
}

/// A device that sends by itself, with an age for each value.
private struct AgedDriver: ListeningDriver {
    static let description = DriverDescription(
        model: "aged", title: "Aged", wire: "none", kinds: [.meter], settings: [], channels: [],
        source: "none")

    let ages: Ages
    private var age: Duration?

    init(_ ages: Ages) { self.ages = ages }

    init(component: Component, wiring: any Wiring) throws(DriverError) {
        throw DriverError(.invalidComponent, "made by hand only")
    }

    mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        age = ages.next
        return due.map { .success(Reading(channel: $0.name, value: 7)) }
    }

    func age(of channel: DataChannel) -> Duration? { age }
}

@Suite struct `A node whose device sends by itself` {
    let bench = Bench()

    private func node(_ ages: [Duration], on bench: Bench? = nil) -> ShNode {
        let bench = bench ?? self.bench
        let place = Place(path: "", line: 1, column: 1)
        let component = Component(
            name: "device", model: "aged",
            settings: Settings(JsonNode(.group([]), at: place), described: []),
            channels: [bench.channel(capture: .seconds(60), delta: nil)])
        let ages = Ages(ages)
        return ShNode(
            name: "node", component: component, outbox: bench.inbox.source(named: "node"),
            clock: bench.clock
        ) { _ throws(DriverError) in AgedDriver(ages) }
    }

    @Test func `dates a value as its device does, and reports it once for each date`() async {
        // Taken 300 s before the start, seen three times, and then another one, taken 1 s ago.
        let node = node([.seconds(300), .seconds(301), .seconds(302), .seconds(1)])
        let start = bench.clock.timestamp
        await node.start()
        await bench.pass(.seconds(3))
        let facts = await bench.nextFacts()
        #expect(facts.map(\.values) == [[7], [7]])
        #expect(facts.first?.at.wall == start.wall.advanced(by: .seconds(-300)))
        #expect(
            facts.first?.at.monotonic == start.monotonic.advanced(by: .seconds(-300)))
        #expect(facts.last?.at.wall == start.wall.advanced(by: .seconds(2)))
        withExtendedLifetime(node) {}
    }

    @Test func `gives a value the same date again, whenever in a second it is read`() async {
        // As after a reload: each node knows nothing of the one before it.
        for (late, age) in [(0, 60), (100, 60), (999, 60), (1_900, 61)] as [(Int64, Int64)] {
            let bench = Bench()
            let start = bench.clock.timestamp
            bench.clock.advance(by: .milliseconds(late))
            let node = node([.seconds(age)], on: bench)
            await bench.start(node)
            let fact = await bench.nextFacts().first
            #expect(fact?.at.wall == start.wall.advanced(by: .seconds(-60)), "\(late)")
            #expect(fact?.at.monotonic == start.monotonic.advanced(by: .seconds(-60)), "\(late)")
            withExtendedLifetime(node) {}
        }
    }

    @Test func `reports each date of a device whose clock runs a little fast`() async {
        let node = node((0..<60).map { .seconds($0) } + [.milliseconds(100)])
        await node.start()
        await bench.pass(.seconds(60))
        #expect(await bench.nextFacts().map(\.values) == [[7], [7]])
        withExtendedLifetime(node) {}
    }

    @Test func `takes an old value for fresh as long as its device sends it`() async {
        let node = node([.seconds(3600)])
        await node.start()
        await bench.pass(.seconds(30))
        let channels = [bench.channel(capture: .seconds(60), delta: nil)]
        #expect(node.heartbeat.newlyStale(channels, at: bench.clock.now).isEmpty)
        withExtendedLifetime(node) {}
    }

    @Test func `does not hang while it waits for what its device sends`() async {
        let device = ScriptedDevice(.hangs)
        let (waits, wait) = AsyncStream<Void>.makeStream()
        device.onHang {
            TurnWait.report?(true)
            wait.yield()
        }
        let node = bench.node(device)
        let start = Task { await node.start() }
        for await _ in waits { break }
        let later = bench.clock.now.advanced(by: .seconds(60))
        #expect(node.heartbeat.reading.busySince == nil)
        #expect(!node.heartbeat.isHung(at: later))
        device.release()
        await start.value
        withExtendedLifetime(node) {}
    }
}
