import DriverKit
import Vocabulary

/// A simulated twin of the devices that one driver model speaks to.
public protocol SimulatedDevice: SendableMetatype {
    /// The driver's model.
    static var model: DriverModel { get }

    /// Plugs into `wiring` what a component of this model expects to find on its wires, with values
    /// that live and stay plausible.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError)
}

extension SimulatedWiring {
    /// Plugs in a twin for every component whose model has one.
    ///
    /// - Parameters:
    ///   - shown: The relays that another channel shows, whose twin goes with them.
    ///   - seed: The same seed plugs in the same world.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public func plugIn(
        _ components: [Component], shown: [(relay: Component, by: FeedbackRule)] = [], seed: UInt64
    ) throws(DriverError) {
        for (relay, rule) in shown {
            guard let feedback = try SimulatedFeedback(relay, rule) else { continue }
            self.feedback.withLock { $0[rule.channel] = feedback }
        }
        for component in components {
            guard let twin = Self.twins.first(where: { $0.model == component.model }) else {
                continue
            }
            var chance = SeededGenerator(seed: seed, for: component.name.text)
            try twin.plug(component, into: self, chance: &chance)
        }
    }
}
