import Glibc
import Peers

/// Who may do what at the socket.
///
/// The file's mode decides who gets in at all: root, the owner and the group. Whoever else an administrator has let
/// in, by another mode or an access list, may read.
public struct ControlAccess: Hashable, Sendable {
    /// The user that the gateway runs as.
    public let owner: uid_t
    /// The group whose members may switch; nil when there is none.
    public let group: gid_t?

    public init(owner: uid_t, group: gid_t?) { (self.owner, self.group) = (owner, group) }

    /// What the caller may ask for.
    public func rights(of caller: ControlCaller) -> Set<PeerRight> {
        let isMember = group.map(caller.groups.contains) ?? false
        return caller.user == 0 || caller.user == owner || isMember ? [.read, .switch] : [.read]
    }
}
