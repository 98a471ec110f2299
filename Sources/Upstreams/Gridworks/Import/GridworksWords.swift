import Vocabulary

/// The words of GridWorks layouts and what they stand for.
///
/// Source: gridworks-scada-protocol 1.2.3 and gridworks-protocol 1.3.3, enumerations.
enum GridworksWords {
    /// What a TelemetryName measures, and the Unit and Exponent that a config must have for it.
    struct Telemetry {
        let unit: Unit
        let word: String
        let exponent: Int64
    }

    /// Nil for what this gateway has no unit for.
    static let telemetries: [String: Telemetry?] = [
        "PowerW": Telemetry(unit: .watt, word: "W", exponent: 0),
        "RelayState": Telemetry(unit: .onOff, word: "Unitless", exponent: 0),
        "WaterTempCTimes1000": Telemetry(unit: .celsius, word: "Celcius", exponent: 3),
        "AirTempCTimes1000": Telemetry(unit: .celsius, word: "Celcius", exponent: 3),
        "CelsiusTimes100": Telemetry(unit: .celsius, word: "Celcius", exponent: 2),
        "CurrentRmsMicroAmps": Telemetry(unit: .ampere, word: "AmpsRms", exponent: 6),
        "VoltageRmsMilliVolts": Telemetry(unit: .volt, word: "VoltsRms", exponent: 3),
        "VoltsTimesTen": Telemetry(unit: .volt, word: "VoltsRms", exponent: 1),
        "VoltsTimes100": Telemetry(unit: .volt, word: "VoltsRms", exponent: 2),
        "MicroVolts": Telemetry(unit: .volt, word: "VoltsRms", exponent: 6),
        "MilliWattHours": Telemetry(unit: .wattHour, word: "WattHours", exponent: 3),
        "WattHours": Telemetry(unit: .wattHour, word: "WattHours", exponent: 0),
        "MicroHz": Telemetry(unit: .hertz, word: "Unitless", exponent: 6),
        "HzTimes100": Telemetry(unit: .hertz, word: "Unitless", exponent: 2),
        "BinaryState": Telemetry(unit: .onOff, word: "Unitless", exponent: 0),
        "Unitless": Telemetry(unit: .unitless, word: "Unitless", exponent: 0),
        "WaterTempFTimes1000": nil, "AirTempFTimes1000": nil, "GpmTimes100": nil,
        "GallonsTimes100": nil, "ThermostatState": nil, "StorageLayer": nil, "PercentKeep": nil,
    ]

    /// The actor classes of both protocol packages and of the sources of 2026.
    static let actorClasses: Set<String> = [
        "NoActor", "PrimaryScada", "SecondaryScada", "PowerMeter", "LocalControl", "LeafAlly",
        "DerivedGenerator", "PicoCycler", "HpBoss", "I2cRelayMultiplexer", "I2cZeroTenMultiplexer",
        "Hubitat", "Relay", "MultipurposeSensor", "HoneywellThermostat", "ApiTankModule",
        "ApiFlowModule", "ZeroTenOutputer", "ApiBtuMeter", "SiegLoop", "Scada", "HomeAlone",
        "BooleanActuator", "Atn", "SimpleSensor", "Thermostat", "HubitatTelemetryReader",
        "HubitatTankModule", "HubitatPoller", "FlowTotalizer", "Admin", "Fsm", "Parentless",
        "I2cDfrMultiplexer", "AtomicAlly", "SynthGenerator", "FakeAtn", "PumpDoctor", "StratBoss",
        "HpRelayBoss", "GpioSensor", "I2cBus", "I2cRelayBoard", "I2cThermistorReader",
        "I2cDacWriter",
        "FiveVBoss",
    ]

    /// What a relay's event types switch, each event with the state that it leads to.
    static let relayEvents: [String: (stateType: String, states: [String: String])] = [
        "change.relay.state": (
            "relay.closed.or.open", ["CloseRelay": "RelayClosed", "OpenRelay": "RelayOpen"]
        ),
        "change.store.flow.relay": (
            "store.flow.relay",
            ["DischargeStore": "DischargingStore", "ChargeStore": "ChargingStore"]
        ),
        "change.heat.pump.control": (
            "heat.pump.control",
            ["SwitchToTankAquastat": "BufferTankAquastat", "SwitchToScada": "Scada"]
        ),
        "change.aquastat.control": (
            "aquastat.control.state", ["SwitchToBoiler": "Boiler", "SwitchToScada": "Scada"]
        ),
        "change.primary.pump.control": (
            "primary.pump.control", ["SwitchToHeatPump": "HeatPump", "SwitchToScada": "Scada"]
        ),
        "change.heatcall.source": (
            "heatcall.source",
            ["SwitchToWallThermostat": "WallThermostat", "SwitchToScada": "Scada"]
        ),
        "change.zone.call.source": (
            "zone.call.source",
            ["SwitchToWallThermostat": "WallThermostat", "SwitchToScada": "Scada"]
        ),
        "change.valve.state": (
            "valve.open.or.closed", ["CloseValve": "ValveClosed", "OpenValve": "ValveOpen"]
        ),
        "change.keep.send": (
            "hp.loop.keep.send", ["ChangeToKeepLess": "SendMore", "ChangeToKeepMore": "SendLess"]
        ),
    ]

    /// What each WiringConfig means for a de-energised relay.
    static let wirings = [
        "NormallyClosed": "the load is on the normally closed contact",
        "NormallyOpen": "the load is on the normally open contact",
        "DoubleThrow": "it switches between two circuits",
    ]

    /// Types of eGauge registers; `t16` is a text.
    static let egaugeTypes = ["f32": "float32", "u32": "uint32", "s64": "int64"]
    static let egaugeUnits: [String: Unit] = [
        "W": .watt, "A": .ampere, "V": .volt, "Hz": .hertz, "VA": .voltAmpere, "Wh": .wattHour,
    ]

    /// The ADS1115 converters of a TSnap1 board, in the order of its terminal blocks.
    static let tsnapAddresses: [Int64] = [0x4B, 0x49, 0x48]
    /// How its driver makes a temperature of a voltage, whatever the layout and the probe's data sheet say.
    ///
    /// Source: gridworks-scada, GridworksTsnap1_MultipurposeSensorDriver: PI_VOLTAGE, OPEN_VOLTAGE,
    /// THERMISTOR_BETA and EXP_ALPHA.
    static let tsnap = (
        supplyMillivolts: Int64(4_850), openMillivolts: Int64(4_700), beta: Int64(3_977),
        averaging: DecimalNumber(mantissa: 2, exponent: -1)
    )
}
