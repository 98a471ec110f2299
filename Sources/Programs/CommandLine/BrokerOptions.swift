import ArgumentParser
import Host
import Mqtt
import PlainJson
import Vocabulary

/// Which broker a command talks to, and as whom.
struct BrokerOptions: ParsableArguments {
    @Option(
        help:
            """
            mqtt://HOST:PORT, mqtts://HOST:PORT or mqtt+unix:///PATH. Default: the broker of \
            this user's running gateway.
            """)
    var broker: String?

    @Option(help: "The user name at the broker. The password comes from $TIDEGATE_PASSWORD.")
    var user: String?

    @Option(help: "The certificate authority of an mqtts broker, as a PEM file.")
    var ca: String?

    @Option(help: "The gateway's alias, needed when several gateways run.")
    var gateway: String?

    @Option(help: "The first level of all topics.")
    var topic: String?

    /// The broker, login and topic that the options or a running gateway's file name.
    struct Target {
        let settings: MqttSettings
        let reader: PlainReader
        /// Nil when it was not named and cannot be known.
        let gateway: GatewayName?

        /// What the broker is called to people: not by its address where that may change.
        var place: String {
            guard settings.endpointProvider != nil, let gateway else { return "\(settings.broker)" }
            return "the broker of \(gateway)"
        }

        /// The head of what is shown before anything was heard.
        var title: String {
            guard settings.endpointProvider != nil, let gateway else {
                return "broker \(settings.broker)"
            }
            return "gateway \(gateway)"
        }
    }

    /// - Parameters:
    ///   - role: What the session is for, as a part of its client identity.
    ///   - isForAll: Every client of a broker is meant, so that any number of them may report.
    /// - Throws: The exit code, after reporting what is wrong.
    func target(for role: String, isForAll: Bool = false) throws -> Target {
        var chance = SystemChance()
        let clientID = "tidegate-\(role)-\(CommandID(using: &chance).text.prefix(8))"
        let alias = try gateway.map { text in
            guard let alias = GatewayName(text) else {
                throw failure("\"\(text)\" is not a valid gateway alias: \(GatewayTag.form)")
            }
            return alias
        }
        if let broker {
            guard let address = BrokerAddress(broker) else {
                throw failure("--broker: \(BrokerAddress.problem(in: broker) ?? "is no address")")
            }
            return Target(
                settings: MqttSettings(
                    broker: address, clientID: clientID, user: user,
                    password: Machine.environment("TIDEGATE_PASSWORD"),
                    tls: address.usesTls ? MqttTls(ca: ca) : nil),
                reader: PlainReader(prefix: topic ?? "tidegate"), gateway: alias)
        }
        let running = RunFile.all().filter { alias == nil || $0.gateway == alias }
        // Whose broker it is can be followed.
        guard let file = running.first(where: \.isEmbedded) ?? running.first else {
            let others = RunFile.all().map(\.gateway.text).sorted().joined(separator: ", ")
            throw failure(
                others.isEmpty
                    ? "no gateway of this user runs on this machine; name its broker with --broker"
                        + (RunFolder.isServiceClosed ? Self.closed : "")
                    : "gateway \(gateway ?? "") does not run on this machine; \(others) does")
        }
        let isOneBroker = running.allSatisfy { $0.broker == file.broker && $0.topic == file.topic }
        guard running.count == 1 || isForAll && isOneBroker else {
            let names = running.map(\.gateway.text).joined(separator: ", ")
            throw failure(
                "several gateways run on this machine; choose one with --gateway: \(names)")
        }
        let settings: MqttSettings
        do {
            settings = try file.session(clientID, user: user, ca: ca)
        } catch {
            throw failure(error.detail)
        }
        return Target(
            settings: settings,
            reader: PlainReader(prefix: topic ?? file.topic), gateway: file.gateway)
    }

    private static let closed =
        ". That of a service is asked by root and by members of the group \(RunFolder.group)"

    private func failure(_ why: String) -> ExitCode {
        Output.error("tidegate: \(why)")
        return ExitStatus.configuration.code
    }
}
