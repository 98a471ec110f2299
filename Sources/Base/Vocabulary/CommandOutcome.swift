/// What became of a command. Every command gets exactly one, and it travels as it is from whatever decides it,
/// the guard of the actuator or a check before it, to the requester.
public enum CommandOutcome: Hashable, Sendable {
    /// The device confirms this state, in whole steps of the channel that commands set.
    case confirmed(Int64, at: MonotonicInstant)
    /// Nothing was switched, and why.
    case refused(String)
    /// It was tried and the device did not confirm it.
    case failed(String)
    /// The node did not answer in time, or the command is queued; what will happen is not known yet.
    case timedOut(String)

    /// The outcomes without what belongs to each. The raw value is its word in answers.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case confirmed, refused, failed, timedOut
    }

    /// Which of the outcomes this is.
    public var kind: Kind {
        switch self {
        case .confirmed: .confirmed
        case .refused: .refused
        case .failed: .failed
        case .timedOut: .timedOut
        }
    }

    /// Why it is not confirmed, in one line; nil when it is.
    public var detail: String? {
        switch self {
        case .confirmed: nil
        case .refused(let why), .failed(let why), .timedOut(let why): why
        }
    }

    /// The outcome in words, for logs.
    public var words: String {
        switch self {
        case .confirmed(let value, _): "confirmed \(value)"
        case .refused(let why): "refused, \(why)"
        case .failed(let why): "failed, \(why)"
        case .timedOut(let why): "timed out, \(why)"
        }
    }
}

/// Why a command is refused before anything is switched.
public struct CommandRefusal: Error, Hashable, Sendable {
    public let why: String

    public init(_ why: String) { self.why = why }
}
