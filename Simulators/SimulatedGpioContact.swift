import DriverKit
import Vocabulary

/// A contact that a person opens and closes every few minutes, or that a relay takes along.
struct SimulatedGpioContact: SimulatedDevice {
    static let model = DriverModel(known: "gpio-contact")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let line = try component.settings.line("line")
        wiring.lines.addLine(line)
        if let name = component.channels.first?.name,
            let feedback = wiring.feedback.withLock({ $0[name] })
        {
            let isSame = feedback.isSameLevel(
                contactIsActiveLow: try component.settings.flag("activeLow"))
            return wiring.lines.couple(line, to: feedback.relay, .level(isSame: isSame))
        }
        wiring.lines.follow(line, .turns(every: .seconds(40) ... .seconds(240), chance: &chance))
    }
}
