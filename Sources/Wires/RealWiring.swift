import DriverKit
import Vocabulary

/// The wires of this machine.
public final class RealWiring: Wiring {
    public let files: any AttributeFiles
    private let lines = GpioLines()
    private let stateDirectory: String
    private let bus: @Sendable (BusName) throws(DriverError) -> any ModbusBus

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - bus: The Modbus bus of a name; throws `.badComponent` when there is none.
    ///   - stateDirectory: Where running totals are kept, in a folder `totals`.
    public init(
        bus: @escaping @Sendable (BusName) throws(DriverError) -> any ModbusBus,
        files: any AttributeFiles, stateDirectory: String
    ) {
        self.bus = bus
        self.files = files
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

    public func totalStore(for component: ComponentName) throws(DriverError) -> any TotalStore {
        FileTotalStore(folder: "\(stateDirectory)/totals", name: component.text)
    }
}
