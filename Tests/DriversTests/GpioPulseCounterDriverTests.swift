import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

struct GpioPulseCounterDriverTests {
    private let clock = ManualClock()
    private let wiring: SimulatedWiring
    private let line = LineAddress("meters/0")!

    init() {
        wiring = SimulatedWiring(clock: clock)
        wiring.lines.addChip("meters", lines: 2)
    }

    private func component(_ more: String) throws -> Component {
        try .sample(
            GpioPulseCounterDriver.self, #"{"line": "meters/0", \#(more)}"#, name: "meter")
    }

    private static let energy = #""quantity": "energy", "pulsesPer": 1000"#
    private static let water = #""quantity": "volume", "pulsesPer": 0.1"#

    private func driver(_ component: Component) throws -> GpioPulseCounterDriver {
        try GpioPulseCounterDriver(component: component, wiring: wiring)
    }

    /// One pulse of 60 ms, and the rest of `interval` after it.
    private func pulse(
        _ driver: inout GpioPulseCounterDriver, then interval: Duration = .seconds(1)
    ) throws {
        wiring.lines.setLevel(line, true)
        _ = try driver.takeEvents(at: clock.now)
        clock.advance(by: .milliseconds(60))
        wiring.lines.setLevel(line, false)
        _ = try driver.takeEvents(at: clock.now)
        clock.advance(by: interval - .milliseconds(60))
        _ = try driver.takeEvents(at: clock.now)
    }

    private func read(
        _ driver: inout GpioPulseCounterDriver, _ component: Component
    ) throws -> (total: Reading, rate: Reading) {
        let readings = try driver.read(component.channels, at: clock.now).readings()
        return (readings[0], readings[1])
    }

    @Test(arguments: [energy, water, #""quantity": "count""#])
    func `it keeps to what every driver does`(settings: String) throws {
        let complaints = DriverConformance.complaints(
            of: GpioPulseCounterDriver.self, try component(settings), wiring: wiring,
            at: clock.now)
        #expect(complaints == [])
        #expect(wiring.lines.claimCount == 0)
    }

    @Test func `channels carry the units of what is counted`() throws {
        #expect(try component(Self.energy).channels.map(\.unit) == [.wattHour, .watt])
        #expect(try component(Self.water).channels.map(\.unit) == [.litre, .litrePerMinute])
        #expect(try component(#""quantity": "count""#).channels.map(\.unit) == [.count, .hertz])
    }

    @Test func `a thousand pulses a kWh and one a second are 3600 W`() throws {
        let component = try component(Self.energy)
        var driver = try driver(component)
        for _ in 0..<5 { try pulse(&driver) }
        let (total, rate) = try read(&driver, component)
        #expect(component.channels[0].text(total.value) == "5.000 Wh")
        #expect(component.channels[1].text(rate.value) == "3600.0 W")
    }

    @Test func `a pulse for ten litres, twice a minute, is 20 L/min`() throws {
        let component = try component(Self.water)
        var driver = try driver(component)
        for _ in 0..<3 { try pulse(&driver, then: .seconds(30)) }
        let (total, rate) = try read(&driver, component)
        #expect(component.channels[0].text(total.value) == "30.000 L")
        #expect(component.channels[1].text(rate.value) == "20.000 L/min")
    }

    @Test func `the rate is not a number before the second pulse`() throws {
        let component = try component(Self.energy)
        var driver = try driver(component)
        #expect(try read(&driver, component).rate.quality == .bad)
        try pulse(&driver)
        #expect(try read(&driver, component).rate.quality == .bad)
        try pulse(&driver)
        #expect(try read(&driver, component).rate.quality == .good)
    }

    @Test func `the rate falls while no pulse comes, down to zero`() throws {
        let component = try component(Self.energy + #", "zeroAfter": "1min""#)
        var driver = try driver(component)
        for _ in 0..<3 { try pulse(&driver) }
        clock.advance(by: .seconds(9))
        #expect(try read(&driver, component).rate.value == 3600)
        clock.advance(by: .seconds(50))
        #expect(try read(&driver, component).rate.value == 0)
        #expect(try read(&driver, component).rate.quality == .good)
    }

    @Test func `falling edges can be counted instead`() throws {
        let component = try component(#""quantity": "count", "edge": "falling""#)
        var driver = try driver(component)
        wiring.lines.setLevel(line, true)
        clock.advance(by: .seconds(1))
        #expect(try read(&driver, component).total.value == 0)
        wiring.lines.setLevel(line, false)
        clock.advance(by: .seconds(1))
        #expect(try read(&driver, component).total.value == 1)
    }

    @Test func `a pulse shorter than the debounce time is none`() throws {
        let component = try component(#""quantity": "count""#)
        var driver = try driver(component)
        wiring.lines.setLevel(line, true)
        clock.advance(by: .milliseconds(4))
        wiring.lines.setLevel(line, false)
        clock.advance(by: .seconds(1))
        #expect(try read(&driver, component).total.value == 0)
    }

    @Test func `a total is on disk before it is reported, and only then`() throws {
        let component = try component(Self.energy)
        var driver = try driver(component)
        try pulse(&driver)
        #expect(wiring.totals["meter"] == nil)
        #expect(try read(&driver, component).total.value == 1000)
        #expect(wiring.totals["meter"] == 1)
        _ = try read(&driver, component)
        _ = try driver.read([component.channels[1]], at: clock.now).readings()
        #expect(wiring.totals.saveCount == 1)
    }

    @Test func `a total goes on where the last driver stopped`() throws {
        let component = try component(Self.energy)
        do {
            var driver = try driver(component)
            for _ in 0..<3 { try pulse(&driver) }
        }
        #expect(wiring.totals["meter"] == 3)
        var driver = try driver(component)
        try pulse(&driver)
        #expect(try read(&driver, component).total.value == 4000)
    }

    @Test func `a total begins at what the meter shows, exactly, until one is stored`() throws {
        let start = #", "startAt": 1234567.5"#
        let component = try component(Self.water + start)
        do {
            var driver = try driver(component)
            #expect(try read(&driver, component).total.value == 1_234_567_500)
            try pulse(&driver)
            #expect(try read(&driver, component).total.value == 1_234_577_500)
        }
        let other = try self.component(Self.water + #", "startAt": 5"#)
        var driver = try driver(other)
        #expect(try read(&driver, other).total.value == 1_234_577_500)
    }

    @Test func `a total that is set counts on from there, also in the next driver`() throws {
        let component = try component(Self.energy)
        do {
            var driver = try driver(component)
            for _ in 0..<3 { try pulse(&driver) }
            #expect(try driver.set(component.channels[0], to: 7_000_123) == 3_000)
            try pulse(&driver)
            #expect(try read(&driver, component).total.value == 7_001_123)
        }
        var driver = try driver(component)
        #expect(try read(&driver, component).total.value == 7_001_123)
    }

    @Test func `a total that cannot be saved is not set`() throws {
        let component = try component(Self.energy)
        var driver = try driver(component)
        try pulse(&driver)
        wiring.totals.isFull = true
        #expect(throws: DriverError.self) { try driver.set(component.channels[0], to: 5) }
        wiring.totals.isFull = false
        #expect(try read(&driver, component).total.value == 1_000)
    }

    @Test(arguments: ["-1", "0.0001", "1e18"])
    func `a start that is no total is named`(start: String) throws {
        let error = #expect(throws: DriverError.self) {
            try component(Self.water + #", "startAt": \#(start)"#)
        }
        #expect(error?.kind == .invalidComponent && error?.detail.contains("startAt") == true)
    }

    @Test func `a full disk stops the reporting, not the counting`() throws {
        let component = try component(Self.energy)
        var driver = try driver(component)
        wiring.totals.isFull = true
        try pulse(&driver)
        let full = DriverError(.malformedReply, "total of meter: No space left on device")
        #expect(throws: full) { _ = try read(&driver, component) }
        try pulse(&driver)
        wiring.totals.isFull = false
        #expect(try read(&driver, component).total.value == 2000)
    }

    @Test func `a total that cannot be read is never taken for zero`() throws {
        let component = try component(Self.energy)
        wiring.totals["meter"] = 5
        wiring.totals.spoil("meter")
        #expect {
            _ = try driver(component)
        } throws: {
            ($0 as? DriverError)?.kind == .malformedReply
        }
        #expect(wiring.totals["meter"] == 5)
        #expect(wiring.lines.claimCount == 0)
    }

    @Test func `a chip that was pulled out is not connected, and no pulse is lost`() throws {
        let component = try component(Self.energy)
        do {
            var driver = try driver(component)
            try pulse(&driver)
            wiring.lines.unplug("meters")
            #expect(throws: DriverError(.notConnected, "line meters/0: the chip is gone")) {
                _ = try driver.takeEvents(at: clock.now)
            }
        }
        wiring.lines.plug("meters")
        var driver = try driver(component)
        #expect(try read(&driver, component).total.value == 1000)
    }

    @Test(arguments: [
        (#""quantity": "energy""#, "pulsesPer: is missing"),
        (#""quantity": "volume", "pulsesPer": 0"#, "pulsesPer: is 0"),
        (#""quantity": "count", "pulsesPer": -1"#, "pulsesPer: is -1"),
        (#""quantity": "count", "pulsesPer": 0.0000001"#, "pulsesPer: is 0.0000001"),
    ])
    func `a scale that is invalid is refused`(settings: String, words: String) {
        #expect {
            _ = try component(settings)
        } throws: {
            guard let error = $0 as? DriverError else { return false }
            return error.kind == .invalidComponent && error.detail.contains(words)
        }
    }

    @Test func `a count of a lifetime is exact`() throws {
        let component = try component(#""quantity": "energy", "pulsesPer": 3"#)
        wiring.totals["meter"] = 30_000_000_001
        var driver = try driver(component)
        let total = try read(&driver, component).total.value
        #expect(component.channels[0].text(total) == "10000000000333.333 Wh")
    }

    @Test func `a total that does not fit is reported, not cut off`() throws {
        let component = try component(#""quantity": "energy", "pulsesPer": 0.001"#)
        wiring.totals["meter"] = RunningTotal(pulses: .max)
        var driver = try driver(component)
        #expect {
            _ = try read(&driver, component)
        } throws: {
            ($0 as? DriverError)?.kind == .malformedReply
        }
    }

    @Test func `a total that is full stays full`() throws {
        let component = try component(#""quantity": "count""#)
        wiring.totals["meter"] = RunningTotal(pulses: .max)
        var driver = try driver(component)
        try pulse(&driver)
        #expect(try read(&driver, component).total.value == .max)
    }

    @Test func `the simulated meter gives about a pulse a second`() throws {
        let bench = SimulatedWiring(clock: clock)
        let component = try component(Self.energy)
        try bench.plugIn([component], seed: 1)
        var driver = try GpioPulseCounterDriver(component: component, wiring: bench)
        for _ in 0..<6 { clock.advance(by: .seconds(10)) }
        let (total, rate) = try read(&driver, component)
        #expect((45_000...75_000).contains(total.value), "\(total.value) mWh in a minute")
        #expect((27_000...45_000).contains(rate.value), "\(rate.value) dW")
        #expect(rate.quality == .good)
    }
}
