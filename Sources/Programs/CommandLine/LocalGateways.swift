import Control
import Glibc
import Host
import Vocabulary

/// The gateways of this machine that this user may ask, by their local control sockets.
package struct LocalGateways {
    /// One socket, whether or not a gateway listens there.
    package struct Place: Hashable, Sendable {
        package let gateway: GatewayName
        package let path: String
    }

    /// Why no gateway can be asked here.
    package enum Lack: Error, Hashable {
        /// None runs, or not the one that was named.
        case none(String)
        /// Several do, and none was named.
        case several(String)
    }

    /// The run folders that are looked into.
    let folders: [String]
    /// The names in a folder.
    let names: (String) -> [String]
    /// Whether a gateway listens at a socket, or one that does not let this user in.
    let listens: (String) -> Bool
    /// Whether this user may connect to a socket.
    let mayAsk: (String) -> Bool

    init(
        folders: [String] = LocalGateways.folders,
        names: @escaping (String) -> [String] = Machine.names,
        listens: @escaping (String) -> Bool = { ControlSocket.isUsed(at: $0) },
        // Sound: the path lives for the length of the call.
        mayAsk: @escaping (String) -> Bool = { unsafe access($0, W_OK) == 0 }
    ) {
        (self.folders, self.names, self.listens) = (folders, names, listens)
        self.mayAsk = mayAsk
    }

    /// Those that only this user, or the user of a service, can have put something into.
    static var folders: [String] {
        folders(ofUnit: RunFolder.given, own: RunFolder.path).filter(RunFolder.isTrustworthy)
    }

    /// This user's and the services'; in a unit, its own alone. Root does not look into those of other users: what
    /// answers there may pose as any gateway.
    static func folders(ofUnit given: String?, own: String) -> [String] {
        if let given { return [given] }
        return own == RunFolder.service ? [own] : [own, RunFolder.service]
    }

    /// The users whose run folders hold a socket, when this one may look: root.
    private static var otherUsers: [String] {
        guard geteuid() == 0, RunFolder.given == nil else { return [] }
        return Machine.names(in: "/run/user").filter { user in
            Machine.names(in: "/run/user/\(user)/tidegate").contains {
                $0.hasSuffix(RunFolder.socketEnding)
            }
        }
    }

    /// The gateways that run, in the order of the folders.
    package var running: [Place] {
        folders.flatMap { folder in
            names(folder).filter { $0.hasSuffix(RunFolder.socketEnding) }.compactMap { name in
                GatewayName(String(name.dropLast(RunFolder.socketEnding.count))).map {
                    Place(gateway: $0, path: "\(folder)/\(name)")
                }
            }
        }.filter { listens($0.path) }
    }

    /// The one that runs, or that of a name.
    package func one(of gateway: GatewayName?) throws(Lack) -> Place {
        let all = running
        let named = all.filter { gateway == nil || $0.gateway == gateway }
        // One that does not let this user in counts only where there is no other, and one of another user's only
        // where there is none of this user's own: a demo beside a service is meant by who started it.
        let open = named.filter { mayAsk($0.path) }
        let own = open.filter { place in
            folders.first.map { place.path.hasPrefix("\($0)/") } ?? false
        }
        let found = [own, open, named].first { !$0.isEmpty } ?? []
        guard let first = found.first else {
            let others = all.map(\.gateway.text).sorted().joined(separator: ", ")
            guard let gateway, !others.isEmpty else {
                throw .none(
                    "no gateway of this user or a service runs on this machine"
                        + (RunFolder.isServiceClosed ? Self.closed : "")
                        + Self.otherUsers.map { "; user \($0) has one: run this as that user" }
                        .joined())
            }
            throw .none("gateway \(gateway) does not run on this machine; \(others) does")
        }
        guard found.count == 1 else {
            throw .several(
                "several gateways run on this machine; choose one with --gateway: "
                    + found.map(\.gateway.text).joined(separator: ", "))
        }
        return first
    }

    private static let closed =
        ", or only as a service: \(RunFolder.service) is closed to this user; run this as root or as a member "
        + "of the group \(RunFolder.group)"
}
