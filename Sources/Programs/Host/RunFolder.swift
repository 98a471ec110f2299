import Glibc
import Vocabulary

/// Where running gateways leave for the other commands of the same user what these need.
package enum RunFolder {
    /// The folder of all run files of this user, and of locks that outlive a state directory.
    ///
    /// Source: systemd.exec(5), RUNTIME_DIRECTORY; XDG Base Directory Specification, XDG_RUNTIME_DIR.
    package static var path: String {
        if let given { return given }
        if let runtime = Machine.environment("XDG_RUNTIME_DIR") { return "\(runtime)/tidegate" }
        return getuid() == 0 ? "/run/tidegate" : "/tmp/tidegate-\(getuid())"
    }

    /// The folder that the service manager gave the unit to which this process belongs; nil outside of one. A unit
    /// looks into no other.
    package static var given: String? {
        Machine.environment("RUNTIME_DIRECTORY")?.split(separator: ":").first.map { String($0) }
    }

    /// Where the gateways of services, and those that root runs, leave it.
    ///
    /// Source: systemd.exec(5), RuntimeDirectory=, of the unit that `tidegate service` prints.
    package static let service = "/run/tidegate"

    /// Whose members may use the gateways of a machine, where the system has such a group.
    package static let group = "tidegate"

    /// Whether the folder is the whole machine's, not one user's.
    package static var isService: Bool {
        given != nil || path == service
    }

    /// Whether services keep a run folder here that this user may not look into.
    package static var isServiceClosed: Bool {
        guard given == nil else { return false }
        var status = stat()
        // Sound: the calls read the path and fill in `status`, which lives on this stack.
        let isThere = unsafe lstat(service, &status) == 0
        return unsafe isThere && access("\(service)/.", R_OK | X_OK) != 0
    }

    /// Whether only its owner can have put what is in a folder there: this user, or the user of a service.
    package static func isTrustworthy(_ folder: String) -> Bool {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & 0o022 == 0
        else { return false }
        return folder == service || status.st_uid == geteuid()
    }

    /// Lets the members of a group look into the folder; what is in it has modes of its own.
    package static func open(to group: gid_t) throws(MachineError) {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(path, &status) == 0 else {
            throw MachineError("\(path): \(errorDescription(errno))")
        }
        // Sound: the path lives for the length of the call.
        if status.st_gid != group, unsafe chown(path, uid_t.max, group) != 0 {
            throw MachineError(
                "\(path): cannot be given to group \(group): \(errorDescription(errno))")
        }
        // Sound: as above.
        guard unsafe status.st_mode & 0o777 == 0o750 || chmod(path, 0o750) == 0 else {
            throw MachineError("\(path): \(errorDescription(errno))")
        }
    }

    /// What a gateway's local control socket is called in a run folder, after the gateway's name.
    package static let socketEnding = ".sock"

    /// Where the gateway of this user can be asked.
    package static func controlSocket(of gateway: GatewayName) -> String {
        "\(path)/\(gateway)\(socketEnding)"
    }

    /// Makes the folder, and sees that it is this user's.
    package static func prepare() throws(MachineError) {
        try Machine.makeFolder(path)
        try check()
    }

    /// A folder that another user could write to would hand them the gateway's password.
    package static func check() throws(MachineError) {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(path, &status) == 0 else {
            throw MachineError("\(path): \(errorDescription(errno))")
        }
        let rule = "\(path): must be a folder that only this user can write to"
        guard status.st_mode & S_IFMT == S_IFDIR else { throw MachineError("\(rule); it is none") }
        guard status.st_uid == getuid() else {
            throw MachineError("\(rule); it belongs to user \(status.st_uid)")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw MachineError("\(rule); others may write to it: chmod 700 \(path.shellWord)")
        }
    }
}
