import DriverKit
import Vocabulary

/// What every driver must do, whatever its device.
public enum DriverConformance {
    /// Everything that `driver` does not keep to. Empty when all is well.
    ///
    /// - Parameters:
    ///   - component: Of that driver, with every channel that it offers.
    ///   - wiring: With everything plugged in that the component needs.
    public static func complaints(
        of driver: any Driver.Type, _ component: Component, wiring: any Wiring,
        at now: MonotonicInstant
    ) -> [String] {
        describing(driver, component) + reading(driver, component, wiring, now)
    }

    private static func describing(
        _ driver: any Driver.Type, _ component: Component
    ) -> [String] {
        let description = driver.description
        var complaints: [String] = []
        let texts = [description.title, description.wire, description.source]
        if texts.contains("") { complaints.append("title, wire and source must say something") }
        if description.kinds.isEmpty { complaints.append("it can be no kind of node") }
        let settings = description.settings.map(\.name)
        if Set(settings).count != settings.count { complaints.append("a setting is there twice") }
        if description.kinds.contains(.relay) != (driver is any Actuator.Type) {
            complaints.append("exactly what can be a relay must take orders")
        }
        do throws(DriverError) {
            let offered = try driver.channels(offeredWith: component.settings)
            let sources = offered.map(\.source)
            if offered.isEmpty { complaints.append("it offers no channel") }
            if Set(sources).count != sources.count { complaints.append("a channel is there twice") }
            if driver is any Actuator.Type, offered.count != 1 {
                complaints.append("an actuator has one channel, its state")
            }
            for channel in offered where channel.capturePeriod < channel.pollPeriod {
                complaints.append("\(channel.source) is captured more often than polled")
            }
            for channel in offered where channel.unit == .onOff && channel.exponent != 0 {
                complaints.append("\(channel.source) is on or off and has no exponent")
            }
            let claims = try driver.claims(of: component)
            if Set(claims).count != claims.count { complaints.append("it claims a wire twice") }
        } catch {
            complaints.append("its own settings are refused: \(error.detail)")
        }
        return complaints
    }

    private static func reading(
        _ type: any Driver.Type, _ component: Component, _ wiring: any Wiring,
        _ now: MonotonicInstant
    ) -> [String] {
        var complaints: [String] = []
        do throws(DriverError) {
            var driver: any Driver = try type.init(component: component, wiring: wiring)
            var rounds = [component.channels] + component.channels.map { [$0] }
            rounds.append([])
            for due in rounds {
                let channels = try driver.read(due, at: now).readings().map(\.channel)
                if channels != due.map(\.name) {
                    complaints.append("asked for \(due.map(\.name)), it answers \(channels)")
                }
            }
        } catch {
            complaints.append("a healthy device is refused: \(error.kind): \(error.detail)")
        }
        // The wires must be free again once the first driver is dropped.
        do throws(DriverError) {
            _ = try type.init(component: component, wiring: wiring)
        } catch {
            complaints.append("it cannot be opened a second time: \(error.detail)")
        }
        return complaints
    }
}
