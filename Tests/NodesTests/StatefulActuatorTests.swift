import DriverKit
import Fakes
import Simulators
import Testing
import Vocabulary

@testable import Nodes

@Suite(.timeLimit(.minutes(10))) struct `An actuator that remembers` {
    @Test func `keeps what it noted of a switch that failed`() async {
        let bench = Bench()
        let tries = Tries()
        let device = ScriptedDevice()
        let component = bench.node(device, actuates: true, safeState: .off).component
        let node = ShNode(
            name: "relay", component: component, outbox: bench.inbox.source(named: "relay"),
            clock: bench.clock
        ) { component throws(DriverError) in
            FailingActuator(tries: tries, channel: component.channels[0].name)
        }
        await node.start()
        for _ in 0..<3 {
            await bench.clock.sleepers(1)
            bench.clock.advance(by: .seconds(60))
        }
        await bench.clock.sleepers(1)
        let seen = tries.seen.withLock(\.self)
        #expect(seen.count > 1 && seen == Array(1...seen.count))
    }
}

private final class Tries: Sendable {
    let seen = Guarded<[Int]>([])
}

/// Counts in itself how often it was asked, and fails each time.
private struct FailingActuator: Actuator {
    static var description: DriverDescription {
        DriverDescription(
            model: DriverModel(known: "counting"), title: "a relay that fails and counts",
            wire: "none", kinds: NodeKind.allCases, settings: [], channels: [], source: "none")
    }

    let tries: Tries
    let channel: DataChannelName
    var count = 0

    init(tries: Tries, channel: DataChannelName) {
        (self.tries, self.channel) = (tries, channel)
    }

    init(component: Component, wiring: any Wiring) throws(DriverError) {
        throw DriverError(
            .invalidComponent, "component \(component.name): it is made by a test only")
    }

    func read(_ due: [DataChannel], at now: MonotonicInstant) throws(DriverError) -> [Answer] {
        due.map { .success(Reading(channel: $0.name, value: 1)) }
    }

    mutating func apply(_ value: Int64) throws(DriverError) -> Reading {
        count += 1
        let count = count
        tries.seen.withLock { $0.append(count) }
        throw DriverError(.malformedReply, "try \(count): no state came back")
    }
}
