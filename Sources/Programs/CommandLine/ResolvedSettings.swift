import Host
import Layouts
import Logging
import Vocabulary

/// Where a setting's value came from, the strongest first.
package enum SettingOrigin: CustomStringConvertible {
    case commandLine(String)
    case environment(String)
    case layout
    case standard

    package var description: String {
        switch self {
        case .commandLine(let option): "command line, \(option)"
        case .environment(let name): "environment, \(name)"
        case .layout: "layout, settings"
        case .standard: "default"
        }
    }
}

/// One setting of `tidegate run`, resolved.
package struct Setting<Value: Sendable>: Sendable {
    package let value: Value
    package let origin: SettingOrigin
}

/// The settings of `tidegate run`: command line before environment before layout before default.
package struct ResolvedSettings: Sendable {
    /// Nil leaves each upstream the broker that its layout names.
    package let broker: Setting<String?>
    package let logLevel: Setting<Logger.Level>
    package let logFormat: Setting<GatewayLogHandler.Format>
    package let stateDirectory: Setting<String>
    package let seed: Setting<UInt64>
    package let simulate: Setting<Bool>
    /// Whether a simulated run goes to the brokers that the layout names.
    package let realUpstreams: Setting<Bool>

    /// What the command line says; nil where it is silent.
    package struct CommandLine {
        package var broker: String?
        package var logLevel: String?
        package var logFormat: String?
        package var stateDirectory: String?
        package var seed: UInt64?
        package var simulate: Bool?
        package var realUpstreams: Bool?

        package init(simulate: Bool? = nil) { self.simulate = simulate }
    }

    /// One line for each setting that is invalid.
    package struct Mistakes: Error {
        package let lines: [String]
    }

    package init(
        _ commandLine: CommandLine, environment: @escaping (String) -> String?, layout: RunSettings,
        gateway: GatewayName, isTerminal: Bool
    ) throws(Mistakes) {
        var resolver = Resolver(environment: environment)
        broker = resolver.resolve(
            commandLine.broker, "--broker", "TIDEGATE_BROKER", nil, standard: String?.none,
            form: "embedded, mqtt://HOST:PORT, mqtts://HOST:PORT or mqtt+unix:///PATH",
            read: { $0 == "embedded" || BrokerAddress($0) != nil ? .some(.some($0)) : .none })
        logLevel = resolver.resolve(
            commandLine.logLevel, "--log-level", "TIDEGATE_LOG_LEVEL", layout.logLevel,
            standard: Logger.Level.info,
            form: Logger.Level.allCases.map(\.rawValue).joined(separator: ", "),
            read: Logger.Level.init(rawValue:))
        logFormat = resolver.resolve(
            commandLine.logFormat, "--log-format", "TIDEGATE_LOG_FORMAT", layout.logFormat,
            standard: isTerminal ? GatewayLogHandler.Format.text : .json, form: "text or json",
            read: GatewayLogHandler.Format.init(rawValue:))
        stateDirectory = resolver.resolve(
            commandLine.stateDirectory, "--state-directory", "TIDEGATE_STATE_DIRECTORY",
            layout.stateDirectory,
            standard: Self.standardStateDirectory(environment, name: gateway.text),
            form: "a path", read: { $0.isEmpty ? nil : Machine.absolute($0) })
        seed = resolver.resolve(
            commandLine.seed.map(String.init), "--seed", "TIDEGATE_SEED",
            layout.seed.map(String.init), standard: 1, form: "a whole number from 0 on",
            read: { UInt64($0) })
        simulate = resolver.resolve(
            commandLine.simulate.map { $0 ? "true" : "false" }, "--simulate", "TIDEGATE_SIMULATE",
            layout.simulate.map { $0 ? "true" : "false" }, standard: false, form: "true or false",
            read: { Bool($0) })
        realUpstreams = resolver.resolve(
            commandLine.realUpstreams.map { $0 ? "true" : "false" }, "--real-upstreams",
            "TIDEGATE_REAL_UPSTREAMS", nil, standard: false, form: "true or false",
            read: { Bool($0) })
        guard resolver.mistakes.isEmpty else { throw Mistakes(lines: resolver.mistakes) }
    }

    /// One line for each setting: its value and where it came from.
    package var explanation: [(name: String, value: String, origin: String)] {
        [
            (
                "broker",
                broker.value ?? (isKeptApart ? "embedded" : "from each upstream"),
                broker.value == nil && isKeptApart ? "simulate" : "\(broker.origin)"
            ),
            ("logLevel", logLevel.value.rawValue, "\(logLevel.origin)"),
            ("logFormat", logFormat.value.rawValue, "\(logFormat.origin)"),
            ("stateDirectory", dataDirectory, "\(stateDirectory.origin)"),
            ("seed", "\(seed.value)", "\(seed.origin)"),
            ("simulate", "\(simulate.value)", "\(simulate.origin)"),
            ("realUpstreams", "\(realUpstreams.value)", "\(realUpstreams.origin)"),
        ]
    }

    /// Where totals and the journal are: a simulated run has a folder of its own, so that no other run takes
    /// its readings for real ones.
    package var dataDirectory: String {
        simulate.value ? Self.simulatedDirectory(in: stateDirectory.value) : stateDirectory.value
    }

    /// Where simulated runs keep what the others keep in `directory`.
    static func simulatedDirectory(in directory: String) -> String { "\(directory)/simulated" }

    /// Whether nothing of a simulated run goes to the brokers that the layout names.
    package var isKeptApart: Bool { simulate.value && broker.value == nil && !realUpstreams.value }

    /// Source: systemd.exec(5), STATE_DIRECTORY; XDG Base Directory Specification, XDG_STATE_HOME.
    static func standardStateDirectory(
        _ environment: (String) -> String?, name: String
    ) -> String {
        if let given = environment("STATE_DIRECTORY")?.split(separator: ":").first {
            return String(given)
        }
        let base =
            environment("XDG_STATE_HOME") ?? environment("HOME").map { "\($0)/.local/state" }
            ?? "/var/lib"
        return "\(base)/tidegate/\(name)"
    }
}

/// Finds the strongest layer that speaks, and collects what is invalid.
private struct Resolver {
    let environment: (String) -> String?
    var mistakes: [String] = []

    mutating func resolve<Value: Sendable>(
        _ given: String?, _ option: String, _ variable: String, _ layout: String?,
        standard: Value, form: String, read: (String) -> Value?
    ) -> Setting<Value> {
        let layers: [(text: String?, origin: SettingOrigin)] = [
            (given, .commandLine(option)), (environment(variable), .environment(variable)),
            (layout, .layout),
        ]
        for case (let text?, let origin) in layers {
            if let value = read(text) { return Setting(value: value, origin: origin) }
            mistakes.append("\(origin): \"\(text)\" must be \(form)")
            break
        }
        return Setting(value: standard, origin: .standard)
    }
}
