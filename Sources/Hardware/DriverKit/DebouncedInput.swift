import Vocabulary

/// An input line of which only changes that last are seen, whoever measures that: the kernel or this.
///
/// Edges may have been lost on the way, so the level is read after the edges were taken, and an edge
/// that is missing is made up.
public struct DebouncedInput {
    private let line: any InputLine
    private var debouncer: Debouncer
    /// How much later than the contact moved the kernel dates an edge.
    private let lag: Duration
    private var latest: MonotonicInstant?
    /// Changes that were seen and that nobody has taken yet.
    private var unreported: [Edge] = []
    private var hasFailed = false

    /// Claims the line; its level at that moment counts at once.
    /// - Throws: As `Wiring.inputLine`.
    public init(
        _ address: LineAddress, _ settings: InputSettings, wiring: any Wiring
    ) throws(DriverError) {
        line = try wiring.inputLine(address, settings)
        let byKernel = line.debouncesItself
        lag = byKernel ? settings.debounce : .zero
        debouncer = Debouncer(
            period: byKernel ? .zero : settings.debounce, isActive: try line.isActive())
    }

    /// Readable when edges wait.
    public var descriptor: Int32 { line.descriptor }

    /// When `look` and `takeChanges` are owed a call although no edge came; nil when nothing is to
    /// settle, and after a look that failed: no moment is the right one for the next.
    public var deadline: MonotonicInstant? {
        hasFailed ? nil : unreported.first?.at ?? debouncer.deadline
    }

    /// The level that counts, as of the last `look`.
    public var isActive: Bool { debouncer.isActive }

    /// Whether `takeChanges` has something to hand over.
    public var hasChanges: Bool { !unreported.isEmpty }

    /// Every change that has lasted as of the last `look`, oldest first, each dated when the contact
    /// moved. Each is handed over once.
    public mutating func takeChanges() -> [Edge] {
        defer { unreported = [] }
        return unreported
    }

    /// Takes the edges that wait and finds out what has lasted.
    /// - Throws: `.notConnected` when the chip has vanished. What was seen before it did is kept.
    public mutating func look(at now: MonotonicInstant) throws(DriverError) {
        hasFailed = true
        take(try line.takeEdges())
        if try line.isActive() != debouncer.level {
            // Either an edge came meanwhile and waits, or it was lost and nothing shows its time.
            let late = try line.takeEdges()
            take(late)
            if late.isEmpty {
                let since = latest.map { max($0, now) } ?? now
                take([Edge(at: since.advanced(by: lag), isActive: !debouncer.level)])
            }
        }
        if let change = debouncer.settle(at: now) { unreported.append(change) }
        hasFailed = false
    }

    private mutating func take(_ edges: [Edge]) {
        for edge in edges {
            let moved = Edge(at: edge.at.advanced(by: .zero - lag), isActive: edge.isActive)
            latest = moved.at
            if let change = debouncer.take(moved) { unreported.append(change) }
        }
    }
}
