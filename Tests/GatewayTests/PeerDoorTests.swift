import Fakes
import Health
import Peers
import Testing
import Vocabulary

@testable import Gateway
@testable import Host

/// The direct link's way in, which the house does without when it must.
@Suite(.timeLimit(.minutes(10))) struct `The way in of the direct link` {
    private let clock = ManualClock()

    /// On a clock of its own, so that nobody but the door sleeps on the other.
    private func node() -> PeerNode { PeerNode(clock: ManualClock(), chance: SystemChance()) }

    @Test
    func `is tried again while another program has its port, and reported once when it opens`()
        async throws
    {
        let squatter = node()
        // Nobody else on this machine is given a port here between the two.
        let port = try await squatter.listen(on: PeerAddress(host: "127.0.0.37", port: 0))
        let address = PeerAddress(host: "127.0.0.37", port: port)
        let (states, told) = AsyncStream.makeStream(of: PeerDoor.State.self)
        let door = PeerDoor(
            address, clock: clock, makeNode: { [self] in node() }, changed: { told.yield($0) })
        let running = Task { await door.run() }
        var changes = states.makeAsyncIterator()
        let first = await changes.next()
        guard case .failed(let why) = first else {
            Issue.record("\(String(describing: first))")
            return
        }
        #expect(why.contains("port in use"), "\(why)")
        for wait in [1, 2, 4] {
            await clock.sleepers(1)
            clock.advance(by: .seconds(wait))
        }
        await clock.sleepers(1)
        // Nothing new was reported of the tries that failed in the same way.
        #expect(await door.state == .failed(why))
        await squatter.stop()
        clock.advance(by: .seconds(8))
        #expect(await changes.next() == .open(address))
        running.cancel()
        await door.stop()
        await running.value
    }

    @Test func `whose key cannot be read opens once it can`() async throws {
        let isReadable = Guarded(false)
        let (states, told) = AsyncStream.makeStream(of: PeerDoor.State.self)
        let door = PeerDoor(
            PeerAddress(host: "127.0.0.1", port: 0), clock: clock,
            makeNode: { [self] in
                guard isReadable.withLock({ $0 }) else {
                    throw MachineError("key.pem: Permission denied")
                }
                return node()
            }, changed: { told.yield($0) })
        let running = Task { await door.run() }
        var changes = states.makeAsyncIterator()
        #expect(await changes.next() == .failed("key.pem: Permission denied"))
        await clock.sleepers(1)
        isReadable.withLock { $0 = true }
        clock.advance(by: .seconds(1))
        #expect(await changes.next()?.isOpen == true)
        running.cancel()
        await door.stop()
        await running.value
    }

    @Test func `that is lost while the gateway runs is opened again`() async throws {
        let nodes = Guarded<[PeerNode]>([])
        let (states, told) = AsyncStream.makeStream(of: PeerDoor.State.self)
        let door = PeerDoor(
            PeerAddress(host: "127.0.0.1", port: 0), clock: clock,
            makeNode: { [self] in
                let made = node()
                nodes.withLock { $0.append(made) }
                return made
            }, changed: { told.yield($0) })
        let running = Task { await door.run() }
        var changes = states.makeAsyncIterator()
        var isOpen: [Bool] = []
        isOpen.append(await changes.next()?.isOpen ?? false)
        await nodes.withLock { $0[0] }.stop()
        isOpen.append(await changes.next()?.isOpen ?? true)
        await clock.sleepers(1)
        clock.advance(by: .seconds(1))
        isOpen.append(await changes.next()?.isOpen ?? false)
        #expect(isOpen == [true, false, true])
        running.cancel()
        await door.stop()
        await running.value
    }

    @Test func `is a link of its own in the status, which fails and opens again`() {
        var words = PeerStatuses(incarnation: "1")
        var monitor = LinkMonitor(name: "peers")
        let address = PeerAddress(host: "127.0.0.1", port: 2998)
        let states: [PeerDoor.State] = [
            .opening, .failed("taken"), .failed("taken"), .open(address), .open(address),
        ]
        let told = states.map { state -> LinkStatus.State? in
            for status in words.statuses(of: [], state) where status.who == "peers" {
                monitor.heard(status, at: .init(nanoseconds: 0))
            }
            return monitor.state
        }
        #expect(told == [.connecting, .unreachable, .unreachable, .connected, .connected])
    }
}

extension PeerDoor.State {
    fileprivate var isOpen: Bool { if case .open = self { true } else { false } }
}
