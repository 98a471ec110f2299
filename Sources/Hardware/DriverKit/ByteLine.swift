import Vocabulary

/// Where a line of bytes is: a serial port of this machine, or one behind a serial server.
public enum ByteLineAddress: Hashable, Sendable, CustomStringConvertible {
    /// - Parameter port: `/dev/serial/by-id/…`, which stays the same when adapters are replugged.
    case serial(port: String)
    /// A transparent serial server, as ser2net makes one, or a server that itself speaks lines of bytes.
    case tcp(host: String, port: UInt16)

    /// What messages call it: the last part of a port's path, or host and port.
    public var description: String {
        switch self {
        case .serial(let port): port.split(separator: "/").last.map(String.init) ?? port
        case .tcp(let host, let port): "\(host):\(port)"
        }
    }
}

extension ByteLineAddress {
    /// What a serial port must be; nil when `port` is it.
    public static func need(ofPort port: String) -> String? {
        port.hasPrefix("/") ? nil : "a device path, such as /dev/\(port)"
    }

    /// What a host must be; nil when `host` is it.
    public static func need(ofHost host: String) -> String? {
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? "a name or address alone; its port is tcpPort" : nil
    }
}

/// How bytes cross a serial line. Of no meaning over TCP, where the serial server is set so.
public struct SerialMode: Hashable, Sendable {
    public var baud: Int
    /// 7 or 8.
    public let dataBits: Int
    public let parity: SerialSettings.Parity
    /// 1 or 2.
    public let stopBits: Int

    /// - Parameter format: `"8N1"`, `"7E1"`: data bits, parity, stop bits.
    /// - Returns: Nil for another form, or a speed below 1.
    public init?(baud: Int, format: String) {
        guard Self.formats.contains(format), baud > 0 else { return nil }
        self.baud = baud
        dataBits = format.hasPrefix("7") ? 7 : 8
        parity = format.contains("N") ? .none : format.contains("E") ? .even : .odd
        stopBits = format.hasSuffix("2") ? 2 : 1
    }

    /// For a line over TCP, where nothing of it has a meaning.
    public static let none = SerialMode()

    private init() { (baud, dataBits, parity, stopBits) = (9600, 8, .none, 1) }

    /// The speeds that a serial port may have, in bits per second.
    ///
    /// Source: termios(3).
    public static let speeds: [Int64] = [
        300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400,
    ]

    /// The formats that meters use.
    public static let formats = ["8N1", "8E1", "8O1", "8N2", "7E1", "7O1", "7N2"]
}

/// A line of bytes that nodes with the same address share. Their uses take turns, first come first served.
public protocol ByteLine: AnyObject, Sendable {
    var address: ByteLineAddress { get }

    /// Has `work` speak and listen on the line, which is opened for it if need be.
    ///
    /// - Parameter purpose: What others read that wait for the line in vain.
    /// - Throws: `.notConnected` when port or host is not there; `.timeout` when others keep the line
    ///   busy; what `work` throws.
    func use<Result>(
        _ mode: SerialMode, for purpose: String,
        _ work: (any ByteStream) throws(DriverError) -> Result
    ) throws(DriverError) -> Result
}

/// A line of bytes while one caller has it. Not to be kept.
public protocol ByteStream: AnyObject {
    /// The calls of `receive` from now on wait for so long altogether.
    func limit(_ duration: Duration)
    /// Throws away what came in so far, and what an adapter still holds of it.
    /// - Throws: `.notConnected` when the line has ended.
    func discardInput() throws(DriverError)
    /// Blocks until something has come in.
    /// - Returns: What came, 4096 bytes at most; nothing when the limit is over.
    /// - Throws: `.notConnected` when the line has ended.
    func receive() throws(DriverError) -> [UInt8]
    /// Returns when all of it has left, so that the speed may be changed.
    /// - Throws: `.notConnected` when the line has ended.
    func send(_ bytes: [UInt8]) throws(DriverError)
    /// Speaks at another speed from now on. Does nothing over TCP.
    /// - Throws: `.notConnected` when the port does not take it.
    func change(to mode: SerialMode) throws(DriverError)
    /// Blocks for a quiet time that the protocol asks for.
    func pause(_ duration: Duration)
}
