import CLinux
import Glibc
import Peers

/// Who connected to the socket, as the kernel says: the user, its group and its other groups.
public struct ControlCaller: Hashable, Sendable {
    public let user: uid_t
    public let groups: Set<gid_t>

    public init(user: uid_t, groups: Set<gid_t>) { (self.user, self.groups) = (user, groups) }

    /// Who connected to `socket`; nil when the kernel does not say, as for one that was closed meanwhile.
    init?(_ socket: Int32) {
        var (user, group) = (uid_t.max, gid_t.max)
        // Sound: both numbers are written within the call.
        guard unsafe tidegate_caller_of(socket, &user, &group) == 0 else { return nil }
        self.init(user: user, groups: Self.others(socket).union([group]))
    }

    /// The most groups that a process has.
    ///
    /// Source: Linux, NGROUPS_MAX.
    private static let mostGroups = 65_536

    /// The supplementary groups; none on a kernel that does not know the question.
    private static func others(_ socket: Int32) -> Set<gid_t> {
        for capacity in [64, mostGroups] {
            var groups = [gid_t](repeating: 0, count: capacity)
            // Sound: at most as many numbers as the array has are written.
            let count = unsafe tidegate_groups_of_caller(socket, &groups, Int32(capacity))
            if count >= 0 { return Set(groups.prefix(Int(count))) }
            guard errno == ERANGE else { break }
        }
        return []
    }
}

/// A user who asks over the socket, for logs and the history.
public struct ControlRequester: Hashable, Sendable, CustomStringConvertible {
    public let user: uid_t
    public let rights: Set<PeerRight>

    public init(user: uid_t, rights: Set<PeerRight>) { (self.user, self.rights) = (user, rights) }

    var maySwitch: Bool { rights.contains(.switch) }

    /// `root`, or `uid-1000`: the system's list of users may be on another machine, and nobody waits for that.
    public var name: String { user == 0 ? "root" : "uid-\(user)" }

    public var description: String { "local \(name)" }
}
