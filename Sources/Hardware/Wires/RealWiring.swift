import DriverKit
import Vocabulary

/// The wires of this machine.
public final class RealWiring: Wiring {
    public let files: any AttributeFiles
    public let classes: DeviceClasses
    private let lines = GpioLines()
    private let byteLines: ByteLinePool
    private let stateDirectory: String
    private let bus: @Sendable (BusName) throws(DriverError) -> any ModbusBus

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - bus: The Modbus bus of a name; throws `.invalidComponent` when there is none.
    ///   - byteLines: The serial lines that other wirings of this gateway use as well; of its own when nil.
    ///   - clock: Measures how old a look at a device class is.
    ///   - stateDirectory: Where running totals and counters are kept, in a folder `totals`.
    public init(
        bus: @escaping @Sendable (BusName) throws(DriverError) -> any ModbusBus,
        byteLines: ByteLinePool? = nil, files: any AttributeFiles, clock: any GatewayClock,
        stateDirectory: String
    ) {
        self.bus = bus
        self.files = files
        classes = DeviceClasses(files: files, clock: clock)
        self.byteLines = byteLines ?? ByteLinePool(clock: clock)
        self.stateDirectory = stateDirectory
    }

    public func outputLine(
        _ address: LineAddress, _ settings: OutputSettings, initially: InitialState
    ) throws(DriverError) -> any OutputLine {
        try lines.output(address, settings, initially: initially)
    }

    public func inputLine(
        _ address: LineAddress, _ settings: InputSettings
    ) throws(DriverError) -> any InputLine {
        try lines.input(address, settings)
    }

    public func modbusBus(_ name: BusName) throws(DriverError) -> any ModbusBus { try bus(name) }

    public func byteLine(_ address: ByteLineAddress) throws(DriverError) -> any ByteLine {
        byteLines.line(address)
    }

    public func i2cDevice(_ address: I2cAddress) throws(DriverError) -> any I2cDevice {
        try RealI2cDevice(address)
    }

    public func totalStore(for component: ComponentName) throws(DriverError) -> any TotalStore {
        FileTotalStore(folder: totals, name: component.text)
    }

    /// A place on disk for where the registers of a component's meter stand.
    public func counterStore(for component: ComponentName) -> any CounterStore {
        FileCounterStore(folder: totals, name: component.text)
    }

    private var totals: String { "\(stateDirectory)/totals" }
}
