import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Synchronization
import Testing
import Vocabulary

/// An input that may give its edges and then fail to report its level.
private final class FailingLine: InputLine, Sendable {
    struct State {
        var edges: [Edge] = []
        var isActive = false
        var fails = false
    }

    let state = Mutex(State())
    let descriptor: Int32 = -1
    let debouncesItself = false

    func isActive() throws(DriverError) -> Bool {
        let state = state.withLock { $0 }
        if state.fails { throw DriverError(.malformedReply, "the level is not told") }
        return state.isActive
    }

    func takeEdges() throws(DriverError) -> [Edge] {
        state.withLock { state in
            defer { state.edges = [] }
            return state.edges
        }
    }

    /// Pulses of 10 ms that begin at `milliseconds`.
    func pulse(at milliseconds: [Int64]) {
        state.withLock { state in
            for start in milliseconds {
                state.edges.append(Edge(at: instant(start), isActive: true))
                state.edges.append(Edge(at: instant(start + 10), isActive: false))
            }
        }
    }

    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
}

private struct FailingWiring: Wiring {
    let line = FailingLine()
    let rest: SimulatedWiring

    func outputLine(
        _ address: LineAddress, _ settings: OutputSettings, initially: InitialState
    ) throws(DriverError) -> any OutputLine {
        try rest.outputLine(address, settings, initially: initially)
    }

    func inputLine(
        _ address: LineAddress, _ settings: InputSettings
    ) throws(DriverError) -> any InputLine { line }

    func modbusBus(_ name: BusName) throws(DriverError) -> any ModbusBus {
        try rest.modbusBus(name)
    }

    func byteLine(_ address: ByteLineAddress) throws(DriverError) -> any ByteLine {
        try rest.byteLine(address)
    }

    func i2cDevice(_ address: I2cAddress) throws(DriverError) -> any I2cDevice {
        try rest.i2cDevice(address)
    }

    var files: any AttributeFiles { rest.files }
    var classes: DeviceClasses { rest.classes }

    func totalStore(for component: ComponentName) throws(DriverError) -> any TotalStore {
        try rest.totalStore(for: component)
    }
}

private func instant(_ milliseconds: Int64) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
}

@Suite struct `A line whose level cannot be read` {
    private let wiring = FailingWiring(rest: SimulatedWiring(clock: ManualClock()))

    @Test func `costs no pulse that came before, though its driver may go`() throws {
        let component = try Component.sample(
            GpioPulseCounterDriver.self, #"{"line": "chip/0", "quantity": "count"}"#, name: "meter")
        do {
            var driver = try GpioPulseCounterDriver(component: component, wiring: wiring)
            wiring.line.pulse(at: [100, 200, 300])
            wiring.line.fail(true)
            #expect(throws: DriverError.self) { _ = try driver.takeEvents(at: instant(400)) }
        }
        #expect(wiring.rest.totals["meter"] == 3)
    }

    @Test func `is not asked again at once and for ever`() throws {
        let component = try Component.sample(
            GpioPulseCounterDriver.self, #"{"line": "chip/0", "quantity": "count"}"#, name: "meter")
        var driver = try GpioPulseCounterDriver(component: component, wiring: wiring)
        wiring.line.pulse(at: [100])
        wiring.line.fail(true)
        #expect(throws: DriverError.self) { _ = try driver.takeEvents(at: instant(111)) }
        #expect(driver.eventDeadline == nil)
        wiring.line.fail(false)
        _ = try driver.takeEvents(at: instant(112))
        #expect(driver.eventDeadline == instant(115))
    }

    @Test func `reports the changes of a contact first, then the failure`() throws {
        let component = try Component.sample(
            GpioContactDriver.self, #"{"line": "chip/0", "debounce": "5ms"}"#, name: "door")
        var driver = try GpioContactDriver(component: component, wiring: wiring)
        wiring.line.pulse(at: [100, 200])
        wiring.line.fail(true)
        #expect(throws: DriverError.self) {
            _ = try driver.read(component.channels, at: instant(300)).readings()
        }
        #expect(driver.eventDeadline == nil)
        let events = try driver.takeEvents(at: instant(301))
        #expect(events.map(\.at) == [instant(100), instant(110), instant(200)])
        #expect(throws: DriverError.self) { _ = try driver.takeEvents(at: instant(302)) }
        wiring.line.fail(false)
        #expect(try driver.takeEvents(at: instant(303)).map(\.at) == [instant(210)])
    }
}
