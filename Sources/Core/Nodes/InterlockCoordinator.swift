import Vocabulary

/// Where the actuators of one gateway ask before they switch. Any thread may; each question is answered
/// at once, and all are rung when something changed that may concern them.
public final class InterlockCoordinator: Sendable {
    private struct State {
        var interlocks: Interlocks
        var wakeups: [ShNodeName: @Sendable () -> Void] = [:]
    }

    private let state: Guarded<State>

    /// - Parameter rules: Of actuators that are all in one gateway, without contradiction.
    public init(_ rules: [Interlock] = []) {
        state = Guarded(State(interlocks: Interlocks(rules)))
    }

    /// Other rules from now on, as after a reload. What is known of the actuators stays known.
    ///
    /// - Parameter gone: Actuators that are there no more.
    public func replace(_ rules: [Interlock], forgetting gone: Set<ShNodeName> = []) {
        state.withLock { state in for name in gone { state.wakeups[name] = nil } }
        change { $0.replace(rules, forgetting: gone) }
    }

    /// The rules that count now.
    public var rules: [Interlock] { state.withLock(\.interlocks.rules) }

    /// In which order actuators go to their safe states so that none waits for another: those of rank 0
    /// first, side by side.
    public func ranks(_ safe: [ShNodeName: SafeState]) -> [ShNodeName: Int] {
        state.withLock { $0.interlocks.ranks(safe) }
    }

    /// Has `wake` called, on any thread, whenever something changed. The last one registered counts.
    func register(_ relay: ShNodeName, _ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wakeups[relay] = wake }
    }

    func look(_ relay: ShNodeName, on: Bool, at now: MonotonicInstant) -> RelayGuard.Block? {
        state.withLock { $0.interlocks.look(relay, on: on, at: now) }
    }

    func ask(
        _ relay: ShNodeName, on: Bool, insists: Bool, isLast: Bool = false,
        at now: MonotonicInstant
    ) -> Interlocks.Verdict {
        change(by: relay) { $0.ask(relay, on: on, insists: insists, isLast: isLast, at: now) }
    }

    /// Says what an actuator is known to do, whether it was driven off and only that is not confirmed, and
    /// whether it still waits to be driven.
    func note(
        _ relay: ShNodeName, isOn: Bool?, isSettling: Bool = false, waits: Bool,
        at now: MonotonicInstant
    ) {
        change(by: relay) {
            $0.note(relay, isOn: isOn, isSettling: isSettling, at: now)
            if !waits { $0.withdraw(relay) }
        }
    }

    func demand(on relay: ShNodeName) -> String? {
        state.withLock { $0.interlocks.demand(on: relay) }
    }

    /// The bells are rung after the lock is released.
    @discardableResult
    private func change<Result: Sendable>(
        by relay: ShNodeName? = nil, _ body: (inout Interlocks) -> Result
    ) -> Result {
        let (result, wakeups) = state.withLock { state in
            let before = state.interlocks.changes
            let result = body(&state.interlocks)
            let concerned =
                state.interlocks.changes == before ? [] : state.wakeups.filter { $0.key != relay }
            return (result, concerned.map(\.value))
        }
        for wake in wakeups { wake() }
        return result
    }
}
