import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

struct GpioRelayDriverTests {
    private let wiring = SimulatedWiring(clock: ManualClock())
    private let line = LineAddress("edge-relays/4")!

    init() { wiring.lines.addChip("edge-relays", lines: 8, names: [4: "pump"]) }

    private func component(
        _ more: String = "", safeState: SafeState? = .off
    ) throws -> Component {
        try .sample(
            GpioRelayDriver.self, #"{"line": "edge-relays/4"\#(more)}"#, name: "pump",
            safeState: safeState)
    }

    private func driver(_ component: Component) throws -> GpioRelayDriver {
        try GpioRelayDriver(component: component, wiring: wiring)
    }

    private func state(_ driver: inout GpioRelayDriver, of component: Component) throws -> Int64 {
        try driver.read(component.channels, at: wiring.clock.now).readings()[0].value
    }

    @Test func `it keeps to what every driver does`() throws {
        let complaints = DriverConformance.complaints(
            of: GpioRelayDriver.self, try component(), wiring: wiring, at: wiring.clock.now)
        #expect(complaints == [])
        #expect(wiring.lines.claimCount == 0)
    }

    @Test func `it finds a free line on a bench that was plugged in for it`() throws {
        let bench = SimulatedWiring(clock: ManualClock())
        let component = try component()
        try bench.plugIn([component], seed: 1)
        var driver = try GpioRelayDriver(component: component, wiring: bench)
        #expect(bench.lines.claimCount == 1)
        #expect(try driver.apply(1).value == 1)
    }

    @Test func `a relay confirms what it reads back`() throws {
        let component = try component()
        var driver = try driver(component)
        #expect(try driver.apply(1) == Reading(channel: "pump-state", value: 1))
        #expect(wiring.lines.level(of: line))
        #expect(try driver.apply(0) == Reading(channel: "pump-state", value: 0))
        #expect(!wiring.lines.level(of: line))
    }

    @Test(arguments: [
        (SafeState.off, false, false), (.on, true, true), (.hold, true, true),
        (.hold, false, false),
    ])
    func `it is claimed in its safe state`(
        _ safe: SafeState, wasHigh: Bool, becomesHigh: Bool
    ) throws {
        wiring.lines.setLevel(line, wasHigh)
        let before = wiring.lines.history(of: line)
        let component = try component(safeState: safe)
        var driver = try driver(component)
        #expect(try state(&driver, of: component) == (becomesHigh ? 1 : 0))
        #expect(wiring.lines.history(of: line) == before, "the level must not pass through another")
    }

    @Test func `an active-low relay that is off drives the line high`() throws {
        let component = try component(#", "activeLow": true"#)
        var driver = try driver(component)
        #expect(wiring.lines.level(of: line))
        #expect(try state(&driver, of: component) == 0)
        #expect(try driver.apply(1).value == 1)
        #expect(!wiring.lines.level(of: line))
    }

    @Test func `the line is claimed as its settings say`() throws {
        let driver = try driver(try component(#", "drive": "openDrain", "activeLow": true"#))
        #expect(
            wiring.lines.outputSettings(of: line)
                == OutputSettings(activeLow: true, drive: .openDrain, consumer: "tidegate:pump"))
        withExtendedLifetime(driver) {}
    }

    @Test func `a welded contact is read back, not the command`() throws {
        let component = try component()
        var driver = try driver(component)
        wiring.lines.stick(line, at: true)
        #expect(try driver.apply(0).value == 1)
        #expect(try state(&driver, of: component) == 1)
    }

    @Test func `a value that is neither on nor off is refused and switches nothing`() throws {
        var driver = try driver(try component())
        #expect {
            _ = try driver.apply(2)
        } throws: {
            ($0 as? DriverError)?.kind == .unsupported
        }
        #expect(wiring.lines.history(of: line) == [])
    }

    @Test func `a chip that was pulled out is not connected, and neither is the old claim later`()
        throws
    {
        let component = try component()
        var driver = try driver(component)
        wiring.lines.unplug("edge-relays")
        let vanished = DriverError(.notConnected, "line edge-relays/4: the chip is gone")
        #expect(throws: vanished) { _ = try driver.apply(1) }
        #expect(throws: vanished) { _ = try state(&driver, of: component) }
        #expect {
            _ = try self.driver(component)
        } throws: {
            ($0 as? DriverError)?.kind == .notConnected
        }
        wiring.lines.plug("edge-relays")
        #expect(throws: vanished) { _ = try driver.apply(1) }
        var fresh = try self.driver(component)
        #expect(try fresh.apply(1).value == 1)
    }

    @Test func `a line in use is reported with its user`() throws {
        let first = try driver(try component())
        let error = DriverError(
            .notConnected, "line edge-relays/4: in use by \"tidegate:pump\"")
        #expect(throws: error) { _ = try driver(try component()) }
        withExtendedLifetime(first) {}
    }

    @Test func `one line is one claim`() throws {
        let claims = try GpioRelayDriver.claims(of: try component())
        #expect(claims == [WireClaim("GPIO line edge-relays/4")])
    }
}
