/// A point on the wall clock, in nanoseconds since 1970-01-01 UTC. It labels; it never measures.
public struct WallTime: Hashable, Sendable, Comparable, Codable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    public func advanced(by duration: Duration) -> WallTime {
        WallTime(nanoseconds: nanoseconds.addingClamped(duration.wholeNanoseconds))
    }
}

/// A point on a clock that never jumps, in nanoseconds since an unknown moment. It measures.
///
/// Source: CLOCK_MONOTONIC, the clock of the kernel's GPIO edge time stamps.
public struct MonotonicInstant: Hashable, Sendable, Comparable, InstantProtocol {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    public func advanced(by duration: Duration) -> Self {
        Self(nanoseconds: nanoseconds.addingClamped(duration.wholeNanoseconds))
    }

    public func duration(to other: Self) -> Duration {
        .nanoseconds(other.nanoseconds - nanoseconds)
    }
}

/// One moment on both clocks: a label for people and a measure for machines.
public struct Timestamp: Hashable, Sendable {
    public let wall: WallTime
    public let monotonic: MonotonicInstant
    /// False when the wall clock had not been set yet since the machine was switched on.
    public let isSynchronised: Bool

    public init(wall: WallTime, monotonic: MonotonicInstant, isSynchronised: Bool = true) {
        (self.wall, self.monotonic, self.isSynchronised) = (wall, monotonic, isSynchronised)
    }
}

/// Where all time comes from. The system's clock in the product, one moved by hand in tests.
public protocol GatewayClock: Sendable {
    /// Stands still while the machine sleeps.
    var now: MonotonicInstant { get }

    /// The label for now. Before the wall clock is synchronised it counts on from the first one; see `ClockWatch`.
    var wallTime: WallTime { get }

    /// Whether `wallTime` is the true time, as far as the machine can know.
    var isWallTimeSynchronised: Bool { get }

    /// Now, on both clocks, and whether the label is synchronised. The clocks are read one after the other.
    var timestamp: Timestamp { get }

    /// Looks whether the wall clock was set or the machine slept. The proactor alone calls this, each
    /// second, because each thing is reported once.
    func look() -> [ClockEvent]

    /// Suspends the task until `deadline`.
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(until deadline: MonotonicInstant) async throws

    /// How long the calling thread may block before it must look at the time again.
    ///
    /// A thread calls this right before it blocks in `ppoll(2)`. A clock that is moved by hand answers
    /// nil and rings `alarm` when `deadline` has come; it remembers one deadline for each alarm.
    /// - Parameter deadline: Nil when the thread waits for nothing but its alarm.
    /// - Returns: The longest time to block; nil for no limit.
    func allowance(until deadline: MonotonicInstant?, alarm: any Alarm) -> Duration?
}

// What a clock has that is never set.
extension GatewayClock {
    public var isWallTimeSynchronised: Bool { true }
    public var timestamp: Timestamp { Timestamp(wall: wallTime, monotonic: now) }
    public func look() -> [ClockEvent] { [] }
}

extension Timestamp {
    /// The same moment with its label moved, and synchronised from now on.
    public func corrected(by clockOffset: Duration) -> Timestamp {
        Timestamp(wall: wall.advanced(by: clockOffset), monotonic: monotonic)
    }

    /// The label of another moment, by the wall clock of this one.
    public func wall(of moment: MonotonicInstant) -> WallTime {
        wall.advanced(by: monotonic.duration(to: moment))
    }

    /// The moment so long before this one, labelled by the same clock.
    public func earlier(by age: Duration, monotonic: MonotonicInstant) -> Timestamp {
        Timestamp(
            wall: wall.advanced(by: .zero - age), monotonic: monotonic,
            isSynchronised: isSynchronised)
    }
}

/// Wakes one thread that blocks. May be rung from any thread, and any number of times.
public protocol Alarm: AnyObject, Sendable {
    func wake()
}

extension Duration {
    /// This duration in nanoseconds, cut off at ±292 years.
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !overflow, !carry else { return seconds < 0 ? .min : .max }
        return sum
    }
}

extension Int64 {
    /// The sum, cut off at the ends: "never" stays never when a little is added.
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
