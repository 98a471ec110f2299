import DriverKit
import Vocabulary

/// The simulated GPIO chips. Tests and the simulated world move their lines; drivers claim them.
///
/// Levels here are voltages: high and low, as a voltmeter would show them. May be used from any thread.
public final class SimulatedLines: Sendable {
    fileprivate struct State {
        var chips: [String: SimulatedChip] = [:]
        var nextClaim = 0
        var kernelDebounces = false
        /// The inputs that go with a line, by that line.
        var couplings: [LineAddress: [LineAddress: Coupling]] = [:]
    }

    /// How an input goes with another line.
    enum Coupling {
        /// It has the same level, or always the other one, once the contact has moved.
        case level(isSame: Bool)
        /// It follows a pattern while the other one has that level, and is low otherwise.
        case pattern(LevelPattern, whileHigh: Bool)
    }

    private let clock: any GatewayClock
    private let state = Guarded(State())

    /// No chip is plugged in yet.
    public init(clock: any GatewayClock) { self.clock = clock }

    /// Plugs in a chip of `count` lines, all low, some of them named.
    public func addChip(_ label: String, lines count: UInt32, names: [UInt32: String] = [:]) {
        state.withLock { state in
            var chip = SimulatedChip()
            for offset in 0..<count { chip.lines[offset] = SimulatedLine(name: names[offset]) }
            state.chips[label] = chip
        }
    }

    /// Makes sure that the line is there, on a chip of its own if need be.
    public func addLine(_ line: LineAddress) {
        state.withLock { state in
            guard state.place(of: line) == nil else { return }
            let label = line.chip ?? "simulated"
            var chip = state.chips[label] ?? SimulatedChip()
            switch line.line {
            case .offset(let offset): chip.lines[offset] = SimulatedLine(name: nil)
            case .name(let name): chip.lines[chip.nextOffset] = SimulatedLine(name: name)
            }
            state.chips[label] = chip
        }
    }

    /// Whether inputs claimed from now on are debounced by the simulated kernel, as under libgpiod 2.x.
    /// False at first, as under 1.x.
    public var kernelDebounces: Bool {
        get { state.withLock { $0.kernelDebounces } }
        set { state.withLock { $0.kernelDebounces = newValue } }
    }

    /// Puts a voltage on an input. A claimed output does not yield to it.
    ///
    /// Of the edges that nobody takes, the oldest 16 are kept.
    public func setLevel(_ line: LineAddress, _ isHigh: Bool) {
        change(line) { $0.push(isHigh, at: $1) }
    }

    /// Lets a contact bounce and come to rest at `isHigh` now.
    ///
    /// - Parameters:
    ///   - edges: How many changes of level, an odd number if the line was at the other level.
    ///   - gap: The time from one edge to the next.
    public func bounce(_ line: LineAddress, to isHigh: Bool, edges: Int, gap: Duration) {
        change(line) { line, now in
            for left in (0..<edges).reversed() {
                let at = now.advanced(by: gap * -left)
                line.push(left.isMultiple(of: 2) == isHigh, at: at)
            }
        }
    }

    /// Lets the world move an input by itself; nil stops it.
    public func follow(_ line: LineAddress, _ pattern: LevelPattern?) {
        change(line) { $0.follow(pattern, from: $1) }
    }

    /// Has an input go with another line from now on, and with no other.
    func couple(_ input: LineAddress, to line: LineAddress, _ coupling: Coupling) {
        addLine(line)
        state.withLock { state in
            for other in state.couplings.keys { state.couplings[other]?[input] = nil }
            state.couplings[line, default: [:]][input] = coupling
        }
        follow(input, nil)
        change(line) { _, _ in }
    }

    /// The voltage on a line; false when there is no such line.
    public func level(of line: LineAddress) -> Bool {
        look(line) { $0.isHigh } ?? false
    }

    /// The changes of voltage on a line, oldest first; the newest 1000 are remembered.
    public func history(of line: LineAddress) -> [LevelChange] {
        look(line) { $0.history } ?? []
    }

    /// How the line was claimed as an output; nil when it was not.
    public func outputSettings(of line: LineAddress) -> OutputSettings? {
        guard case .output(let settings)? = look(line, { $0.claim?.kind }) else { return nil }
        return settings
    }

    /// How the line was claimed as an input; nil when it was not.
    public func inputSettings(of line: LineAddress) -> InputSettings? {
        guard case .input(let settings)? = look(line, { $0.claim?.kind }) else { return nil }
        return settings
    }

    /// Holds the line at a voltage whatever is driven, as a welded relay contact does; nil lets go.
    public func stick(_ line: LineAddress, at isHigh: Bool?) {
        change(line) { $0.stick(at: isHigh, at: $1) }
    }

    /// Pulls a chip out. Claims of its lines are dead for good; whoever sleeps on one is not woken, as
    /// measured with Linux 6.1.
    public func unplug(_ chip: String) {
        state.withLock { state in
            state.chips[chip]?.isPlugged = false
            for offset in state.chips[chip]?.lines.keys.map({ $0 }) ?? [] {
                state.chips[chip]?.lines[offset]?.unplug()
            }
        }
    }

    /// Puts a chip back. Its lines have the levels that they had.
    public func plug(_ chip: String) {
        state.withLock { $0.chips[chip]?.isPlugged = true }
    }

    /// How many lines are claimed, so that a test can see that all were handed back.
    public var claimCount: Int {
        state.withLock { state in
            state.chips.values.reduce(0) { $0 + $1.lines.values.count { $0.claim != nil } }
        }
    }

    func output(
        _ address: LineAddress, _ settings: OutputSettings, initially: InitialState
    ) throws(DriverError) -> any OutputLine {
        let now = clock.now
        let id = try claim(address) { line, id, _ in
            line.claimOutput(settings, initially: initially, id: id, at: now)
            return id
        }
        return SimulatedOutputLine(LineHold(lines: self, address: address, id: id))
    }

    func input(
        _ address: LineAddress, _ settings: InputSettings
    ) throws(DriverError) -> any InputLine {
        let now = clock.now
        let (id, wakeup, debounces) = try claim(address) { line, id, kernelDebounces in
            let wakeup = line.claimInput(
                settings, kernelDebounces: kernelDebounces, id: id, at: now)
            return (id, wakeup, line.claim?.debouncer != nil)
        }
        return SimulatedInputLine(
            LineHold(lines: self, address: address, id: id), wakeup: wakeup,
            debouncesItself: debounces)
    }

    /// Does something with a claimed line, after the world has caught up with the clock.
    /// - Throws: `.notConnected` when the claim died with its chip.
    func use<Answer: Sendable>(
        _ hold: LineHold, _ body: (inout SimulatedLine, MonotonicInstant) -> Answer
    ) throws(DriverError) -> Answer {
        let now = clock.now
        let (address, id) = (hold.address, hold.id)
        let answer: Answer? = state.withLock { state in
            guard let place = state.place(of: address),
                var line = state.chips[place.chip]?.lines[place.offset], line.claim?.id == id
            else { return nil }
            line.play(until: now)
            defer {
                state.chips[place.chip]?.lines[place.offset] = line
                state.moveCoupled(with: address, line.isHigh, at: now)
            }
            return body(&line, now)
        }
        guard let answer else { throw DriverError.chipVanished(address) }
        return answer
    }

    func release(_ hold: LineHold) {
        change(hold.address) { line, _ in line.release(hold.id) }
    }

    private func claim<Claimed: Sendable>(
        _ address: LineAddress, _ body: (inout SimulatedLine, Int, Bool) -> Claimed
    ) throws(DriverError) -> Claimed {
        let now = clock.now
        let outcome: Result<Claimed, DriverError> = state.withLock { state in
            do throws(DriverError) {
                let place = try state.pluggedPlace(of: address)
                guard var line = state.chips[place.chip]?.lines[place.offset] else {
                    return .failure(.chipVanished(address))
                }
                if let claim = line.claim {
                    return .failure(.lineInUse(address, by: claim.consumer))
                }
                state.nextClaim += 1
                let claimed = body(&line, state.nextClaim, state.kernelDebounces)
                state.chips[place.chip]?.lines[place.offset] = line
                state.moveCoupled(with: address, line.isHigh, at: now)
                return .success(claimed)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func change(
        _ address: LineAddress, _ body: (inout SimulatedLine, MonotonicInstant) -> Void
    ) {
        let now = clock.now
        state.withLock { state in
            guard let place = state.place(of: address),
                var line = state.chips[place.chip]?.lines[place.offset]
            else { return }
            line.play(until: now)
            body(&line, now)
            state.chips[place.chip]?.lines[place.offset] = line
            state.moveCoupled(with: address, line.isHigh, at: now)
        }
    }

    private func look<Answer: Sendable>(
        _ address: LineAddress, _ body: (SimulatedLine) -> Answer?
    ) -> Answer? {
        let now = clock.now
        return state.withLock { state in
            guard let place = state.place(of: address),
                var line = state.chips[place.chip]?.lines[place.offset]
            else { return nil }
            line.play(until: now)
            state.chips[place.chip]?.lines[place.offset] = line
            return body(line)
        }
    }
}

/// What a contact takes to move.
private let contactTime = Duration.milliseconds(10)

extension SimulatedLines.State {
    typealias Place = (chip: String, offset: UInt32)

    /// Has the inputs follow that go with this line.
    fileprivate mutating func moveCoupled(
        with line: LineAddress, _ isHigh: Bool, at now: MonotonicInstant
    ) {
        for (input, coupling) in couplings[line] ?? [:] {
            guard let place = place(of: input),
                var line = chips[place.chip]?.lines[place.offset]
            else { continue }
            line.play(until: now)
            switch coupling {
            case .level(let isSame):
                let level = isHigh == isSame
                guard level != line.target else { continue }
                line.push(level, later: now.advanced(by: contactTime), from: now)
            case .pattern(let pattern, let whileHigh):
                let isWanted = isHigh == whileHigh
                guard isWanted != (line.pattern != nil) else { continue }
                line.follow(isWanted ? pattern : nil, from: now)
                if !isWanted { line.push(false, at: now) }
            }
            chips[place.chip]?.lines[place.offset] = line
        }
    }

    /// Where a line is, whether its chip is plugged in or not.
    fileprivate func place(of address: LineAddress) -> Place? {
        for label in address.chip.map({ [$0] }) ?? chips.keys.sorted() {
            if let offset = chips[label]?.offset(of: address.line) { return (label, offset) }
        }
        return nil
    }

    fileprivate func pluggedPlace(of address: LineAddress) throws(DriverError) -> Place {
        let plugged = chips.filter { $0.value.isPlugged }
        if let label = address.chip, plugged[label] == nil {
            throw DriverError.noChip(for: address, labelled: label, among: plugged.keys.sorted())
        }
        if let place = place(of: address), plugged[place.chip] != nil { return place }
        switch address.line {
        case .offset:
            throw DriverError.noLine(
                address, ofOnly: address.chip.flatMap { plugged[$0]?.lines.count } ?? 0)
        case .name(let name):
            let searched = plugged.filter { address.chip == nil || $0.key == address.chip }
            let names = searched.values.flatMap(\.lineNames).sorted()
            throw DriverError.noLine(address, named: name, among: names)
        }
    }
}
