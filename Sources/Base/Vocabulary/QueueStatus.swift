/// What is counted of a queue inside a gateway.
public enum QueueCount: Int, Count {
    case depth, dropped, age, inWork, answered, late, abandoned

    /// Who has a queue of live values.
    public static let ofSubscribers = "subscribers"
    /// Who has a queue of commands.
    public static let ofActuators = "actuators"

    public var about: CountDescription {
        switch self {
        case .depth: .gauge("entries waiting")
        case .dropped: .counter("entries lost")
        case .age: .age("age of the oldest", of: Self.ofSubscribers)
        case .inWork: .gauge("commands being carried out", of: Self.ofActuators)
        case .answered: .counter("commands with an answer, good or bad", of: Self.ofActuators)
        case .late: .counter("answers after the timeout", of: Self.ofActuators)
        case .abandoned: .counter("commands that timed out or were cancelled", of: Self.ofActuators)
        }
    }
}

/// The counts of one queue.
public typealias QueueCounts = Counts<QueueCount>

/// How one queue inside a gateway stands: a subscriber's to live values, or an actuator's for commands.
public struct QueueStatus: Hashable, Sendable {
    public let name: String
    public let counts: QueueCounts

    public init(name: String, counts: QueueCounts) { (self.name, self.counts) = (name, counts) }
}
