import Vocabulary

/// What is counted of a node since its thread began.
public enum NodeCount: Int, Count {
    case polls, skipped, failures

    public var about: CountDescription {
        switch self {
        case .polls: .counter("polls of the device")
        case .skipped: .counter("polls left out because their time had passed")
        case .failures: .counter("polls and commands that failed")
        }
    }
}

/// The counts of one node.
public typealias NodeCounts = Counts<NodeCount>
