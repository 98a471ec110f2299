import Documents
import DriverKit
import Glibc
import Vocabulary

/// An input of an ADS1115 that steps by 1/16 mV, with a sensor at it that fits the conversion.
enum SimulatedIioAdc: SimulatedDevice {
    static let model = DriverModel(known: "iio-adc")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let settings = component.settings
        let folder = wiring.tree.folder(
            of: try settings.text("device"),
            in: SimulatedClass(
                folder: "/sys/bus/iio/devices", prefix: "iio:device", attribute: "name"),
            at: settings["address"]?.text)
        // A thermistor's voltage follows its temperature.
        let measured = component.channels.first {
            $0.source != "voltage" || settings["thermistor"] == nil
        }
        let millivolts = try millivolts(of: settings, &chance) {
            wiring.signal($0, for: measured, scale: $1)
        }
        let input = try settings.text("input")
        wiring.tree.set("\(folder)/in_\(input)_raw") { now in
            "\(Int64((millivolts(now) * 16).rounded()))\n"
        }
        wiring.tree.set("\(folder)/in_\(input)_scale", "0.062500000\n")
    }

    /// - Parameter shaping: Has a quantity be as the channel shows it, and how much of it is one of the
    ///   channel's unit.
    private static func millivolts(
        of settings: Settings, _ chance: inout SeededGenerator,
        _ shaping: (Signal, Double) -> Signal
    ) throws(DriverError) -> @Sendable (MonotonicInstant) -> Double {
        if let group = settings["thermistor"] {
            let divider = try Divider(group, settings)
            let temperature = shaping(Signal.storeTemperature(&chance), 1)
            return { divider.millivolts(at: temperature.value(at: $0)) }
        }
        let phase = Double.random(in: 0..<1, using: &chance)
        if let group = settings["linear"] {
            let from = (
                low: try group.value("fromLow", settings),
                high: try group.value("fromHigh", settings)
            )
            let to = (
                low: try group.value("toLow", settings), high: try group.value("toHigh", settings)
            )
            let signal = shaping(
                Signal.wave(
                    mean: (to.low + to.high) / 2, swing: (to.high - to.low) / 4,
                    period: .seconds(3_600), phase: phase), 1)
            return { now in
                let share = (signal.value(at: now) - to.low) / (to.high - to.low)
                return from.low + share * (from.high - from.low)
            }
        }
        let signal = shaping(
            Signal.wave(mean: 1_500, swing: 500, period: .seconds(3_600), phase: phase), 1_000)
        return { signal.value(at: $0) }
    }

    /// A thermistor and a fixed resistor between supply and ground.
    private struct Divider: Sendable {
        let beta: Double
        let resistance: Double
        let kelvin: Double
        let series: Double
        let supply: Double
        let isLow: Bool

        init(_ group: JsonNode, _ settings: Settings) throws(DriverError) {
            beta = try group.value("beta", settings)
            resistance = try group.value("r0", settings)
            kelvin = (group["t0"]?.number?.approximate ?? 25) + 273.15
            series = try group.value("seriesOhm", settings)
            supply = try group.value("supplyMillivolt", settings)
            isLow = group["thermistorSide"]?.text != "high"
        }

        func millivolts(at celsius: Double) -> Double {
            let ohm = resistance * exp(beta * (1 / (celsius + 273.15) - 1 / kelvin))
            return supply * (isLow ? ohm : series) / (ohm + series)
        }
    }
}

extension JsonNode {
    /// The member called `name` of a group, as a number.
    fileprivate func value(_ name: String, _ settings: Settings) throws(DriverError) -> Double {
        guard let number = self[name]?.number else {
            throw DriverError(
                .invalidComponent, "\(place.below(name).path): is missing, must be a number")
        }
        return number.approximate
    }
}
