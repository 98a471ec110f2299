import DriverKit
import Vocabulary

/// The real lines of bytes, one for each address, shared by all nodes on it. A line is closed when the last
/// of them drops it.
public final class ByteLinePool: Sendable {
    private struct Entry { weak var line: RealByteLine? }

    private let clock: any GatewayClock
    private let lines = Guarded<[ByteLineAddress: Entry]>([:])

    /// Opens nothing yet.
    public init(clock: any GatewayClock) { self.clock = clock }

    /// Opens nothing; the first use does.
    func line(_ address: ByteLineAddress) -> RealByteLine {
        lines.withLock { lines in
            if let line = lines[address]?.line { return line }
            let line = RealByteLine(address, clock: clock)
            lines = lines.filter { $0.value.line != nil }
            lines[address] = Entry(line: line)
            return line
        }
    }
}
