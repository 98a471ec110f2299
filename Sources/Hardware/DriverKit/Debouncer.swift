import Vocabulary

/// Lets a level count only once it has lasted, as the kernel's own debounce does.
///
/// Every edge starts the debounce time again. When it has passed without another edge, the level then
/// counts if it differs from the one that counted before. A pure machine: no clock, no timer.
///
/// The change is dated by the edge that began the lasting level. The kernel (`GPIO_V2_LINE_ATTR_ID_
/// DEBOUNCE`) dates it one debounce time later, when it is certain; the earlier time is when the contact
/// moved, and it does not depend on who debounces.
///
/// Source: Linux 6.1, drivers/gpio/gpiolib-cdev.c, debounce_work_func.
public struct Debouncer: Hashable, Sendable {
    /// How long a level must last. Zero lets every change through at once.
    public let period: Duration
    /// The level that counts.
    public private(set) var isActive: Bool
    /// The newest edge, until its level has lasted.
    private var newest: Edge?

    /// - Parameter isActive: The level at the start, which counts at once.
    public init(period: Duration, isActive: Bool) {
        self.period = period
        self.isActive = isActive
    }

    /// The level on the line, whether it counts yet or not.
    public var level: Bool { newest?.isActive ?? isActive }

    /// When `settle` is owed a call; nil when nothing is to settle.
    public var deadline: MonotonicInstant? { newest?.at.advanced(by: period) }

    /// Takes the next edge, which must not be older than the one before.
    /// - Returns: The change that this edge proves to have lasted, if any.
    public mutating func take(_ edge: Edge) -> Edge? {
        let change = settle(at: edge.at)
        newest = edge
        return period > .zero ? change : settle(at: edge.at)
    }

    /// Lets the newest level count if it has lasted until `now`.
    /// - Returns: The change, dated by the edge that began it; nil when there is none.
    public mutating func settle(at now: MonotonicInstant) -> Edge? {
        guard let edge = newest, now >= edge.at.advanced(by: period) else { return nil }
        newest = nil
        guard edge.isActive != isActive else { return nil }
        isActive = edge.isActive
        return edge
    }
}
