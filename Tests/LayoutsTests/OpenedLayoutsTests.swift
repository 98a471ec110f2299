import Conformance
import DriverKit
import Drivers
import Fakes
import Layouts
import Simulators
import StandardCodecs
import Testing
import Vocabulary

@Suite struct `A layout on simulated wires` {
    @Test(arguments: `A layout that comes with Tidegate`.names)
    func `has every component open and every channel read`(name: String) throws {
        let (layout, problems) = LayoutReader.read(
            try shipped(name), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        let components = try #require(layout).simulated().nodes.map(\.component)
        let clock = ManualClock()
        let wiring = SimulatedWiring(clock: clock)
        try wiring.plugIn(components, seed: 1)
        for component in components {
            let type = try #require(DriverRegistry.standard[component.model])
            var driver = try type.init(component: component, wiring: wiring)
            let readings = try driver.read(component.channels, at: clock.now).readings()
            #expect(readings.map(\.channel) == component.channels.map(\.name))
            for (reading, channel) in zip(readings, component.channels)
            where reading.quality == .good {
                #expect(
                    channel.plausibility.range.contains(reading.value),
                    "\(channel.name) shows \(channel.text(reading.value))")
            }
        }
    }
}
