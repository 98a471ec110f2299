import DriverKit
import Vocabulary

/// A bench of simulated wires. What is not plugged in is not there, as on a real one.
public final class SimulatedWiring: Wiring {
    public let clock: any GatewayClock
    public let lines: SimulatedLines
    public let buses: SimulatedBuses
    public let byteLines: SimulatedByteLines
    public let i2c: SimulatedI2c
    public let tree: SimulatedFiles
    public let totals: SimulatedTotals
    public let classes: DeviceClasses
    /// The channels that show what a simulated relay does.
    let feedback = Guarded<[DataChannelName: SimulatedFeedback]>([:])

    public var files: any AttributeFiles { tree }

    /// - Parameter lines: GPIO chips that are there already, of another bench.
    public init(clock: any GatewayClock, lines: SimulatedLines? = nil) {
        self.clock = clock
        self.lines = lines ?? SimulatedLines(clock: clock)
        buses = SimulatedBuses(clock: clock)
        byteLines = SimulatedByteLines(clock: clock)
        i2c = SimulatedI2c(clock: clock)
        tree = SimulatedFiles(clock: clock)
        totals = SimulatedTotals()
        classes = DeviceClasses(files: tree, clock: clock)
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

    public func modbusBus(_ name: BusName) throws(DriverError) -> any ModbusBus {
        try buses.bus(name)
    }

    public func byteLine(_ address: ByteLineAddress) throws(DriverError) -> any ByteLine {
        byteLines.line(address)
    }

    public func i2cDevice(_ address: I2cAddress) throws(DriverError) -> any I2cDevice {
        try i2c.device(address)
    }

    public func totalStore(for component: ComponentName) throws(DriverError) -> any TotalStore {
        try totals.store(for: component)
    }
}
