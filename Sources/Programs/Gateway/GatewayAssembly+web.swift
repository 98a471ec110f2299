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
        let door = Guarded<WebDoor?>(nil)
        let service = GatewayWebService(status) {
            await door.withLock(\.self)?.counts ?? WebCounts()
        }
        let made = WebDoor(
            clock: clock,
            makeServer: {
                let server = try Self.webServer(web, service, clock)
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
                            detail: "web server: cannot listen on \(address(web.listen.port)), "
                                + "retrying: \(why.words)"))
                }
            })
        door.withLock { $0 = made }
        return made
    }

    /// Every room that adds routes does it here.
    private static func webServer(
        _ web: WebLayout, _ service: GatewayWebService, _ clock: any GatewayClock
    ) throws -> WebServer {
        // The event loop takes a thread and descriptors for granted.
        if let problem = Spare.problem(
            threads: 1 + ThreadPlan.reserve, descriptors: 16, bytes: 16 << 20)
        {
            throw MachineError(problem)
        }
        let settings = WebServer.Settings(
            host: web.listen.host, port: web.listen.port, names: web.names, tls: try tls(web))
        var routes = WebRoutes()
        routes.add(RestRoutes.reading(service))
        routes.add(RestRoutes.switching(service))
        routes.add(EventStream.routes(service, clock: clock))
        routes.add(MetricRoutes.routes(service))
        routes.add(PageRoutes.all)
        return WebServer(
            settings, desk: WebDesk(routes, access: try access(web, settings, clock)),
            clock: clock)
    }

    private static func access(
        _ web: WebLayout, _ settings: WebServer.Settings, _ clock: any GatewayClock
    ) throws(MachineError) -> WebAccess {
        let tokens = try web.tokens.map { token throws(MachineError) in
            let secret = try Secrets.text(of: token.secret)
            return try named("token \(token.name)") { () throws(WebSecretProblem) in
                try WebAccess.Token(
                    name: token.name, secret: secret, rights: rights(token.rights))
            }
        }
        let password = try web.password.map { source throws(MachineError) in
            let text = try Secrets.text(of: source)
            return try named("password") { () throws(WebSecretProblem) in try WebPassword(text) }
        }
        return WebAccess(
            open: rights(web.rights), tokens: tokens, password: password, for: settings,
            clock: clock, chance: { SystemChance() })
    }

    private static func tls(_ web: WebLayout) throws(MachineError) -> WebTls? {
        guard let tls = web.tls else { return nil }
        let certificate = try Machine.bytes(of: tls.certificate, limit: 1 << 20)
        let key = try Machine.bytes(of: try Secrets.path(of: tls.key), limit: 1 << 20)
        return try named("certificate") { () throws(WebSecretProblem) in
            try WebTls(certificate: certificate, key: key)
        }
    }

    private static func rights(_ words: Set<String>) -> Set<WebRight> {
        Set(words.compactMap(WebRight.init))
    }

    /// Says of which secret a problem is.
    private static func named<Made>(
        _ noun: String, _ make: () throws(WebSecretProblem) -> Made
    ) throws(MachineError) -> Made {
        do throws(WebSecretProblem) {
            return try make()
        } catch {
            throw MachineError("web, \(noun): \(error)")
        }
    }
}
