import Host
import Layouts
import Logging
import Peers
import Threads
import Vocabulary
import Web

extension GatewayAssembly {
    /// The web server of the layout. It does not listen yet.
    func webDoor(_ web: WebLayout, status: GatewayStatus) -> WebDoor {
        let (logger, clock, proactor) = (logger, clock, status.answers.proactor)
        let address = { @Sendable (port: UInt16) in
            PeerAddress(host: web.listen.host, port: port)
        }
        return WebDoor(
            clock: clock,
            makeServer: {
                // The event loop takes a thread and descriptors for granted.
                if let problem = Spare.problem(
                    threads: 1 + ThreadPlan.reserve, descriptors: 16, bytes: 16 << 20)
                {
                    throw MachineError(problem)
                }
                var routes = WebRoutes()
                routes.add(RestRoutes.reading(GatewayWebService(status)))
                let server = WebServer(
                    WebServer.Settings(
                        host: web.listen.host, port: web.listen.port, names: web.names),
                    desk: WebDesk(routes, access: WebAccess(open: [.read])), clock: clock)
                Task {
                    for await line in server.notices { logger.warning(.webNotice, "\(line)") }
                }
                return server
            },
            changed: { state in
                switch state {
                case .success(let port):
                    await proactor.report(
                        Fault(kind: .web, isOn: false, detail: "web server: listening again"))
                    logger.notice(
                        .webListening, "web server listening",
                        metadata: ["listen": "\(address(port))"])
                case .failure(let why):
                    await proactor.report(
                        Fault(
                            kind: .web, isOn: true,
                            detail: "web server: "
                                + "cannot listen on \(address(web.listen.port)), retrying: \(why.words)"
                        ))
                }
            })
    }
}
