import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

@Suite struct `The phases of a simulated meter` {
    private func values(
        _ driver: any Driver.Type, _ component: Component,
        resolution: (_ source: String) -> Double = { _ in 0 }
    ) throws -> [String: (value: Double, step: Double)] {
        let clock = ManualClock()
        clock.advance(by: .seconds(100))
        let wiring = SimulatedWiring(clock: clock)
        try wiring.plugIn([component], seed: 7)
        var open: any Driver = try driver.init(component: component, wiring: wiring)
        var values: [String: (value: Double, step: Double)] = [:]
        let answers = try open.read(component.channels, at: clock.now)
        for (channel, answer) in zip(component.channels, answers) {
            guard let reading = try? answer.get() else { continue }
            let step = DecimalNumber(mantissa: 1, exponent: channel.exponent).approximate
            values[channel.source] = (
                Double(reading.value) * step, max(step, resolution(channel.source))
            )
        }
        return values
    }

    /// How many totals there are, each of which its phases must make up.
    private func check(_ values: [String: (value: Double, step: Double)]) -> Int {
        var count = 0
        for (source, first) in values where source.hasSuffix("-l1") {
            let quantity = String(source.dropLast(3))
            guard ["power", "current", "energy"].contains(where: quantity.contains),
                !quantity.contains("factor"),
                let total = values[quantity + "-total"] ?? values[quantity]
            else { continue }
            let phases = (2...3).compactMap { values["\(quantity)-l\($0)"] } + [first]
            let sum = phases.reduce(0) { $0 + $1.value }
            let steps = (phases + [total]).map(\.step).reduce(0, +)
            // What is kept as a binary number of 32 bits has seven digits.
            let tolerance = steps + abs(total.value) * 1e-6
            #expect(abs(sum - total.value) <= tolerance, "\(quantity): \(sum), \(total.value)")
            if phases.count == 3, first.value > 0 {
                #expect(Set(phases.map(\.value)).count == 3, "\(quantity)")
            }
            count += 1
        }
        return count
    }

    @Test func `make up its totals, in each profile`() throws {
        var count = 0
        for name in DeviceProfile.builtInNames {
            let registers = try #require(DeviceProfile.builtIn(name)).registers
            let component = try Component.of(
                ModbusMeterDriver.self, #"{"bus": "rs485", "unit": 1, "profile": "\#(name)"}"#)
            count += check(
                try values(ModbusMeterDriver.self, component) { source in
                    let scale = registers.first { $0.channel.source == source }?.scale
                    return abs(scale?.approximate ?? 0)
                })
        }
        #expect(count > 60)
    }

    @Test func `make up the totals of a SunSpec meter and of a smart meter`() throws {
        let sunspec = try Component.of(
            SunspecDriver.self, #"{"bus": "rs485", "unit": 1, "device": "meter"}"#)
        #expect(check(try values(SunspecDriver.self, sunspec)) == 4)
        let smart = try Component.of(DsmrP1Driver.self, #"{"port": "/dev/ttyMETER"}"#)
        #expect(check(try values(DsmrP1Driver.self, smart)) > 1)
    }
}
