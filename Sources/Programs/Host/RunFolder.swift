import Glibc
import Vocabulary

/// Where running gateways leave for the other commands of the same user what these need.
package enum RunFolder {
    /// The folder of all run files of this user, and of locks that outlive a state directory.
    ///
    /// Source: systemd.exec(5), RUNTIME_DIRECTORY; XDG Base Directory Specification, XDG_RUNTIME_DIR.
    package static var path: String {
        if let given = Machine.environment("RUNTIME_DIRECTORY")?.split(separator: ":").first {
            return String(given)
        }
        if let runtime = Machine.environment("XDG_RUNTIME_DIR") { return "\(runtime)/tidegate" }
        return getuid() == 0 ? "/run/tidegate" : "/tmp/tidegate-\(getuid())"
    }

    /// Makes the folder, and sees that it is this user's.
    package static func prepare() throws(MachineError) {
        try Machine.makeFolder(path)
        try check()
    }

    /// A folder that somebody else could write to would hand them the gateway's password.
    package static func check() throws(MachineError) {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(path, &status) == 0 else {
            throw MachineError("\(path): \(errorDescription(errno))")
        }
        guard status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & 0o022 == 0
        else { throw MachineError("\(path): must be a folder that only this user can write to") }
    }
}
