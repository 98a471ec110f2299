import DriverKit
import Vocabulary

/// The simulated GPIO chips.
public final class SimulatedLines: Sendable {
    init(clock: any GatewayClock) {}

    func output(
        _ address: LineAddress, _ settings: OutputSettings, initially: InitialState
    ) throws(DriverError) -> any OutputLine {
        throw DriverError(.notConnected, "\(address)")
    }

    func input(
        _ address: LineAddress, _ settings: InputSettings
    ) throws(DriverError) -> any InputLine {
        throw DriverError(.notConnected, "\(address)")
    }
}
