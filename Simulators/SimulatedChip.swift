import DriverKit
import Vocabulary

/// One simulated GPIO chip.
struct SimulatedChip {
    var isPlugged = true
    var lines: [UInt32: SimulatedLine] = [:]

    func offset(of line: LineAddress.Line) -> UInt32? {
        switch line {
        case .offset(let offset): lines[offset] == nil ? nil : offset
        case .name(let name): lines.filter { $0.value.name == name }.keys.min()
        }
    }

    /// Where a further line goes.
    var nextOffset: UInt32 { lines.keys.max().map { $0 + 1 } ?? 0 }

    var lineNames: [String] { lines.values.compactMap(\.name).sorted() }
}

/// One line of a simulated chip: the voltage on it, and who has claimed it.
struct SimulatedLine {
    /// Edges of a claimed input that wait, as the kernel keeps them under libgpiod 1.x.
    ///
    /// Source: Linux 6.1, drivers/gpio/gpiolib-cdev.c, `DECLARE_KFIFO(events, …, 16)`.
    static let edgesKept = 16
    /// How many changes of level `history` remembers.
    static let historyKept = 1000

    let name: String?
    /// The voltage, whatever it means to the claimer of the line.
    private(set) var isHigh = false
    private(set) var history: [LevelChange] = []
    /// The level that the line is held at by a fault.
    var stuckAt: Bool?
    private(set) var pattern: LevelPattern?
    private(set) var claim: Claim?
    /// What the claimed output drives.
    private var driven: Bool?
    private var patternPlayedUntil: MonotonicInstant?
    /// What the world puts on the line in a moment.
    private var coming: (isHigh: Bool, at: MonotonicInstant)?

    /// Who uses the line.
    struct Claim {
        let id: Int
        let kind: Kind
        var edges: [Edge] = []
        var debouncer: Debouncer?
        let wakeup: Wakeup?

        enum Kind {
            case output(OutputSettings)
            case input(InputSettings)
        }

        var consumer: String {
            switch kind {
            case .output(let settings): settings.consumer
            case .input(let settings): settings.consumer
            }
        }

        var activeLow: Bool {
            switch kind {
            case .output(let settings): settings.activeLow
            case .input(let settings): settings.activeLow
            }
        }
    }

    init(name: String?) { self.name = name }

    /// The level that it has, or is about to have.
    var target: Bool { coming?.isHigh ?? isHigh }

    /// The level as its user sees it.
    var isActive: Bool {
        guard let claim else { return isHigh }
        return claim.debouncer?.isActive ?? (isHigh != claim.activeLow)
    }

    mutating func claimOutput(
        _ settings: OutputSettings, initially: InitialState, id: Int, at now: MonotonicInstant
    ) {
        claim = Claim(id: id, kind: .output(settings), wakeup: nil)
        switch initially {
        case .inactive: drive(isActive: false, at: now)
        case .active: drive(isActive: true, at: now)
        case .asIs: driven = isHigh
        }
    }

    /// - Parameter kernelDebounces: Whether the simulated kernel applies the debounce time itself.
    mutating func claimInput(
        _ settings: InputSettings, kernelDebounces: Bool, id: Int, at now: MonotonicInstant
    ) -> Wakeup {
        let wakeup = Wakeup()
        let debouncer = kernelDebounces && settings.debounce > .zero
        play(until: now)
        claim = Claim(
            id: id, kind: .input(settings),
            debouncer: debouncer
                ? Debouncer(period: settings.debounce, isActive: isHigh != settings.activeLow)
                : nil,
            wakeup: wakeup)
        setWakeup(at: now)
        return wakeup
    }

    mutating func release(_ id: Int) {
        guard claim?.id == id else { return }
        claim = nil
        // Many chips keep the last level, and the Raspberry Pi's does so on purpose; so does this one.
        driven = nil
    }

    mutating func drive(isActive: Bool, at now: MonotonicInstant) {
        driven = isActive != (claim?.activeLow ?? false)
        settle(at: now)
    }

    /// What the world puts on the line; a driven output does not yield.
    mutating func push(_ isHigh: Bool, at now: MonotonicInstant, keeping limit: Int = edgesKept) {
        guard driven == nil else { return }
        change(to: stuckAt ?? isHigh, at: now, keeping: limit)
    }

    /// Has the world put that on the line later, and not what it was about to.
    mutating func push(_ isHigh: Bool, later at: MonotonicInstant, from now: MonotonicInstant) {
        coming = (isHigh, at)
        setWakeup(at: now)
    }

    mutating func stick(at isHigh: Bool?, at now: MonotonicInstant) {
        stuckAt = isHigh
        settle(at: now)
    }

    mutating func follow(_ pattern: LevelPattern?, from now: MonotonicInstant) {
        self.pattern = pattern
        patternPlayedUntil = now
        if let pattern { push(pattern.isHigh(at: now), at: now) }
        setWakeup(at: now)
    }

    /// Lets pass what the world did by itself until `now`.
    mutating func play(until now: MonotonicInstant) {
        if let coming, coming.at <= now {
            self.coming = nil
            push(coming.isHigh, at: coming.at)
        }
        if let pattern, let start = patternPlayedUntil, start < now {
            patternPlayedUntil = now
            // A jump of the clock would lose edges that a thread in real time would have taken.
            let limit = max(Self.edgesKept, claim?.edges.count ?? 0) + Self.edgesOfOneJump
            var moment = pattern.next(after: start)
            for _ in 0..<Self.edgesOfOneJump where moment <= now {
                push(pattern.isHigh(at: moment), at: moment, keeping: limit)
                moment = pattern.next(after: moment)
            }
            push(pattern.isHigh(at: now), at: now, keeping: limit)
        }
        if let change = claim?.debouncer?.settle(at: now) { keep(change, Self.edgesKept) }
    }

    private static let edgesOfOneJump = 10_000

    mutating func takeEdges(at now: MonotonicInstant) -> [Edge] {
        let edges = claim?.edges ?? []
        claim?.edges = []
        claim?.wakeup?.hush()
        setWakeup(at: now)
        return edges
    }

    /// The chip went away, with everything on it.
    mutating func unplug() {
        claim = nil
        driven = nil
    }

    /// Lets the bell ring when the line next changes by itself.
    private func setWakeup(at now: MonotonicInstant) {
        let turns = [pattern?.next(after: now), claim?.debouncer?.deadline, coming?.at]
            .compactMap { $0 }
        claim?.wakeup?.wake(after: turns.min().map { now.duration(to: $0) })
    }

    private mutating func settle(at now: MonotonicInstant) {
        change(to: stuckAt ?? driven ?? isHigh, at: now, keeping: Self.edgesKept)
    }

    private mutating func change(to isHigh: Bool, at now: MonotonicInstant, keeping limit: Int) {
        guard isHigh != self.isHigh else { return }
        self.isHigh = isHigh
        if history.count == Self.historyKept { history.removeFirst() }
        history.append(LevelChange(at: now, isHigh: isHigh))
        guard let claim, case .input = claim.kind else { return }
        let edge = Edge(at: now, isActive: isHigh != claim.activeLow)
        if claim.debouncer == nil {
            keep(edge, limit)
        } else {
            if let settled = self.claim?.debouncer?.take(edge) { keep(settled, limit) }
            setWakeup(at: now)
        }
    }

    /// Queues an edge; when the queue is full the newest goes, as under libgpiod 1.x.
    private mutating func keep(_ edge: Edge, _ limit: Int) {
        guard let claim, claim.edges.count < limit else { return }
        // The kernel dates a debounced edge when it is sure, not when the contact moved.
        let lag = claim.debouncer?.period ?? .zero
        self.claim?.edges.append(Edge(at: edge.at.advanced(by: lag), isActive: edge.isActive))
        claim.wakeup?.wake()
    }
}

/// A change of the voltage on a simulated line.
public struct LevelChange: Hashable, Sendable {
    public let at: MonotonicInstant
    public let isHigh: Bool

    public init(at: MonotonicInstant, isHigh: Bool) {
        self.at = at
        self.isHigh = isHigh
    }
}
