import DriverKit
import Vocabulary

/// A simulated twin of the devices that one driver model speaks to.
public protocol SimulatedDevice: SendableMetatype {
    /// The driver's model.
    static var model: DriverModel { get }

    /// Plugs into `wiring` what a component of this model expects to find on its wires, with values
    /// that live and stay plausible.
    /// - Throws: `.badComponent`, naming the setting at fault.
    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError)
}

extension SimulatedWiring {
    /// Plugs in a twin for every component whose model has one.
    ///
    /// - Parameter seed: The same seed plugs in the same world.
    /// - Throws: `.badComponent`, naming the setting at fault.
    public func plugIn(_ components: [Component], seed: UInt64) throws(DriverError) {
        for component in components {
            guard let twin = Self.twins.first(where: { $0.model == component.model }) else {
                continue
            }
            var chance = SeededGenerator(seed: seed, for: component.name.text)
            try twin.plug(component, into: self, chance: &chance)
        }
    }
}
