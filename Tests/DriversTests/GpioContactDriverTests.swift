import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

/// On a line that is debounced by the driver, as under libgpiod 1.x, and by the kernel, as under 2.x.
struct GpioContactDriverTests {
    private let clock = ManualClock()
    private let wiring: SimulatedWiring
    private let line = LineAddress("edge-relays/0")!

    init() {
        wiring = SimulatedWiring(clock: clock)
        wiring.lines.addChip("edge-relays", lines: 8, names: [0: "door"])
    }

    private func component(_ more: String = "") throws -> Component {
        try .sample(
            GpioContactDriver.self, #"{"line": "edge-relays/0"\#(more)}"#, name: "door")
    }

    private func driver(
        _ more: String = "", kernelDebounces: Bool = false
    ) throws -> GpioContactDriver {
        wiring.lines.kernelDebounces = kernelDebounces
        return try GpioContactDriver(component: try component(more), wiring: wiring)
    }

    private func told(
        _ driver: inout GpioContactDriver
    ) throws -> [DriverEvent] { try driver.takeEvents(at: clock.now) }

    private func event(_ at: MonotonicInstant, _ value: Int64) -> DriverEvent {
        DriverEvent(at: at, reading: Reading(channel: "door-state", value: value))
    }

    @Test func `it keeps to what every driver does`() throws {
        let complaints = DriverConformance.complaints(
            of: GpioContactDriver.self, try component(), wiring: wiring, at: clock.now)
        #expect(complaints == [])
        #expect(wiring.lines.claimCount == 0)
    }

    @Test(arguments: [false, true])
    func `nine bounces are one event, dated when the contact came to rest`(
        kernelDebounces: Bool
    ) throws {
        var driver = try driver(kernelDebounces: kernelDebounces)
        clock.advance(by: .seconds(1))
        wiring.lines.bounce(line, to: true, edges: 9, gap: .milliseconds(1))
        let rest = clock.now
        #expect(try told(&driver) == [])
        clock.advance(by: .milliseconds(19))
        #expect(try told(&driver) == [])
        clock.advance(by: .milliseconds(1))
        #expect(try told(&driver) == [event(rest, 1)])
        #expect(try told(&driver) == [])
    }

    @Test(arguments: [false, true])
    func `a glitch shorter than the debounce time is nothing`(kernelDebounces: Bool) throws {
        var driver = try driver(kernelDebounces: kernelDebounces)
        wiring.lines.setLevel(line, true)
        clock.advance(by: .milliseconds(5))
        wiring.lines.setLevel(line, false)
        clock.advance(by: .seconds(1))
        #expect(try told(&driver) == [])
        #expect(try driver.read(try component().channels, at: clock.now).readings()[0].value == 0)
    }

    @Test func `the node is asked to come back when the debounce time is over`() throws {
        var driver = try driver()
        #expect(driver.eventDeadline == nil)
        wiring.lines.setLevel(line, true)
        let moved = clock.now
        #expect(try told(&driver) == [])
        #expect(driver.eventDeadline == moved.advanced(by: .milliseconds(20)))
        clock.advance(by: .milliseconds(20))
        #expect(try told(&driver) == [event(moved, 1)])
        #expect(driver.eventDeadline == nil)
    }

    @Test func `when the last edge was lost the level still shows the truth`() throws {
        var driver = try driver(#", "debounce": "0ms""#)
        // The kernel keeps the oldest 16 edges, so the 17th, which closes the contact, is lost.
        wiring.lines.bounce(line, to: true, edges: 17, gap: .milliseconds(1))
        let events = try told(&driver)
        #expect(events.count == 17)
        #expect(events.last == event(clock.now, 1))
        #expect(try told(&driver) == [])
    }

    @Test func `a poll shows the debounced level, and what it came upon is reported as an event`()
        throws
    {
        var driver = try driver()
        let channels = try component().channels
        wiring.lines.setLevel(line, true)
        let moved = clock.now
        #expect(try driver.read(channels, at: clock.now).readings()[0].value == 0)
        clock.advance(by: .milliseconds(20))
        #expect(try driver.read(channels, at: clock.now).readings()[0].value == 1)
        #expect(driver.eventDeadline == moved)
        #expect(try told(&driver) == [event(moved, 1)])
    }

    @Test func `an active-low contact is on when the line is low`() throws {
        wiring.lines.setLevel(line, true)
        var driver = try driver(#", "activeLow": true, "bias": "pullUp", "debounce": "0ms""#)
        #expect(
            wiring.lines.inputSettings(of: line)
                == InputSettings(
                    activeLow: true, bias: .pullUp, debounce: .zero, consumer: "tidegate:door"))
        #expect(try driver.read(try component().channels, at: clock.now).readings()[0].value == 0)
        wiring.lines.setLevel(line, false)
        #expect(try told(&driver) == [event(clock.now, 1)])
    }

    @Test func `a chip that was pulled out is not connected`() throws {
        var driver = try driver()
        wiring.lines.unplug("edge-relays")
        let vanished = DriverError(.notConnected, "line edge-relays/0: the chip is gone")
        #expect(throws: vanished) { _ = try told(&driver) }
        #expect(throws: vanished) {
            _ = try driver.read(try component().channels, at: clock.now).readings()
        }
    }

    @Test func `the simulated world opens and closes it`() throws {
        let bench = SimulatedWiring(clock: clock)
        let component = try component()
        try bench.plugIn([component], seed: 1)
        var driver = try GpioContactDriver(component: component, wiring: bench)
        var values: [Int64] = []
        for _ in 0..<3600 {
            clock.advance(by: .seconds(1))
            values += try driver.takeEvents(at: clock.now).map(\.reading.value)
        }
        #expect((15...90).contains(values.count), "\(values.count) changes in an hour")
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 != $1 })
    }
}
