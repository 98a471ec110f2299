/// Why a channel was closed, as those who read from it learn at its end.
public enum Cause: Hashable, Sendable, CustomStringConvertible {
    /// There is nothing more to say.
    case finished
    /// It had to end, for a reason in one line.
    case failed(String)

    public var description: String {
        switch self {
        case .finished: "finished"
        case .failed(let reason): reason
        }
    }
}
