import CommandLine
import Host
import Layouts
import Logging
import Peers
import Proactors
import Threads
import Vocabulary

extension GatewayAssembly {
    /// The way in of the layout's direct link. It is not open yet.
    func peerDoor(_ peers: PeersLayout, answering proactor: Proactor) -> PeerDoor {
        let logger = logger
        return PeerDoor(
            PeerAddress(host: peers.host, port: peers.port), clock: clock,
            makeNode: { [self] in
                let node = try peerNode(peers, answering: proactor)
                Task { for await line in node.notices { logger.warning(.peersNotice, "\(line)") } }
                return node
            },
            changed: { state in
                switch state {
                case .opening: break
                case .open(let address):
                    await proactor.report(
                        Fault(
                            kind: .directLink, isOn: false, detail: "direct link: listening again"))
                    logger.notice(
                        .peersListening, "direct link listening", metadata: ["listen": "\(address)"]
                    )
                case .failed(let why):
                    await proactor.report(
                        Fault(
                            kind: .directLink, isOn: true,
                            detail: "direct link: cannot listen, retrying: \(why)"
                        ))
                }
            })
    }

    /// The node of the layout's direct link. It does not listen yet.
    ///
    /// - Throws: When a key or list is missing or cannot be used.
    private func peerNode(
        _ peers: PeersLayout, answering proactor: Proactor
    ) throws(MachineError) -> PeerNode {
        // The event loops take threads and descriptors for granted.
        let cores = Machine.cores
        if let problem = Spare.problem(
            threads: cores + ThreadPlan.reserve, descriptors: 3 * cores + 8,
            bytes: cores * 144 << 20)
        {
            throw MachineError(problem)
        }
        let mode = PeerSettings.Mode(rawValue: peers.mode) ?? .synchronous
        var settings = PeerSettings(
            mode: mode, slots: peers.slots,
            // A crowd there leaves the rest of the process its descriptors.
            connectionLimit: min(peers.connections, max(1, Machine.descriptorLimit / 4)),
            plainRights: Set(peers.rights.compactMap(PeerRight.init)), echoes: peers.echoes)
        settings.pairing = pairing(peers)
        var tls: PeerTls?
        if peers.usesTls {
            let key = try peers.key.map { path throws(MachineError) in
                try Secrets.path(of: .file(path))
            }
            let files = PeerFiles(
                folder: self.settings.stateDirectory.value, key: key, list: peers.list,
                words: settings.pairing)
            let logger = logger
            tls = try files.tls { problem in
                logger.error(.peersRejecting, "direct link: rejecting all peers: \(problem)")
            }
            if let problem = tls?.problem(on: clock) {
                logger.warning(
                    .peersCertificate, "direct link: the gateway's own certificate \(problem)")
            }
        }
        return PeerNode(
            settings: settings, tls: tls, usesTlsOnLoopback: peers.usesTls,
            service: GatewayPeerService(proactor: proactor, clock: clock, logger: logger),
            clock: clock,
            chance: SystemChance())
    }

    /// The options of `tidegate peer` that find this gateway's key and list.
    private func pairing(_ peers: PeersLayout) -> String {
        let files = [("--key", peers.key), ("--list", peers.list)]
            .compactMap { option, path in path.map { " \(option) \($0.shellWord)" } }.joined()
        if case .standard = settings.stateDirectory.origin {
            return " --gateway \(layout.gateway)\(files)"
        }
        return " --state-directory \(settings.stateDirectory.value.shellWord)\(files)"
    }
}
