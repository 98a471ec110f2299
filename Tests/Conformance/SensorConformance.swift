import DriverKit
import Vocabulary

/// What every driver that measures owes its node.
public enum SensorConformance {
    /// Opens the driver and reads it, and returns every promise that it breaks; none when all is well.
    ///
    /// The device behind `wiring` must be there and well.
    public static func broken(
        by driver: any Driver.Type, _ component: Component, _ wiring: any Wiring,
        at now: MonotonicInstant
    ) -> [String] {
        do {
            var driver = try driver.init(component: component, wiring: wiring)
            var broken = promises(of: type(of: driver))
            let all = component.channels
            broken += try differences(driver.read(all, at: now).readings(), all)
            for channel in all {
                broken += try differences(driver.read([channel], at: now).readings(), [channel])
            }
            broken += try differences(driver.read([], at: now).readings(), [])
            let reversed = Array(all.reversed())
            broken += try differences(driver.read(reversed, at: now).readings(), reversed)
            if all.isEmpty { broken.append("it offers no channel") }
            return broken
        } catch {
            return ["\(error.kind): \(error.detail)"]
        }
    }

    private static func promises(of driver: any Driver.Type) -> [String] {
        let description = driver.description
        var broken: [String] = []
        for (what, text) in [
            ("title", description.title), ("wire", description.wire),
            ("source", description.source),
        ] where text.isEmpty {
            broken.append("\(description.model): its \(what) is empty")
        }
        if description.kinds.isEmpty {
            broken.append("\(description.model): it is no kind of node")
        }
        for setting in description.settings where !setting.help.hasSuffix(".") {
            broken.append("\(description.model): the help of \(setting.name) is no sentence")
        }
        return broken
    }

    /// One reading for each due channel, in order, good and plausible.
    private static func differences(_ readings: [Reading], _ due: [DataChannel]) -> [String] {
        guard readings.map({ $0.channel }) == due.map({ $0.name }) else {
            return ["asked for \(due.map { $0.name }), it read \(readings.map { $0.channel })"]
        }
        return zip(readings, due).compactMap { reading, channel in
            let isPlausible =
                channel.plausibility.range.contains(reading.value)
                && !channel.plausibility.powerOnValues.contains(reading.value)
            return reading.quality == .good && isPlausible
                ? nil : "channel \(channel.name): \(channel.text(reading.value)) is implausible"
        }
    }
}

extension [Answer] {
    /// The readings where every channel has one.
    /// - Throws: What is wrong with the first channel that has none.
    public func readings() throws(DriverError) -> [Reading] {
        var readings: [Reading] = []
        for answer in self { readings.append(try answer.get()) }
        return readings
    }
}
