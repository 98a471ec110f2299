import Vocabulary

/// A simulated device on a line of bytes: a value that turns bytes and time into bytes.
public protocol SimulatedMeter: Sendable {
    /// The pause between telegrams that it sends by itself; nil for one that only answers.
    var period: Duration? { get }
    /// The telegram that it sends by itself; empty for one that only answers.
    mutating func telegram(at now: MonotonicInstant) -> [UInt8]
    /// What it sends back when `bytes` have come in.
    mutating func answer(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8]
}

extension SimulatedMeter {
    public var period: Duration? { nil }
    public func telegram(at now: MonotonicInstant) -> [UInt8] { [] }
    public func answer(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8] { [] }
}

/// A meter that sends the same telegrams again and again, whatever they are.
public struct RecordedMeter: SimulatedMeter {
    public let period: Duration?
    private var telegrams: [[UInt8]]

    public init(_ telegrams: [[UInt8]], every period: Duration = .seconds(1)) {
        (self.telegrams, self.period) = (telegrams, period)
    }

    public mutating func telegram(at now: MonotonicInstant) -> [UInt8] {
        guard let next = telegrams.first else { return [] }
        telegrams = telegrams.dropFirst() + [next]
        return next
    }
}
