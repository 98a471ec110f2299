import Layouts
import Logging
import Peers
import Proactors
import Vocabulary

extension GatewayAssembly {
    /// The node of the layout's direct link. It does not listen yet.
    ///
    /// - Throws: When a key or list is missing or cannot be used.
    func peerNode(
        _ peers: PeersLayout, answering proactor: Proactor
    ) throws(MachineError) -> PeerNode {
        let mode = PeerSettings.Mode(rawValue: peers.mode) ?? .synchronous
        let settings = PeerSettings(
            mode: mode, slots: peers.slots, connectionLimit: peers.connections,
            plainRights: Set(peers.rights.compactMap(PeerRight.init)), echoes: peers.echoes)
        var tls: PeerTls?
        if peers.usesTls {
            let files = PeerFiles(
                folder: self.settings.stateDirectory.value, key: peers.key, list: peers.list)
            let logger = logger
            tls = try files.tls { problem in
                logger.error("nobody is let in on the direct link: \(problem)")
            }
        }
        return PeerNode(
            settings: settings, tls: tls, usesTlsOnLoopback: peers.usesTls,
            service: GatewayPeerService(proactor: proactor, clock: clock), clock: clock,
            chance: SystemChance())
    }
}
