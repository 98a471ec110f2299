/// A GridWorks layout as large as those of real houses, made of the forms that these have.
struct MadeHouse {
    private var nodes: [String] = []
    private var channels: [String] = []
    private var components: [String] = []
    private var tunings: [String] = []
    private(set) var channelCount = 0

    /// A house of April 2026: relay boards, a TSnap1, an eGauge, Picos, thermostats behind a hub, 0-10 V.
    static let beech: MadeHouse = {
        var house = MadeHouse()
        house.addMeter(7)
        house.addThermistors(4)
        house.addBoards(relays: 16)
        for tank in ["buffer", "tank1", "tank2", "tank3"] { house.addTank(tank) }
        for flow in ["dist-flow", "primary-flow", "store-flow"] { house.addFlow(flow) }
        house.addChannels(["sieg-flow"], by: "sieg-flow", "ApiFlowModule", "GpmTimes100") {
            #""TypeName": "pico.flow.module.component.gt", "HwUid": "pico_5a7b9c""# + $0
        }
        for zone in ["zone1-down", "zone2-up"] { house.addThermostat(zone) }
        house.addOutputs(["dist-010v", "primary-010v", "store-010v"])
        return house
    }()

    /// A house of March 2026 with a GW108 board, an eGauge and Picos.
    static let spruce: MadeHouse = {
        var house = MadeHouse()
        house.addMeter(5)
        for (zone, pin) in [("zone1", 17), ("zone2", 27), ("zone4", 10)] {
            house.addContact(zone, pin)
        }
        house.addBoardRelay()
        house.addReader(["zone1", "zone2", "zone4"])
        for tank in ["buffer", "tank1", "pipes1", "floor1", "floor2"] { house.addTank(tank) }
        for meter in ["store", "dist"] { house.addBtu(meter) }
        return house
    }()

    /// The layout, with its periods in the configs.
    var text: String { document(isTuned: false) }

    /// The form of June 2026, whose periods are in `params`.
    var listed: String { document(isTuned: true) }

    var params: String {
        #"{"TypeName": "gw.house0.operational.params", "CaptureTuningList": ["#
            + tunings.joined(separator: ",\n") + "]}"
    }

    private func document(isTuned: Bool) -> String {
        func id(_ last: Int) -> String { Self.id(0xA0 + last) }
        let names =
            isTuned
            ? """
            "GNodes": [
              {"Alias": "d1.demo.house", "BaseClass": "LeafTransactiveNode"},
              {"Alias": "d1.demo.house.ta", "BaseClass": "TerminalAsset"},
              {"Alias": "d1.demo.house.scada", "BaseClass": "Logical", "GNodeClass": "Scada",
               "GNodeId": "\(id(2))"}],
            """
            : """
            "MyLeafTransactiveNodeGNode": {"Alias": "d1.demo.house", "GNodeId": "\(id(1))"},
            "MyScadaGNode": {"Alias": "d1.demo.house.scada", "GNodeId": "\(id(2))"},
            "MyTerminalAssetGNode": {"Alias": "d1.demo.house.ta", "GNodeId": "\(id(3))"},
            """
        let inside = components.map { component in
            guard isTuned else { return component }
            return component.replacing(Self.periods, with: "")
        }
        return """
            {\(names)
             "ShNodes": [\(nodes.joined(separator: ",\n  "))],
             "DataChannels": [\(channels.joined(separator: ",\n  "))],
             "DeviceTypes": [\(Self.types)],
             "\(isTuned ? "Components" : "OtherComponents")": [\(inside.joined(separator: ",\n  "))],
             "DerivedChannels": [
              {"Name": "transactive-power", "Strategy": "transactive-power",
               "InputChannelNames": ["load1-pwr"]},
              {"Name": "usable-energy", "Strategy": "system-model"}]}
            """
    }

    private static let types = """
        {"DeviceType": "EgaugePowerMeter", "MinPollPeriodMs": 1000},
        {"DeviceType": "GridworksTsnap1ScadaBoard", "AdsI2cAddressList": [75, 73, 72],
         "TotalTerminalBlocks": 12}
        """
    private static let periods =
        #", "PollPeriodMs": 1000, "CapturePeriodS": 300, "AsyncCapture": true, "AsyncCaptureDelta": 5"#

    private static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        let zeros = String(repeating: "0", count: 12 - digits.count)
        return "c0ffee00-0000-4000-8000-\(zeros)\(digits)"
    }

    // MARK: parts

    private mutating func addNode(_ name: String, _ actorClass: String, _ more: String = "") {
        let id = Self.id(nodes.count)
        nodes.append(
            """
            {"Name": "\(name)", "ActorClass": "\(actorClass)", "DisplayName": "The \(name)",
             "ShNodeId": "\(id)"\(more)}
            """)
    }

    private init() { addNode("s", "PrimaryScada") }

    private mutating func addChannel(
        _ name: String, about: String, by node: String, _ telemetry: String
    ) {
        channelCount += 1
        channels.append(
            """
            {"Name": "\(name)", "DisplayName": "Series \(name)", "AboutNodeName": "\(about)",
             "CapturedByNodeName": "\(node)", "TelemetryName": "\(telemetry)",
             "Id": "\(Self.id(0x1000 + channelCount))"}
            """)
        tunings.append(
            """
            {"ChannelName": "\(name)", "PollPeriodMs": 2000, "CapturePeriodS": 60,
             "AsyncCapture": true, "AsyncCaptureDelta": 7}
            """)
    }

    /// A component of `node`; `configs` are the members of each config beside its channel and periods.
    private mutating func addComponent(
        _ members: String, _ configs: [(channel: String, members: String)]
    ) -> String {
        let id = "component-\(components.count)"
        let list = configs.map {
            #"{"ChannelName": "\#($0.channel)"\#(Self.periods)\#($0.members)}"#
        }
        components.append(
            """
            {"ComponentId": "\(id)", \(members), "ConfigList": [\(list.joined(separator: ",\n    "))]}
            """)
        return id
    }

    private mutating func addActor(_ name: String, _ actorClass: String, _ component: String) {
        addNode(
            name, actorClass,
            #", "ActorHierarchyName": "s.\#(name)", "ComponentId": "\#(component)""#)
    }

    private mutating func addMeter(_ count: Int) {
        let configs = (1...count).map { number in
            (
                channel: "load\(number)-pwr",
                members: """
                , "Exponent": 0, "Unit": "W", "EgaugeRegisterConfig": {"Address": \(9_000 + 2 * number),
                 "Type": "f32", "Denominator": 1, "Unit": "W"}
                """
            )
        }
        let id = addComponent(
            """
            "DeviceType": "EgaugePowerMeter", "TypeName": "electric.meter.component.gt",
            "ModbusHost": "egauge.invalid"
            """, configs)
        addActor("power-meter", "PowerMeter", id)
        for number in 1...count {
            addNode("load\(number)", "NoActor", #", "NameplatePowerW": 4500"#)
            addChannel("load\(number)-pwr", about: "load\(number)", by: "power-meter", "PowerW")
        }
    }

    private mutating func addThermistors(_ count: Int) {
        let configs = (1...count).map { block in
            (
                channel: "pipe\(block)",
                members: """
                , "Exponent": 3, "Unit": "Celcius", "TerminalBlockIdx": \(block + 3),
                 "ThermistorDeviceType": "TewaThermistor",
                 "DataProcessingMethod": "\(block == 1 ? "SimpleBeta" : "BetaWithExponentialAveraging")"
                """
            )
        }
        let id = addComponent(
            """
            "DeviceType": "GridworksTsnap1ScadaBoard", "TypeName": "ads111x.based.component.gt",
            "OpenVoltageByAds": [4.95, 4.95, 4.95]
            """, configs)
        addActor("analog-temp", "MultipurposeSensor", id)
        for block in 1...count {
            addNode("pipe\(block)", "NoActor")
            addChannel(
                "pipe\(block)", about: "pipe\(block)", by: "analog-temp", "WaterTempCTimes1000")
        }
    }

    private static func relay(_ actor: String, _ index: Int) -> String {
        """
        , "Exponent": 0, "Unit": "Unitless", "RelayIdx": \(index), "ActorName": "\(actor)",
         "WiringConfig": "NormallyClosed", "EventType": "change.relay.state",
         "DeEnergizingEvent": "CloseRelay", "EnergizingEvent": "OpenRelay",
         "DeEnergizedState": "RelayClosed", "EnergizedState": "RelayOpen"
        """
    }

    private mutating func addBoards(relays: Int) {
        let id = addComponent(
            """
            "DeviceType": "KridaDoubleRelayBoard16", "I2cAddressList": [32, 33],
            "TypeName": "i2c.multichannel.dt.relay.component.gt"
            """, (1...relays).map { ("relay\($0)-state", Self.relay("relay\($0)", $0)) })
        addActor("relay-multiplexer", "I2cRelayMultiplexer", id)
        for index in 1...relays {
            addActor("relay\(index)", "Relay", id)
            addChannel(
                "relay\(index)-state", about: "relay\(index)", by: "relay-multiplexer", "RelayState"
            )
        }
    }

    private mutating func addChannels(
        _ names: [String], by node: String, _ actorClass: String, _ telemetry: String,
        _ component: (String) -> String
    ) {
        let id = addComponent(
            component(#", "DeviceType": "PicoX""#),
            names.map { ($0, #", "Exponent": 3, "Unit": "X""#) })
        addActor(node, actorClass, id)
        for name in names { addChannel(name, about: node, by: node, telemetry) }
    }

    private mutating func addTank(_ name: String) {
        let depths = (1...3).flatMap {
            ["\(name)-depth\($0)-device", "\(name)-depth\($0)-micro-v"]
        }
        addChannels(depths, by: name, "ApiTankModule", "WaterTempCTimes1000") {
            #""TypeName": "pico.tank.module.component.gt", "PicoHwUid": "pico_1a2b3c""# + $0
        }
    }

    private mutating func addFlow(_ name: String) {
        addChannels([name, "\(name)-hz"], by: name, "ApiFlowModule", "GpmTimes100") {
            #""TypeName": "pico.flow.module.component.gt", "HwUid": "pico_5a7b9c""# + $0
        }
    }

    private mutating func addBtu(_ name: String) {
        let series = ["\(name)-flow", "\(name)-hot", "\(name)-cold"]
        addChannels(series, by: "\(name)-btu", "ApiBtuMeter", "CelsiusTimes100") {
            #""TypeName": "pico.btu.meter.component.gt", "HwUid": "pico_7d8e9f""# + $0
        }
    }

    private mutating func addThermostat(_ zone: String) {
        let series = ["\(zone)-temp", "\(zone)-set", "\(zone)-state"]
        addChannels(series, by: "\(zone)-stat", "HoneywellThermostat", "AirTempFTimes1000") {
            #""TypeName": "hubitat.poller.component.gt""# + $0
        }
    }

    private mutating func addOutputs(_ names: [String]) {
        let id = addComponent(
            """
            "DeviceType": "DfrTimes2", "TypeName": "dfr.component.gt", "I2cAddressList": [94, 95]
            """,
            names.enumerated().map {
                (
                    $0.element,
                    """
                    , "Exponent": 1, "Unit": "VoltsRms", "OutputIdx": \($0.offset + 1),
                     "InitialVoltsTimes100": 20
                    """
                )
            })
        addActor("zero-ten-multiplexer", "I2cZeroTenMultiplexer", id)
        for name in names {
            addNode(name, "ZeroTenOutputer", #", "ActorHierarchyName": "s.\#(name)""#)
            addChannel(name, about: name, by: "zero-ten-multiplexer", "VoltsTimesTen")
        }
    }

    private mutating func addContact(_ zone: String, _ pin: Int) {
        let id = addComponent(
            """
            "DeviceType": "GridworksGw108", "TypeName": "gw108.gpio.sensor.component.gt",
            "GpioPin": \(pin), "SenseMode": "Polling"
            """, [("\(zone)-opto-input", #", "Exponent": 0, "Unit": "Unitless""#)])
        addNode("\(zone)-whitewire", "NoActor")
        addActor("\(zone)-opto", "GpioSensor", id)
        addChannel(
            "\(zone)-opto-input", about: "\(zone)-whitewire", by: "\(zone)-opto", "BinaryState")
    }

    private mutating func addBoardRelay() {
        let id = addComponent(
            """
            "DeviceType": "GridworksGw108", "TypeName": "gw108.vdc.relay.component.gt", "GpioPin": 23
            """, [("vdc-relay", Self.relay("vdc-relay-gpio-23", 1))])
        addActor("vdc-relay-gpio-23", "Relay", id)
        addChannel(
            "vdc-relay", about: "vdc-relay-gpio-23", by: "vdc-relay-gpio-23", "RelayState")
    }

    private mutating func addReader(_ zones: [String]) {
        let id = addComponent(
            """
            "DeviceType": "GridworksGw108", "TypeName": "i2c.thermistor.reader.component.gt",
            "Bus": "i2c-1", "AdcAddress": 73, "AdcReferenceVolts": 3.3, "SeriesResistanceKOhms": 5.6,
            "TempCalcMethod": "SimpleBeta"
            """,
            zones.enumerated().flatMap { index, zone in
                [("temp", 2, "Celcius"), ("microvolts", 6, "VoltsRms")].map {
                    (
                        "\(zone)-gw-\($0.0)",
                        """
                        , "Exponent": \($0.1), "Unit": "\($0.2)", "AdcChannel": "P\(index)",
                         "ThermistorBeta": 3977
                        """
                    )
                }
            })
        addActor("gw108-thermistor-reader", "I2cThermistorReader", id)
        for zone in zones {
            addNode(zone, "NoActor")
            for (word, telemetry) in [("temp", "CelsiusTimes100"), ("microvolts", "MicroVolts")] {
                addChannel(
                    "\(zone)-gw-\(word)", about: zone, by: "gw108-thermistor-reader", telemetry)
            }
        }
    }
}
