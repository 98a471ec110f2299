import Drivers
import Layouts
import StandardCodecs
import Vocabulary

/// The hardware layout of the house in the weather, in the variants that reloads bring. The hardware is
/// scripted; names, rhythms, rules and interlocks are the layout's.
struct House: Hashable, Sendable {
    /// What an unlucky hand leaves in the file.
    enum Mistake: CaseIterable {
        case cutShort, unknownDriver, unknownKey, twice, circle
    }

    var hasSpare = false
    /// Another line is another device: its node is stopped and started.
    var lampLine = 5
    /// Only people care for a title.
    var title = "Circulation pump"
    var mistake: Mistake?

    static let relays: [ShNodeName] = ["up", "down", "heater", "pump", "lamp"]
    /// Sensors that are there in every variant.
    static let sensors: [ShNodeName] = ["steady", "frail", "chatty", "flow"]
    static let spare: ShNodeName = "spare"

    private static let read = Guarded<[House: HardwareLayout?]>([:])

    /// Nil when the file has problems.
    var layout: HardwareLayout? {
        if let known = Self.read.withLock({ $0[self] }) { return known }
        let layout = LayoutReader.read(Array(text.utf8), registry: .standard, codecs: .standard)
            .layout
        Self.read.withLock { $0[self] = .some(layout) }
        return layout
    }

    var text: String {
        let spare = hasSpare || mistake == .twice ? [sensor("spare")] : []
        let nodes =
            [
                relay(
                    "up", line: 1,
                    """
                    "limits": {"minimumOffTime": "20s", "queueEarlyCommands": true},
                    "failsafeAfter": "15s"
                    """),
                relay("down", line: 2, #""failsafeAfter": "15s""#),
                relay(
                    "heater", line: 3,
                    """
                    "limits": {"maximumOnTime": "40s", "queueEarlyCommands": true}, "failsafeAfter": "15s"
                    """),
                relay(
                    "pump", line: 4,
                    """
                    "title": "\(title)", "failsafeAfter": "15s",
                    "feedback": {"channel": "flow", "timeout": "3s"}
                    """),
                relay(
                    "lamp", line: lampLine,
                    #""limits": {"maximumSwitchesPerHour": 6, "minimumOnTime": "2s"}"#),
                """
                {"name": "flow", "kind": "sensor",
                 "component": {"driver": "gpio-contact", "line": "contacts/1"},
                 "channels": [{"source": "state", "pollPeriod": "1s"}]}
                """,
            ] + ["steady", "frail", "chatty"].map(sensor) + spare
            + (mistake == .twice ? spare : [])
        let text = """
            {"gateway": "d1.test.scada",
             "nodes": [\(nodes.joined(separator: ",\n"))],
             "interlocks": [
               {"atMostOne": ["up", "down"], "deadTime": "2s"},
               \(mistake == .circle ? #"{"relay": "pump", "onlyWhile": "heater"},"# : "")
               {"relay": "heater", "onlyWhile": "pump"}]}
            """
        return mistake == .cutShort ? String(text.dropLast(40)) : text
    }

    private func relay(_ name: String, line: Int, _ rest: String) -> String {
        """
        {"name": "\(name)", "kind": "relay", "safeState": "off",
         "component": {"driver": "gpio-relay", "line": "relays/\(line)"},
         "channels": [{"source": "state", "pollPeriod": "2s", "capturePeriod": "1min"}],
         \(mistake == .unknownKey && name == "lamp" ? #""colour": "red","# : "") \(rest)}
        """
    }

    private func sensor(_ name: String) -> String {
        """
        {"name": "\(name)", "kind": "sensor",
         "component": {
           "driver": "\(mistake == .unknownDriver && name == "chatty" ? "hwmom" : "hwmon")",
           "chip": "\(name)", "input": "temp1"},
         "channels": [{"source": "temperature", "pollPeriod": "1s", "capturePeriod": "1s",
                       "captureDelta": 0.001}]}
        """
    }
}
