import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

/// A simulated relay takes along the twin of the channel that shows what it does.
@Suite struct `The twin of a relay's feedback` {
    private let clock = ManualClock()
    private let wiring: SimulatedWiring

    init() { wiring = SimulatedWiring(clock: clock) }

    private func relay(_ more: String) throws -> Component {
        try .sample(
            GpioRelayDriver.self, #"{"line": "board/1"\#(more)}"#, name: "pump", safeState: .off)
    }

    /// What the last of the component's channels shows, after some time in each of the relay's states.
    private func shown(
        by driver: any Driver.Type, _ settings: String, whenOn: ClosedRange<Int64>,
        source: String? = nil, relay more: String = ""
    ) throws -> [Int64] {
        let relay = try relay(more)
        let meter = try Component.sample(driver, settings, name: "meter")
        let channel = try #require(
            meter.channels.first { source == nil || $0.source == source })
        let rule = FeedbackRule(channel: channel.name, whenOn: whenOn, within: .seconds(2))
        try wiring.plugIn([relay, meter], shown: [(relay, rule)], seed: 1)
        var pump = try GpioRelayDriver(component: relay, wiring: wiring)
        var reader = try driver.init(component: meter, wiring: wiring)
        var values: [Int64] = []
        for state in [0, 1, 0, 1] {
            _ = try pump.apply(Int64(state))
            for step in 1...300 {
                clock.advance(by: .milliseconds(100))
                if step.isMultiple(of: 50) { _ = try reader.read([channel], at: clock.now) }
                if var source = reader as? any EventDriver {
                    _ = try source.takeEvents(at: clock.now)
                    reader = source
                }
            }
            values.append(
                try #require(try reader.read([channel], at: clock.now).readings().first).value)
        }
        return values
    }

    @Test(arguments: ["", #", "activeLow": true"#], ["", #", "activeLow": true"#])
    func `a contact goes with it, whatever voltage means on`(relay: String, contact: String) throws
    {
        let settings = #"{"line": "inputs/3"\#(contact)}"#
        let same = try shown(by: GpioContactDriver.self, settings, whenOn: 1...1, relay: relay)
        #expect(same == [0, 1, 0, 1])
    }

    @Test func `an inverted contact goes against it`() throws {
        let settings = #"{"line": "inputs/3", "bias": "pullUp", "activeLow": true}"#
        #expect(
            try shown(by: GpioContactDriver.self, settings, whenOn: 0...0) == [1, 0, 1, 0])
    }

    @Test func `a contact reports its change soon after, and not before the relay has switched`()
        throws
    {
        let relay = try relay("")
        let contact = try Component.sample(
            GpioContactDriver.self, #"{"line": "inputs/3"}"#, name: "meter")
        let rule = FeedbackRule(channel: "meter-state", whenOn: 1...1, within: .seconds(2))
        try wiring.plugIn([relay, contact], shown: [(relay, rule)], seed: 1)
        var pump = try GpioRelayDriver(component: relay, wiring: wiring)
        var reader = try GpioContactDriver(component: contact, wiring: wiring)
        clock.advance(by: .seconds(600))
        #expect(try reader.takeEvents(at: clock.now) == [])
        _ = try pump.apply(1)
        let switched = clock.now
        clock.advance(by: .milliseconds(100))
        let events = try reader.takeEvents(at: clock.now)
        #expect(events.map(\.reading.value) == [1] && events.allSatisfy { $0.at > switched })
    }

    @Test(arguments: [
        (#"{"bus": "b", "unit": 1, "profile": "eastron-sdm120"}"#, "power-active", Int64(5_000))
    ])
    func `a meter shows more than the threshold while it is on, and less while it is off`(
        settings: String, source: String, threshold: Int64
    ) throws {
        let values = try shown(
            by: ModbusMeterDriver.self, settings, whenOn: threshold ... .max, source: source)
        #expect(values.map { $0 >= threshold } == [false, true, false, true])
    }

    @Test(arguments: [
        (#"{"chip": "x", "input": "curr1"}"#, Int64(2_000)),
        (#"{"chip": "x", "input": "power1"}"#, 500_000_000),
        (#"{"chip": "x", "input": "temp1"}"#, -5_000), (#"{"chip": "x", "input": "fan1"}"#, 900),
    ])
    func `a chip's input does`(settings: String, threshold: Int64) throws {
        let values = try shown(by: HwmonDriver.self, settings, whenOn: threshold ... .max)
        #expect(values.map { $0 >= threshold } == [false, true, false, true])
    }

    @Test(arguments: [
        (#"{"device": "ads1015", "input": "voltage0"}"#, Int64(1_000)),
        (
            #"""
            {"device": "ads1015", "input": "voltage0", "linear": {"fromLow": 400, "fromHigh": 2000,
             "toLow": 0, "toHigh": 20, "unit": "ampere", "exponent": -2}}
            """#, 300
        ),
        (
            #"""
            {"device": "ads1015", "input": "voltage0", "thermistor": {"beta": 3950, "r0": 10000,
             "seriesOhm": 10000, "supplyMillivolt": 3300}}
            """#, 40_000
        ),
    ])
    func `an analogue input does`(settings: String, threshold: Int64) throws {
        let values = try shown(by: IioAdcDriver.self, settings, whenOn: threshold ... .max)
        #expect(values.map { $0 >= threshold } == [false, true, false, true], "\(values)")
    }

    @Test func `a flow meter gives pulses only while it is on, and enough of them`() throws {
        let settings = #"{"line": "inputs/3", "quantity": "volume", "pulsesPer": 10}"#
        let threshold: Int64 = 20_000
        let values = try shown(
            by: GpioPulseCounterDriver.self, settings, whenOn: threshold ... .max, source: "rate")
        #expect(values.map { $0 >= threshold } == [false, true, false, true], "\(values)")
    }

    @Test func `nodes that a reload brings find the lines of those that are there`() throws {
        let relay = try relay("")
        try wiring.plugIn([relay], seed: 1)
        var pump = try GpioRelayDriver(component: relay, wiring: wiring)
        let contact = try Component.sample(
            GpioContactDriver.self, #"{"line": "inputs/3"}"#, name: "meter")
        let rule = FeedbackRule(channel: "meter-state", whenOn: 1...1, within: .seconds(2))
        let later = SimulatedWiring(clock: clock, lines: wiring.lines)
        _ = try pump.apply(1)
        try later.plugIn([contact], shown: [(relay, rule)], seed: 1)
        var reader = try GpioContactDriver(component: contact, wiring: later)
        clock.advance(by: .seconds(1))
        #expect(try reader.read(contact.channels, at: clock.now).map(\.value) == [1])
        _ = try pump.apply(0)
        clock.advance(by: .seconds(1))
        #expect(try reader.takeEvents(at: clock.now).last?.reading.value == 0)
    }
}
