import DriverKit
import Vocabulary

/// The simulated kernel's files.
public final class SimulatedFiles: AttributeFiles {
    init(clock: any GatewayClock) {}

    public func text(of path: String) throws(DriverError) -> String {
        throw DriverError(.notConnected, path)
    }
    public func names(in folder: String) throws(DriverError) -> [String] {
        throw DriverError(.notConnected, folder)
    }
    public func space(at path: String) throws(DriverError) -> FileSystemSpace {
        throw DriverError(.notConnected, path)
    }
}
