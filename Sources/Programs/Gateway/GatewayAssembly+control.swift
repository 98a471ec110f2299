import CommandLine
import Control
import Glibc
import Host
import Layouts
import Logging
import Proactors
import Threads
import Vocabulary

extension GatewayAssembly {
    /// How the gateway stands, for every door that shows it.
    func status(of proactor: Proactor) -> GatewayStatus {
        GatewayStatus(
            answers: GatewayAnswers(proactor: proactor, clock: clock, logger: logger),
            state: StateReader(
                directory: settings.stateDirectory.value,
                journal: JournalOptions.path(in: settings.dataDirectory),
                gathering: JournalOptions.gathering(of: layout), clock: clock))
    }

    /// The local control socket of this gateway. It is not open yet.
    ///
    /// - Parameter path: The layout file.
    func controlDoor(
        layout path: String, reloads: LayoutReloads, levels: LogLevels, status: GatewayStatus
    ) -> LocalControlDoor {
        let (logger, clock, proactor) = (logger, clock, status.answers.proactor)
        let access = Guarded(ControlAccess(owner: geteuid(), group: nil))
        let door = Guarded<LocalControlDoor?>(nil)
        let service = LocalControlService(
            status: status,
            reload: { await reloads.ask() }, levels: levels,
            place: LocalControlService.Place(
                layout: Machine.absolute(path), stateDirectory: settings.dataDirectory)
        ) { await door.withLock(\.self)?.counts ?? ControlCounts() }
        let made = LocalControlDoor(
            clock: clock,
            makeSocket: { [gateway = layout.gateway] in
                let (socket, group) = try Self.controlSocket(of: gateway)
                access.withLock { $0 = ControlAccess(owner: geteuid(), group: group) }
                return socket
            },
            makeServer: {
                let access = access.withLock(\.self)
                let server = ControlServer(service: service, clock: clock) {
                    access.rights(of: $0)
                }
                Task {
                    for await line in server.notices { logger.warning(.controlNotice, "\(line)") }
                }
                return server
            },
            changed: { [gateway = layout.gateway] problem in
                if problem == nil {
                    logger.notice(
                        .controlListening, "local control listening",
                        metadata: ["socket": "\(RunFolder.controlSocket(of: gateway))"])
                }
                await proactor.report(
                    Fault(
                        kind: .localControl, isOn: problem != nil,
                        detail: problem.map { "local control: cannot listen, retrying: \($0)" }
                            ?? "local control: listening"))
            })
        door.withLock { $0 = made }
        return made
    }

    /// The socket in the run folder, for the group whose members may use it, where there is one.
    private static func controlSocket(
        of gateway: GatewayName
    ) throws -> (ControlSocket, group: gid_t?) {
        // The event loops take threads and descriptors for granted.
        let cores = Machine.cores
        if let problem = Spare.problem(
            threads: cores + ThreadPlan.reserve, descriptors: 3 * cores + 8,
            bytes: cores * 144 << 20)
        {
            throw MachineError(problem)
        }
        try RunFolder.prepare()
        let path = RunFolder.controlSocket(of: gateway)
        if RunFolder.isService {
            let own = getegid() == 0 ? nil : getegid()
            for group in [Machine.group(RunFolder.group), own].compactMap(\.self) {
                // Without the group, root and the gateway's own user remain.
                guard (try? RunFolder.open(to: group)) != nil,
                    let socket = try? ControlSocket(path, group: group)
                else { continue }
                return (socket, group)
            }
        }
        return (try ControlSocket(path, group: nil), nil)
    }
}
