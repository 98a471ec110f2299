import Vocabulary

/// A shared bus of the layout.
public struct Bus: Hashable, Sendable {
    public let name: BusName
    public let line: Line
    /// The quiet time between an answer and the next request.
    public let gap: Duration
    public let isSimulated: Bool

    /// What the bus runs over.
    public enum Line: Hashable, Sendable {
        case serial(SerialSettings)
        /// - Parameter carriesRtu: Whether serial frames cross the connection as they are, as behind a
        ///   transparent serial server, in place of those of Modbus TCP.
        case tcp(host: String, port: UInt16, carriesRtu: Bool = false)
    }

    public init(name: BusName, line: Line, gap: Duration, isSimulated: Bool = false) {
        self.name = name
        self.line = line
        self.gap = gap
        self.isSimulated = isSimulated
    }
}

/// A serial port and how it is spoken to. Eight data bits, as Modbus RTU demands.
public struct SerialSettings: Hashable, Sendable {
    /// The bit that follows the data.
    public enum Parity: String, Hashable, Sendable, CaseIterable { case none, even, odd }

    /// `/dev/serial/by-id/…`, which stays the same when adapters are replugged.
    public let port: String
    public let baud: Int
    public let parity: Parity
    /// 1 or 2.
    public let stopBits: Int

    public init(port: String, baud: Int, parity: Parity, stopBits: Int) {
        self.port = port
        self.baud = baud
        self.parity = parity
        self.stopBits = stopBits
    }

    /// Bits on the wire for one byte: start, eight data, parity if any, stop.
    public var bitsPerByte: Int { 1 + 8 + (parity == .none ? 0 : 1) + stopBits }
}
