import Documents
import Fakes
import Testing
import Vocabulary

@testable import HomeAssistant

/// Classes, units and kinds of statistics. What does not fit makes Home Assistant refuse the entity.
@Suite struct `A unit in Home Assistant's words` {
    /// What each class takes in Home Assistant 2025.4: units, then state classes.
    ///
    /// Source: `components/sensor/const.py`, DEVICE_CLASS_UNITS and DEVICE_CLASS_STATE_CLASSES.
    private static let classes: [String: (units: Set<String?>, states: Set<String>)] = {
        let totals: Set = ["total", "total_increasing"]
        let all = totals.union(["measurement"])
        let measured: Set = ["measurement"]
        return [
            "current": (["A", "mA"], measured), "pressure": (["Pa", "bar"], measured),
            "data_size": (["B"], all), "temperature": (["°C", "°F", "K"], measured),
            "gas": (["m³", "ft³", "CCF"], totals), "water": (["m³", "L", "gal"], totals),
            "volume_storage": (["m³", "L"], measured),
            "volume_flow_rate": (["m³/h", "L/min", "mL/s"], measured),
            "frequency": (["Hz"], measured), "energy": (["J", "Wh", "kWh"], totals),
            "illuminance": (["lx"], measured), "distance": (["m"], all),
            "speed": (["m/s"], measured), "carbon_dioxide": (["ppm"], measured),
            "humidity": (["%"], measured), "battery": (["%"], measured),
            "power_factor": (["%", nil], measured), "duration": (["s"], all),
            "reactive_power": (["var"], measured), "voltage": (["V"], measured),
            "apparent_power": (["VA"], measured), "power": (["W"], measured),
        ]
    }()
    /// Those that came with 2025.12.
    private static let newer: [String: (units: Set<String?>, states: Set<String>)] = [
        "reactive_energy": (["varh"], ["total", "total_increasing"]),
        "temperature_delta": (["K"], ["measurement"]),
    ]

    private func quantities(_ version: String) -> [(Unit, Bool, HomeAssistantQuantity)] {
        guard let version = HomeAssistantVersion(version) else { return [] }
        let sources = ["value", "gas", "co2", "humidity", "state-of-charge"]
        return Unit.allCases.flatMap { unit in
            [true, false].flatMap { isCounter in
                sources.map { source in
                    let channel = House.channel(
                        "a", of: "meter", source, unit, isCounter: isCounter)
                    return (unit, isCounter, HomeAssistantQuantity(of: channel, for: version))
                }
            }
        }
    }

    @Test(arguments: ["2025.4", "2025.12"])
    func `has a class that takes it, with statistics that the class takes`(version: String) {
        let classes =
            version == "2025.4" ? Self.classes : Self.classes.merging(Self.newer) { $1 }
        let quantities = quantities(version)
        #expect(quantities.count == Unit.allCases.count * 10)
        for (unit, isCounter, quantity) in quantities {
            if let name = quantity.deviceClass {
                let known = classes[name]
                #expect(known?.units.contains(quantity.unit) == true, "\(unit): \(quantity)")
                #expect(known?.states.contains(quantity.stateClass) == true, "\(unit): \(quantity)")
            }
            // What only rises may be reset, and only so is that not taken for a loss.
            let rises: Set<Unit> = [
                .wattHour, .litre, .cubicMetre, .joule, .count, .byte, .ampereHour, .second,
                .varHour, .voltAmpereHour,
            ]
            if isCounter, rises.contains(unit) {
                #expect(quantity.stateClass == "total_increasing", "\(unit)")
            }
        }
    }

    @Test func `is of the newer classes only where every Home Assistant knows them`() {
        func classes(_ version: String) -> Set<String> {
            Set(quantities(version).compactMap(\.2.deviceClass))
        }
        #expect(classes("2025.4").isDisjoint(with: Self.newer.keys))
        #expect(classes("2025.12").isSuperset(of: Self.newer.keys))
    }

    @Test func `is ready for the energy dashboard`() throws {
        func quantity(_ source: String, _ unit: Unit, _ isCounter: Bool) -> [String?] {
            let channel = House.channel("a", of: "meter", source, unit, isCounter: isCounter)
            let found = HomeAssistantQuantity(of: channel, for: HomeAssistantVersion(2025, 4))
            return [found.deviceClass, found.unit, found.stateClass]
        }
        #expect(quantity("energy-import", .wattHour, true) == ["energy", "Wh", "total_increasing"])
        #expect(quantity("power-active", .watt, false) == ["power", "W", "measurement"])
        #expect(quantity("gas", .cubicMetre, true) == ["gas", "m³", "total_increasing"])
        #expect(quantity("total", .litre, true) == ["water", "L", "total_increasing"])
        #expect(quantity("level", .litre, false) == ["volume_storage", "L", "measurement"])
    }

    @Test func `may have each class that a layout may ask for`() {
        let volumes: [String: (units: Set<String?>, states: Set<String>)] = [
            "moisture": (["%"], ["measurement"]), "carbon_monoxide": (["ppm"], ["measurement"]),
            "volume": (["m³", "L"], ["total", "total_increasing"]),
            "atmospheric_pressure": (["Pa", "bar"], ["measurement"]),
        ]
        let classes = Self.classes.merging(volumes) { $1 }
        for unit in Unit.allCases where unit != .onOff {
            for isCounter in [true, false] {
                let channel = House.channel("a", of: "meter", "value", unit, isCounter: isCounter)
                let usual = HomeAssistantQuantity(of: channel, for: HomeAssistantVersion(2025, 4))
                for name in HomeAssistantQuantity.classes(of: channel, .meter) {
                    let quantity = usual.named(name, isCounter: isCounter)
                    #expect(classes[name]?.units.contains(quantity.unit) == true, "\(unit) \(name)")
                    #expect(
                        classes[name]?.states.contains(quantity.stateClass) == true,
                        "\(unit) \(name)")
                }
            }
        }
    }

    @Test func `comes with a version that is a year and a month`() {
        for text in ["2025.4", "2025.12", "2024.12.3"] {
            #expect(HomeAssistantVersion(text) != nil, "\(text)")
        }
        for text in ["2025", "2025.13", "2025.0", "a.b", "2025.4.1.2", "", "2025.", "-2025.4"] {
            #expect(HomeAssistantVersion(text) == nil, "\(text)")
        }
        #expect(HomeAssistantVersion(2025, 4) < HomeAssistantVersion(2025, 12))
        #expect(HomeAssistantVersion(2025, 12) < HomeAssistantVersion(2026, 1))
    }
}
