import Brokers
import CommandLine
import Host
import Layouts
import Logging
import Mqtt
import Proactors
import Vocabulary

/// The embedded broker of a gateway: started, spoken of, and left to the user's other commands in the run
/// file.
struct BrokerKeeper: Sendable {
    let broker: EmbeddedBroker
    private let gateway: GatewayName
    private let listener: BrokerListener?
    private let topic: String
    private let runFile: RunFileKeeper
    private let logger: Logger

    /// - Parameter listener: A TCP port for other programs; nil for the private socket alone.
    init(
        of gateway: GatewayName, topic: String, listener: BrokerListener?, runFile: RunFileKeeper,
        clock: any GatewayClock, logger: Logger
    ) {
        (self.gateway, self.topic, self.listener) = (gateway, topic, listener)
        (self.runFile, self.logger) = (runFile, logger)
        broker = EmbeddedBroker(
            folder: RunFile.brokerFolder(gateway), listener: listener, clock: clock,
            using: SystemChance())
    }

    /// Starts the broker, and again whenever it ends or cannot be started.
    ///
    /// - Parameter report: Takes what is wrong with it, and what is no more.
    func start(reporting report: @escaping @Sendable (Fault) async -> Void) {
        broker.start()
        Task {
            var hasRun = false
            for await news in broker.news {
                switch news {
                case .runs(let place):
                    if !hasRun { note(place) }
                    hasRun = true
                    await publish(place, report)
                case .fails(let error):
                    let what = error.kind == .ended ? "died" : "cannot start"
                    await report(
                        Fault(
                            kind: .broker, isOn: true,
                            detail: "embedded broker \(what): \(error.detail)"))
                }
            }
        }
    }

    private func note(_ place: BrokerLocation) {
        var metadata: Logger.Metadata = ["broker": "\(place.address)"]
        if case .open(let login) = place.listener { metadata["listen"] = "\(login)" }
        logger.notice(.brokerListening, "embedded broker listening", metadata: metadata)
    }

    private func publish(
        _ place: BrokerLocation, _ report: @Sendable (Fault) async -> Void
    ) async {
        await report(Fault(kind: .broker, isOn: false, detail: "embedded broker: running again"))
        var file = RunFile(
            gateway: gateway, broker: place.address, topic: topic, isEmbedded: true)
        switch place.listener {
        case .none: break
        case .open(let login):
            file.listener = login
            file.isListenerPasswordNew = listener?.password == nil
            await report(
                Fault(
                    kind: .brokerPort, isOn: false, detail: "embedded broker: listening on \(login)"
                ))
        case .failed(let why):
            await report(
                Fault(
                    kind: .brokerPort, isOn: true,
                    detail: "embedded broker: cannot listen on \(why)"))
        }
        await runFile.keep(file)
    }

    /// How the gateway itself gets in: at the socket of the process that it started, while that lives.
    var login: UpstreamLogin {
        UpstreamLogin(address: broker.address, endpointProvider: broker.endpointProvider)
    }
}
