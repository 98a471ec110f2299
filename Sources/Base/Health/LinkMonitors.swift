import Vocabulary

/// All other ends of our links, by name.
public struct LinkMonitors: Hashable, Sendable {
    /// Counterparts that are remembered; a new one evicts the one that has been silent longest.
    public let capacity: Int
    private var monitors: [String: LinkMonitor] = [:]

    public init(capacity: Int = 1_000) { self.capacity = max(1, capacity) }

    /// In the order of their names.
    public var all: [LinkMonitor] { monitors.values.sorted { $0.name < $1.name } }

    /// How many there are.
    public var count: Int { monitors.count }

    /// The one called `name`; nil when it was never heard of.
    public subscript(name: String) -> LinkMonitor? { monitors[name] }

    /// Takes a status to the monitor of its speaker.
    /// - Returns: Whether it counted.
    @discardableResult
    public mutating func heard(_ status: LinkStatus, at now: MonotonicInstant) -> Bool {
        change(status.who) { $0.heard(status, at: now) }
    }

    /// Changes the monitor called `name`, which is made when there is none.
    public mutating func change<Result>(
        _ name: String, _ body: (inout LinkMonitor) -> Result
    ) -> Result {
        if monitors[name] == nil, monitors.count >= capacity { forgetOne() }
        return body(&monitors[name, default: LinkMonitor(name: name)])
    }

    /// The counterpart is none of ours any more.
    public mutating func forget(_ name: String) { monitors[name] = nil }

    /// Whether any fits. There is no "all", which would be true of none.
    public func any(where fits: (LinkMonitor) -> Bool) -> Bool {
        monitors.values.contains(where: fits)
    }

    private mutating func forgetOne() {
        let silent = monitors.values.min {
            ($0.lastHeard?.nanoseconds ?? .min, $0.name)
                < ($1.lastHeard?.nanoseconds ?? .min, $1.name)
        }
        if let silent { monitors[silent.name] = nil }
    }
}
