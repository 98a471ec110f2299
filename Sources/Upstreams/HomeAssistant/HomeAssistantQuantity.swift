import Vocabulary

/// What Home Assistant takes a channel's values for.
///
/// Source: `components/sensor/const.py` of Home Assistant 2024.12 to 2026.11, DEVICE_CLASS_UNITS and
/// DEVICE_CLASS_STATE_CLASSES.
struct HomeAssistantQuantity: Hashable, Sendable {
    /// `device_class`; nil where it has none that fits.
    let deviceClass: String?
    /// `unit_of_measurement`, as it writes it; nil for none.
    let unit: String?
    /// `state_class`: whether it keeps statistics, and which.
    let stateClass: String

    private init(_ deviceClass: String?, _ unit: String?, _ stateClass: String = "measurement") {
        (self.deviceClass, self.unit, self.stateClass) = (deviceClass, unit, stateClass)
    }

    /// Those that a layout may ask for.
    static func classes(of channel: DataChannel, _ kind: NodeKind) -> [String] {
        switch channel.unit {
        case .onOff: kind == .relay ? ["outlet", "switch"] : contacts
        case .percent: ["battery", "humidity", "moisture"]
        case .cubicMetre: ["gas", "water", "volume", "volume_storage"]
        case .litre: ["water", "volume", "volume_storage"]
        case .partsPerMillion: ["carbon_dioxide", "carbon_monoxide"]
        case .bar, .pascal: ["pressure", "atmospheric_pressure"]
        default:
            [HomeAssistantQuantity(of: channel, for: HomeAssistantVersion(2025, 4)).deviceClass]
                .compactMap(\.self)
        }
    }

    /// Source: `components/binary_sensor/__init__.py`, BinarySensorDeviceClass.
    private static let contacts = [
        "battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door",
        "garage_door", "gas", "heat", "light", "lock", "moisture", "motion", "moving", "occupancy",
        "opening", "plug", "power", "presence", "problem", "running", "safety", "smoke", "sound",
        "tamper", "vibration", "window",
    ]

    /// The same of another class that goes with the unit.
    func named(_ deviceClass: String?, isCounter: Bool) -> HomeAssistantQuantity {
        guard let deviceClass, deviceClass != self.deviceClass else { return self }
        let isTotal = ["gas", "water", "volume"].contains(deviceClass)
        return HomeAssistantQuantity(
            deviceClass, unit,
            isTotal ? isCounter ? "total_increasing" : "total" : "measurement")
    }

    /// - Parameter version: The oldest one that is to understand it. An unknown class makes Home Assistant
    ///   refuse the entity.
    init(of channel: DataChannel, for version: HomeAssistantVersion) {
        let isCounter = channel.plausibility.isCounter
        let total = isCounter ? "total_increasing" : "total"
        let rising = isCounter ? "total_increasing" : "measurement"
        let knowsDeltas = version >= HomeAssistantVersion(2025, 12)
        // What rises and falls is what a tank holds.
        func volume(_ metered: String) -> String { isCounter ? metered : "volume_storage" }
        func has(_ words: String...) -> Bool {
            channel.source.split(separator: "-").contains { words.contains(String($0)) }
        }
        self =
            switch channel.unit {
            case .ampere: Self("current", "A")
            case .ampereHour: Self(nil, "Ah", rising)
            case .bar: Self("pressure", "bar")
            case .byte: Self("data_size", "B", rising)
            case .celsius: Self("temperature", "°C")
            case .count: Self(nil, nil, rising)
            case .cubicMetre: Self(volume(has("gas") ? "gas" : "water"), "m³", rising)
            case .cubicMetrePerHour: Self("volume_flow_rate", "m³/h")
            case .degree: Self(nil, "°")
            case .hertz: Self("frequency", "Hz")
            case .joule: Self("energy", "J", total)
            // The class for temperatures would turn a difference of 5 K into −268 °C.
            case .kelvin: Self(knowsDeltas ? "temperature_delta" : nil, "K")
            case .litre: Self(volume("water"), "L", rising)
            case .litrePerMinute: Self("volume_flow_rate", "L/min")
            case .load, .onOff, .unitless: Self(nil, nil)
            case .lux: Self("illuminance", "lx")
            case .metre: Self("distance", "m")
            case .metrePerSecond: Self("speed", "m/s")
            case .ohm: Self(nil, "Ω")
            case .pascal: Self("pressure", "Pa")
            case .partsPerMillion: Self(has("co2") ? "carbon_dioxide" : nil, "ppm")
            case .percent:
                Self(
                    has("humidity")
                        ? "humidity" : has("soc", "charge") ? "battery" : nil, "%")
            case .powerFactor: Self("power_factor", nil)
            case .revolutionPerMinute: Self(nil, "rpm")
            case .second: Self("duration", "s", rising)
            case .reactivePower: Self("reactive_power", "var")
            case .varHour:
                knowsDeltas ? Self("reactive_energy", "varh", total) : Self(nil, "varh", rising)
            case .volt: Self("voltage", "V")
            case .voltAmpere: Self("apparent_power", "VA")
            case .voltAmpereHour: Self(nil, "VAh", rising)
            case .watt: Self("power", "W")
            case .wattHour: Self("energy", "Wh", total)
            }
    }
}
