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

    /// When `takeChanges` is owed a call although no edge came; nil when nothing is under way.
    public var deadline: MonotonicInstant? { debouncer.deadline }

    /// The level that counts, as of the last `takeChanges`.
    public var isActive: Bool { debouncer.isActive }

    /// Every change that has lasted, oldest first, each dated when the contact moved.
    /// - Throws: `.notConnected` when the chip has vanished.
    public mutating func takeChanges(at now: MonotonicInstant) throws(DriverError) -> [Edge] {
        var changes = take(try line.takeEdges())
        if try line.isActive() != debouncer.level {
            // Either an edge came meanwhile and waits, or it was lost and nothing tells its time.
            let late = try line.takeEdges()
            changes += take(late)
            if late.isEmpty {
                let since = latest.map { max($0, now) } ?? now
                changes += take([Edge(at: since.advanced(by: lag), isActive: !debouncer.level)])
            }
        }
        if let change = debouncer.settle(at: now) { changes.append(change) }
        return changes
    }

    private mutating func take(_ edges: [Edge]) -> [Edge] {
        var changes: [Edge] = []
        for edge in edges {
            let moved = Edge(at: edge.at.advanced(by: .zero - lag), isActive: edge.isActive)
            latest = moved.at
            if let change = debouncer.take(moved) { changes.append(change) }
        }
        return changes
    }
}
