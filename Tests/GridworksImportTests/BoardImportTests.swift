import Documents
import DriverKit
import Drivers
import Gridworks
import Layouts
import StandardCodecs
import Testing
import Vocabulary

/// A GW108 board in the form of June 2026: its pins have names, and what sits on it says which.
@Suite("A GW108 board") struct BoardImportTests {
    static let text = """
        {"TypeName": "gw.nolan.layout", "GNodes": [
          {"Alias": "d1.demo", "BaseClass": "LeafTransactiveNode"},
          {"Alias": "d1.demo.ta", "BaseClass": "TerminalAsset"},
          {"Alias": "d1.demo.scada", "BaseClass": "Logical", "GNodeClass": "Scada",
           "GNodeId": "0dbb2fb3-5db2-4391-bbd8-fc43e311fbce"}],
         "ShNodes": [
          {"Name": "s", "ActorClass": "PrimaryScada"},
          {"Name": "gw108", "ActorClass": "NoActor", "ComponentId": "board"},
          {"Name": "i2c-bus", "ActorClass": "I2cBus"},
          {"Name": "garage", "ActorClass": "NoActor"},
          {"Name": "vdc-relay", "ActorClass": "Relay", "ComponentId": "vdc"},
          {"Name": "valve-relay", "ActorClass": "Relay", "ComponentId": "valve"},
          {"Name": "garage-opto", "ActorClass": "GpioSensor", "ComponentId": "opto"},
          {"Name": "reader", "ActorClass": "I2cThermistorReader", "ComponentId": "adc"},
          {"Name": "flow", "ActorClass": "SimSensorActor", "ComponentId": "sim"}],
         "Components": [
          {"ComponentId": "board", "DeviceType": "Gw108", "TypeName": "scada.board.component.gt"},
          {"ComponentId": "vdc", "BoardComponentId": "board", "GpioName": "Vdc",
           "TypeName": "gpio.relay.component.gt", "ConfigList": [
            {"ChannelName": "vdc-relay", "ActorName": "vdc-relay", "WiringConfig": "NormallyClosed",
             "EventType": "change.relay.state", "StateType": "relay.closed.or.open",
             "DeEnergizingEvent": "CloseRelay", "DeEnergizedState": "RelayClosed",
             "EnergizingEvent": "OpenRelay", "EnergizedState": "RelayOpen"}]},
          {"ComponentId": "valve", "BoardComponentId": "board", "RelayName": "IsoValve",
           "TypeName": "i2c.relay.component.gt", "ConfigList": [
            {"ChannelName": "valve-relay", "ActorName": "valve-relay", "WiringConfig": "DoubleThrow",
             "EventType": "change.valve.state", "StateType": "valve.open.or.closed",
             "DeEnergizingEvent": "CloseValve", "DeEnergizedState": "ValveClosed",
             "EnergizingEvent": "OpenValve", "EnergizedState": "ValveOpen"}]},
          {"ComponentId": "opto", "BoardComponentId": "board", "GpioName": "Zone4Whitewire",
           "TypeName": "gpio.sensor.component.gt", "SenseMode": "Polling"},
          {"ComponentId": "adc", "BoardComponentId": "board", "AdcName": "Thermistors",
           "TypeName": "i2c.thermistor.reader.component.gt", "ConfigList": [
            {"ChannelName": "garage-temp", "AdcChannel": "P3", "ThermistorBeta": 3977},
            {"ChannelName": "garage-microvolts", "AdcChannel": "P3", "ThermistorBeta": 3977}]},
          {"ComponentId": "sim", "DeviceType": "SimSensor", "TypeName": "sim.sensor.component.gt"}],
         "DeviceTypes": [
          {"DeviceType": "Gw108",
           "NativeGpioInputs": [{"Name": "Zone4Whitewire", "BcmPin": 10}],
           "NativeGpioOutputs": [{"Name": "Vdc", "BcmPin": 23}],
           "Expanders": [{"ExpanderIdx": 2, "I2cAddress": 33}],
           "I2cRelays": [
            {"RelayName": "IsoValve", "ExpanderIdx": 2, "RegisterIndex": 3, "BitIndex": 2}],
           "ThermistorAdcs": [{"Name": "Thermistors", "I2cAddress": 73, "AdcReferenceVolts": 3.3,
             "SeriesResistanceKOhms": 5.65}]}],
         "DataChannels": [
          {"Name": "vdc-relay", "AboutNodeName": "vdc-relay", "CapturedByNodeName": "vdc-relay",
           "TelemetryName": "RelayState"},
          {"Name": "valve-relay", "AboutNodeName": "valve-relay", "CapturedByNodeName": "valve-relay",
           "TelemetryName": "RelayState"},
          {"Name": "garage-opto-input", "AboutNodeName": "garage", "CapturedByNodeName": "garage-opto",
           "TelemetryName": "BinaryState"},
          {"Name": "garage-temp", "AboutNodeName": "garage", "CapturedByNodeName": "reader",
           "TelemetryName": "CelsiusTimes100"},
          {"Name": "garage-microvolts", "AboutNodeName": "garage", "CapturedByNodeName": "reader",
           "TelemetryName": "MicroVolts"},
          {"Name": "flow", "AboutNodeName": "flow", "CapturedByNodeName": "flow",
           "TelemetryName": "GpmTimes100"}]}
        """

    private func made(_ text: String = text) throws -> LayoutImport {
        let (read, problems) = GridworksLayout.read(Array(text.utf8))
        #expect(problems.map(\.description) == [])
        return LayoutImport(try #require(read))
    }

    private func component(_ name: String) throws -> Component {
        let (read, problems) = LayoutReader.read(
            Array(try made().text.utf8), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        return try #require(read?.nodes.first { $0.name.text == name }).component
    }

    @Test func `has its contacts and relays on the pins that it names`() throws {
        let contact = try component("garage-opto")
        #expect(try contact.settings.line("line") == LineAddress("pinctrl-bcm2711/10"))
        #expect(contact.channels.map(\.name) == ["garage-opto-input"])
        #expect(try !contact.settings.flag("activeLow"))
        let relay = try component("vdc-relay")
        #expect(try relay.settings.line("line") == LineAddress("pinctrl-bcm2711/23"))
        #expect(relay.safeState == .off && !relay.isSimulated)
    }

    @Test func `has relays on an expander simulated until their level is known`() throws {
        let valve = try component("valve-relay")
        #expect(valve.isSimulated)
        let made = try made()
        #expect(made.notes.contains { $0.contains("find out whether low voltage energises") })
        // Bit 2 of register 3 is pin 10, the third in the third row of four.
        let rows = made.text.split(separator: "\n").filter { $0.contains("\"\"") }
        #expect(rows.count == 4)
        #expect(rows[2].contains("\"\", \"\", \"valve-relay\", \"\""))
    }

    @Test func `has each thermistor with its temperature and its voltage`() throws {
        let input = try component("garage-temp")
        #expect(input.channels.map(\.name) == ["garage-temp", "garage-microvolts"])
        #expect(input.channels.map(\.source) == ["temperature", "voltage"])
        #expect(input.channels.map(\.exponent) == [-2, -6])
        #expect(try input.settings.text("input") == "voltage3")
        #expect(try input.settings.text("address") == "i2c/1-0049")
        let thermistor = input.settings["thermistor"]
        #expect(thermistor?["seriesOhm"]?.number?.wholeSteps(exponent: 0) == 5_650)
        #expect(thermistor?["supplyMillivolt"]?.number?.wholeSteps(exponent: 0) == 3_300)
    }

    @Test func `has what is unknown on it named once, with all its channels`() throws {
        let notes = try made().notes.filter { $0.contains("SimSensorActor") }
        #expect(
            notes == [
                "not imported: flow (SimSensorActor, SimSensor): ActorClass SimSensorActor is unknown; "
                    + "channels flow"
            ])
        #expect(try made().notes.count { $0.contains("flow") } == 1)
    }

    @Test(arguments: [
        (
            #""GpioName": "Vdc""#, #""GpioName": "Vdd""#,
            "Gw108 has none of that name in NativeGpioOutputs; did you"
        ),
        (#""BcmPin": 10"#, #""BcmPin": 64"#, "must be a whole number from 0 to 63"),
        (#""BcmPin": 10"#, #""BcmPin": 23"#, "GPIO pin 23 is already in use by"),
        (#""RelayName": "IsoValve","#, #""RelayName": 7,"#, "must be a text"),
        (#""ExpanderIdx": 2, "Reg"#, #""ExpanderIdx": 3, "Reg"#, "has no expander 3"),
        (
            #""BoardComponentId": "board", "AdcName""#, #""BoardComponentId": "b", "AdcName""#,
            "no component b"
        ),
        (#""AdcChannel": "P3""#, #""AdcChannel": "P4""#, "P4 must be one of P0, P1, P2, P3"),
        (#""I2cAddress": 73"#, #""I2cAddress": 32"#, "32 is no address of an ADS1115"),
        (
            #""TelemetryName": "MicroVolts""#, #""TelemetryName": "CelsiusTimes100""#,
            "already in use"
        ),
        (#""AdcName": "Thermistors""#, #""AdcName": "Amperes""#, "Gw108 has none of that name"),
        (#""SeriesResistanceKOhms": 5.65"#, #""SeriesResistanceKOhms": 0"#, "a number above 0"),
        (
            #""ComponentId": "adc"},"#, #""ComponentId": "opto"},"#,
            "has 3 channels; a relay or contact"
        ),
        (
            #""ComponentId": "adc"},"#, #""ComponentId": "opto"},"#,
            "I2cThermistorReader reader needs"
        ),
        (#""GNodeId": "0"#, #""GNodeId": "x"#, "is not a UUID of version 4"),
    ])
    func `with a mistake has it reported with its place`(
        _ old: String, _ new: String, _ message: String
    ) {
        #expect(Self.text.contains(old))
        let problems = GridworksLayout.read(Array(Self.text.replacing(old, with: new).utf8))
            .problems.map(\.description)
        #expect(problems.contains { $0.contains(message) && $0.contains("line ") }, "\(problems)")
    }

    @Test(arguments: [
        ("{}", "CaptureTuningList is missing"),
        (#"{"ShNodes": []}"#, "this looks like the layout itself"),
        (
            #"{"CaptureTuningList": [{"ChannelName": "x", "AsyncCapture": true}]}"#,
            "CapturePeriodS is missing"
        ),
        (
            """
            {"CaptureTuningList": [
              {"ChannelName": "x", "AsyncCapture": true, "CapturePeriodS": 60},
              {"ChannelName": "x", "AsyncCapture": true, "CapturePeriodS": 60}]}
            """, "channel x is tuned twice"
        ),
    ])
    func `has mistakes in its operational parameters reported, too`(text: String, message: String) {
        let read = GridworksTunings.read(Array(text.utf8))
        #expect(read.tunings == nil)
        #expect(
            read.problems.contains { "\($0)".contains(message) }, "\(read.problems.map { "\($0)" })"
        )
    }
}
