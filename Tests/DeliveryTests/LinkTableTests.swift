import Testing
import Vocabulary

@testable import Delivery

private typealias State = Link<String>.State
private typealias Input = Link<String>.Input

/// A link in `state`, with one subscription left to confirm where one is awaited.
private func link(in state: State, hasPeer: Bool) -> LinkBench {
    var bench = LinkBench(hasPeer: hasPeer)
    switch state {
    case .notStarted: break
    case .connecting: bench.take(.start)
    case .awaitingSetupAndPeer: bench.connect(subscribing: false)
    case .awaitingSetup:
        bench.connect(subscribing: false)
        if hasPeer { bench.take(.heard(isRetained: false)) }
    case .awaitingPeer: bench.connect()
    case .active: bench.activate()
    case .stopped:
        bench.take(.start)
        bench.take(.stop)
    }
    if state == .awaitingSetup || state == .awaitingSetupAndPeer { bench.take(.subscribed("a")) }
    bench.forgetSaid()
    return bench
}

/// What was done, in a word each.
private func words(_ actions: [Link<String>.Action]) -> String {
    actions.map { action in
        switch action {
        case .connect: "connect"
        case .disconnect: "disconnect"
        case .subscribe(let topics): "subscribe \(topics.joined(separator: " "))"
        case .ping: "ping"
        case .greetPeer: "greet"
        case .record(let kind, _): kind.rawValue
        case .advance: "advance"
        case .deadLettered: "dead-lettered"
        case .handOver: "hand over"
        case .rewind: "rewind"
        }
    }.joined(separator: ", ")
}

/// One cell of the table: what a state and an input lead to.
private struct Cell: CustomStringConvertible {
    let from: State
    let input: Input
    let to: State
    let actions: String

    var description: String { "\(from), \(input)" }
}

private let inputs: [Input] = [
    .start, .connected, .connectFailed("no route"), .disconnected("gone"), .subscribed("b"),
    .subscribed("unknown"), .subscriptionRefused("b", because: "no"), .heard(isRetained: true),
    .heard(isRetained: false), .acknowledged("unknown"), .received(99),
    .refused(99, because: "no", isTemporary: false), .tick, .stop,
]

/// The cells in which something happens. In all others the state stays and nothing is done.
private func table(hasPeer: Bool) -> [Cell] {
    var cells = [
        Cell(from: .notStarted, input: .start, to: .connecting, actions: "connect"),
        Cell(from: .notStarted, input: .stop, to: .stopped, actions: ""),
        Cell(
            from: .connecting, input: .connected,
            to: hasPeer ? .awaitingSetupAndPeer : .awaitingSetup,
            actions: "connected, subscribe a b"),
        Cell(
            from: .connecting, input: .connectFailed("no route"), to: .connecting,
            actions: "connectFailed"),
        Cell(from: .connecting, input: .stop, to: .stopped, actions: "disconnect"),
        Cell(
            from: .connecting, input: .acknowledged("unknown"), to: .connecting,
            actions: "hand over"),
        Cell(
            from: .awaitingSetup, input: .subscribed("b"), to: .active,
            actions: hasPeer
                ? "subscribed, peerActive, greet, hand over" : "subscribed, greet, hand over"),
        Cell(
            from: .awaitingSetup, input: .subscriptionRefused("b", because: "no"),
            to: hasPeer ? .awaitingSetup : .active,
            actions: hasPeer ? "connectFailed" : "connectFailed, greet, hand over"),
    ]
    if hasPeer {
        cells += [
            Cell(
                from: .awaitingSetupAndPeer, input: .subscribed("b"), to: .awaitingPeer,
                actions: "subscribed, ping"),
            Cell(
                from: .awaitingSetupAndPeer, input: .subscriptionRefused("b", because: "no"),
                to: .awaitingSetupAndPeer, actions: "connectFailed"),
            Cell(
                from: .awaitingSetupAndPeer, input: .heard(isRetained: false), to: .awaitingSetup,
                actions: ""),
            Cell(
                from: .awaitingSetupAndPeer, input: .acknowledged("unknown"), to: .awaitingSetup,
                actions: "hand over"),
            Cell(
                from: .awaitingPeer, input: .heard(isRetained: false), to: .active,
                actions: "peerActive, greet, hand over"),
            Cell(
                from: .awaitingPeer, input: .acknowledged("unknown"), to: .active,
                actions: "peerActive, greet, hand over, hand over"),
        ]
    }
    let connected: [State] =
        hasPeer
        ? [.awaitingSetupAndPeer, .awaitingSetup, .awaitingPeer, .active]
        : [.awaitingSetup, .active]
    for state in connected {
        cells += [
            Cell(
                from: state, input: .disconnected("gone"), to: .connecting, actions: "disconnected"),
            Cell(from: state, input: .stop, to: .stopped, actions: "disconnect"),
            Cell(from: state, input: .received(99), to: state, actions: "hand over"),
            Cell(
                from: state, input: .refused(99, because: "no", isTemporary: false), to: state,
                actions: "hand over"),
            Cell(
                from: state, input: .acknowledged("unknown"), to: state, actions: "hand over"),
        ]
    }
    return cells
}

@Suite struct `The link's table` {
    @Test(arguments: [true, false])
    func `says what each input does in each state`(_ hasPeer: Bool) {
        let table = table(hasPeer: hasPeer)
        let unreachable: Set<State> = hasPeer ? [] : [.awaitingSetupAndPeer, .awaitingPeer]
        var count = 0
        for state in State.allCases where !unreachable.contains(state) {
            #expect(link(in: state, hasPeer: hasPeer).link.state == state)
            for input in inputs {
                var bench = link(in: state, hasPeer: hasPeer)
                let actions = words(bench.take(input))
                let cell =
                    table.first { $0.from == state && $0.input == input }
                    ?? Cell(from: state, input: input, to: state, actions: "")
                #expect(bench.link.state == cell.to, "\(cell)")
                #expect(actions == cell.actions, "\(cell)")
                count += 1
            }
        }
        #expect(count == (hasPeer ? 7 : 5) * inputs.count)
    }
}
