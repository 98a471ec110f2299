import Documents
import Vocabulary

/// What a driver says of itself, once, for everything that asks.
public struct DriverDescription: Sendable {
    /// What layouts write: `"modbus-meter"`.
    public let model: DriverModel
    /// What kind of device it is for, in one line.
    public let title: String
    /// The wire that it needs, in the field's own word: `"GPIO line"`, `"Modbus"`, `"1-wire"`.
    public let wire: String
    /// The kinds of node that it can be.
    public let kinds: [NodeKind]
    public let settings: [SettingDescription]
    /// What it offers; empty when that depends on the settings.
    public let channels: [ChannelDescription]
    /// The data sheet, standard or kernel document that the driver follows.
    public let source: String
    /// What its user should know, a line each: what the numbers of a state mean, for instance.
    public let notes: [String]

    public init(
        model: DriverModel, title: String, wire: String, kinds: [NodeKind],
        settings: [SettingDescription], channels: [ChannelDescription], source: String,
        notes: [String] = []
    ) {
        self.model = model
        self.title = title
        self.wire = wire
        self.kinds = kinds
        self.settings = settings
        self.channels = channels
        self.source = source
        self.notes = notes
    }
}

/// One series that a driver can read, before a layout gives it a name and a rhythm.
public struct ChannelDescription: Hashable, Sendable {
    /// The driver's own word: `"temperature"`.
    public let source: String
    /// What the device calls it, such as an OBIS code. Layouts may write it in place of `source`.
    public let code: String?
    /// Whether a node that lists no channels has it.
    public let isDefault: Bool
    public let unit: Unit
    /// The exponent that loses nothing of what the device says; a layout may ask for another.
    public let exponent: Int
    /// In steps of `exponent`.
    public let plausibility: Plausibility
    public let pollPeriod: Duration
    public let capturePeriod: Duration
    /// In steps of `exponent`; nil when changes wait for the capture period.
    public let captureDelta: Int64?
    /// What it is, in a few words.
    public let title: String
    /// Whether a command sets it; see `Settable`.
    public let isSettable: Bool

    public init(
        source: String, unit: Unit, exponent: Int, title: String,
        plausibility: Plausibility = .anything, pollPeriod: Duration = .seconds(10),
        capturePeriod: Duration = .seconds(60), captureDelta: Int64? = nil,
        isSettable: Bool = false, code: String? = nil, isDefault: Bool = true
    ) {
        self.source = source
        self.code = code
        self.isDefault = isDefault
        self.unit = unit
        self.exponent = exponent
        self.plausibility = plausibility
        self.pollPeriod = pollPeriod
        self.capturePeriod = capturePeriod
        self.captureDelta = captureDelta
        self.title = title
        self.isSettable = isSettable
    }
}

/// Something on a wire that one component has for itself. Two claims of one `wire` are a mistake.
public struct WireClaim: Hashable, Sendable, CustomStringConvertible {
    /// Identity and description in one: `"GPIO line edge-relays/4"`,
    /// `"bus rs485 unit 1 input register 12"`.
    public let wire: String
    /// What the claims of several components must have in common to share the wire, `"M-Bus"`; nil for a
    /// wire that is not shared.
    public let shared: String?

    public init(_ wire: String, shared: String? = nil) { (self.wire, self.shared) = (wire, shared) }

    /// A whole line of bytes.
    public init(_ line: ByteLineAddress, shared: String? = nil) {
        switch line {
        case .serial(let port): self.init("serial port \(port)", shared: shared)
        case .tcp(let host, let port):
            self.init("serial server \(host) port \(port)", shared: shared)
        }
    }

    public var description: String { wire }
}

/// One request that a component repeats on a shared serial bus.
public struct BusTraffic: Hashable, Sendable {
    public let bus: BusName
    public let every: Duration
    public let requestBytes: Int
    public let replyBytes: Int

    public init(bus: BusName, every: Duration, requestBytes: Int, replyBytes: Int) {
        self.bus = bus
        self.every = every
        self.requestBytes = requestBytes
        self.replyBytes = replyBytes
    }

    /// A read of these registers: unit, function, address, count and checksum, and in the reply unit, function,
    /// byte count, data and checksum.
    ///
    /// Source: MODBUS over Serial Line V1.02, 2.5.1.
    public init(bus: BusName, every: Duration, reading span: RegisterSpan) {
        let request = ModbusRequest(
            unit: 1, function: span.function, address: 0, count: span.count, replyTimeout: .zero)
        self.init(bus: bus, every: every, requestBytes: 8, replyBytes: 5 + request.replyBytes)
    }
}
