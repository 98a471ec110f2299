import Vocabulary

/// Hands out wires: real ones from `Wires`, pretend ones from `Simulators`. A driver cannot know.
public protocol Wiring: Sendable {
    /// Claims a GPIO line as an output; it takes on `initially` in the same step, without a glitch.
    /// - Throws: `.notConnected` when chip or line is absent or in use; `.invalidComponent` when the line
    ///   cannot do what `settings` ask.
    func outputLine(
        _ address: LineAddress, _ settings: OutputSettings, initially: InitialState
    ) throws(DriverError) -> any OutputLine

    /// Claims a GPIO line as an input that reports both edges.
    /// - Throws: As `outputLine`.
    func inputLine(
        _ address: LineAddress, _ settings: InputSettings
    ) throws(DriverError) -> any InputLine

    /// The Modbus bus of that name, shared by everything on it.
    /// - Throws: `.invalidComponent` when the layout has no such bus. Opening comes with the first request.
    func modbusBus(_ name: BusName) throws(DriverError) -> any ModbusBus

    /// The serial port or serial server at that address, shared by everything on it.
    /// - Throws: `.invalidComponent` for what cannot be an address. Opening comes with the first use.
    func byteLine(_ address: ByteLineAddress) throws(DriverError) -> any ByteLine

    /// A chip on an I2C bus, for one owner.
    /// - Throws: `.notConnected` when the bus is absent, or a driver of the kernel has the chip.
    func i2cDevice(_ address: I2cAddress) throws(DriverError) -> any I2cDevice

    /// The kernel's files: sysfs and proc.
    var files: any AttributeFiles { get }

    /// What the kernel's device classes show, for all drivers together.
    var classes: DeviceClasses { get }

    /// A place on disk for one component's running total.
    /// - Throws: `.notConnected` when it cannot be opened.
    func totalStore(for component: ComponentName) throws(DriverError) -> any TotalStore
}

/// How an output line is driven.
public struct OutputSettings: Hashable, Sendable {
    /// Which levels the chip drives: both, only low, or only high.
    public enum Drive: String, Hashable, Sendable, CaseIterable {
        case pushPull, openDrain, openSource
    }

    /// Active means low voltage.
    public let activeLow: Bool
    public let drive: Drive
    /// What other tools see as the line's user.
    public let consumer: String

    public init(activeLow: Bool, drive: Drive, consumer: String) {
        self.activeLow = activeLow
        self.drive = drive
        self.consumer = consumer
    }
}

/// What an output line does in the moment it is claimed.
public enum InitialState: Hashable, Sendable {
    case inactive, active
    /// Stays at the level that it has.
    case asIs
}

/// How an input line is read.
public struct InputSettings: Hashable, Sendable {
    /// The resistor inside the chip; `asIs` leaves it as it was.
    public enum Bias: String, Hashable, Sendable, CaseIterable {
        case asIs, disabled, pullUp, pullDown
    }

    /// Active means low voltage.
    public let activeLow: Bool
    public let bias: Bias
    /// How long a level must last to count. Zero for none.
    public let debounce: Duration
    public let consumer: String

    public init(activeLow: Bool, bias: Bias, debounce: Duration, consumer: String) {
        self.activeLow = activeLow
        self.bias = bias
        self.debounce = debounce
        self.consumer = consumer
    }
}

/// A claimed output. Letting go of the object releases the line; its level then is the chip's affair.
public protocol OutputLine: AnyObject {
    /// - Throws: `.notConnected` when the chip has vanished.
    func set(_ isActive: Bool) throws(DriverError)
    /// The level on the line, not the one last asked for.
    /// - Throws: `.notConnected` when the chip has vanished.
    func isActive() throws(DriverError) -> Bool
}

/// A claimed input.
public protocol InputLine: AnyObject {
    /// Readable when edges wait.
    var descriptor: Int32 { get }
    /// Whether the kernel applies `InputSettings.debounce` itself; else the driver must.
    var debouncesItself: Bool { get }
    /// - Throws: `.notConnected` when the chip has vanished.
    func isActive() throws(DriverError) -> Bool
    /// All edges that wait, oldest first. Some may have been lost, so the level must be read after.
    /// - Throws: `.notConnected` when the chip has vanished.
    func takeEdges() throws(DriverError) -> [Edge]
}

/// A change of level, dated by the kernel.
public struct Edge: Hashable, Sendable {
    public let at: MonotonicInstant
    /// True when the line became active.
    public let isActive: Bool

    public init(at: MonotonicInstant, isActive: Bool) {
        self.at = at
        self.isActive = isActive
    }
}

/// A Modbus bus, RTU or TCP. Requests of several nodes take turns, first come first served.
public protocol ModbusBus: AnyObject, Sendable {
    /// Reads neighbouring registers or bits in one request. Blocks for at most the wait for the bus, twice
    /// `request.replyTimeout` and the time that the bytes take on the wire. A unit that is busy, and a
    /// host that closes the connection in place of an answer, are asked once more at once.
    /// - Returns: `request.count` registers, or as many bits, each 0 or 1.
    /// - Throws: `.timeout` for silence or a bus that stays busy; `.malformedReply` for a wrong checksum or
    ///   sender; `.unsupported`, `.busy` or another for an exception, see `ModbusRequest.refused`;
    ///   `.notConnected` when port or host is gone.
    func read(_ request: ModbusRequest) throws(DriverError) -> [UInt16]
}

extension ModbusBus {
    /// The same, and as many as were asked for whatever the bus hands out.
    public func words(_ request: ModbusRequest) throws(DriverError) -> [UInt16] {
        let words = try read(request)
        guard words.count == request.count else {
            throw DriverError(
                .malformedReply,
                "the reply to \(request) holds \(words.count) registers, not \(request.count)")
        }
        return words
    }
}

/// One read of neighbouring Modbus registers or bits.
public struct ModbusRequest: Hashable, Sendable {
    /// The Modbus function code of each kind of register, and of bits.
    public enum Function: Int, Hashable, Sendable {
        case coils = 1
        case discreteInputs = 2
        case holdingRegisters = 3
        case inputRegisters = 4
    }

    /// 1 to 247 on a serial line; any over Modbus TCP.
    public let unit: UInt8
    public let function: Function
    /// The address on the wire, counted from 0.
    public let address: UInt16
    /// 1 to 125.
    public let count: Int
    public let replyTimeout: Duration
    /// How long the device needs for itself after a connection was made.
    public let connectPause: Duration
    /// How long it needs for itself after a reply, if that is more than the bus's own gap.
    public let requestPause: Duration

    public init(
        unit: UInt8, function: Function, address: UInt16, count: Int, replyTimeout: Duration,
        connectPause: Duration = .zero, requestPause: Duration = .zero
    ) {
        self.unit = unit
        self.function = function
        self.address = address
        self.count = count
        self.replyTimeout = replyTimeout
        self.connectPause = connectPause
        self.requestPause = requestPause
    }
}

/// The kernel's text files. Paths are absolute.
public protocol AttributeFiles: Sendable {
    /// The whole content of a small file. May block for as long as the kernel's driver does.
    /// - Throws: `.notConnected` when the file is absent; `.malformedReply` when it cannot be read.
    func text(of path: String) throws(DriverError) -> String
    /// The names in a folder, sorted.
    /// - Throws: `.notConnected` when the folder is absent.
    func names(in folder: String) throws(DriverError) -> [String]
    /// Space of the file system that holds `path`.
    /// - Throws: `.notConnected` when `path` is absent.
    func space(at path: String) throws(DriverError) -> FileSystemSpace
}

/// Space of one file system, in bytes.
public struct FileSystemSpace: Hashable, Sendable {
    public let total: Int64
    /// What an ordinary process may still use.
    public let available: Int64

    public init(total: Int64, available: Int64) {
        self.total = total
        self.available = available
    }
}

/// A running total that outlives the process.
public protocol TotalStore: AnyObject {
    /// - Returns: Nil when nothing was saved yet.
    /// - Throws: `.malformedReply` when what was saved cannot be read.
    func load() throws(DriverError) -> RunningTotal?
    /// Returns when `total` would survive a power cut.
    /// - Throws: `.notConnected` when it could not be written.
    func save(_ total: RunningTotal) throws(DriverError)
}

/// What was counted, on top of what the meter showed when the counting began.
public struct RunningTotal: Hashable, Sendable, ExpressibleByIntegerLiteral {
    public var pulses: Int64
    /// The total before the first pulse, in its unit.
    public var start: DecimalNumber

    public init(pulses: Int64, start: DecimalNumber = DecimalNumber(mantissa: 0)) {
        (self.pulses, self.start) = (pulses, start)
    }

    public init(integerLiteral pulses: Int64) { self.init(pulses: pulses) }
}
