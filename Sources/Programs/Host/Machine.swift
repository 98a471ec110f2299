import CLinux
import Glibc
import Vocabulary

/// Distinguishes a file as it is from the same file written again.
package struct FileStamp: Hashable, Sendable {
    package let place: UInt
    package let (size, seconds, nanoseconds): (Int64, Int64, Int64)

    package init(place: UInt, size: Int64, seconds: Int64, nanoseconds: Int64) {
        self.place = place
        (self.size, self.seconds, self.nanoseconds) = (size, seconds, nanoseconds)
    }
}

/// Small questions to the operating system that need no clock and no hardware.
package enum Machine {
    /// The value of an environment variable; nil when it is unset or empty.
    package static func environment(_ name: String) -> String? {
        // Sound: the text is copied at once, and nothing in this program changes the environment.
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// The path of this program; nil when the system does not say.
    package static var program: String? {
        // Sound: the buffer that realpath makes is copied, and freed once.
        guard let found = unsafe realpath("/proc/self/exe", nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// Of this program.
    package static let version = "0.2.0"

    /// Whether the system knows a group of that name.
    package static func hasGroup(_ name: String) -> Bool {
        // Sound: only whether there is an entry is looked at, and no other thread asks for one.
        unsafe getgrnam(name) != nil
    }

    /// All bytes of a file of at most `limit` bytes. A pipe or device that is named where a file should be
    /// holds nothing up: it may never answer, and the reader may be the one that stops relays.
    ///
    /// - Parameter pipeLimit: For how many milliseconds a pipe may be silent, as behind `<(…)` in a shell;
    ///   nil where a pipe is refused.
    /// - Parameter isGuarded: Whether a file is refused that all users may write.
    package static func bytes(
        of path: String, limit: Int = 16 << 20, pipeLimit: Int32? = nil, isGuarded: Bool = false
    ) throws(MachineError) -> [UInt8] {
        // Sound: the path lives for the length of the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw MachineError("\(path): \(errorDescription(errno))") }
        defer { close(descriptor) }
        let isPipe = try isPipe(
            descriptor, path, mayBe: pipeLimit != nil, isGuarded: isGuarded)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // Sound: the buffer lives for the length of the call.
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EAGAIN, isPipe, let pipeLimit {
                var awaited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                // Sound: the call fills in the one structure that it is lent.
                guard unsafe poll(&awaited, 1, pipeLimit) > 0 else {
                    let time = "\(pipeLimit / 1000) s"
                    throw MachineError(
                        "\(path): is a pipe that was silent for \(time); must be a file")
                }
                continue
            }
            guard count >= 0 else { throw MachineError("\(path): \(errorDescription(errno))") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= limit else {
                throw MachineError("\(path): is larger than \(limit) bytes")
            }
        }
    }

    /// Whether a descriptor is that of a pipe.
    /// - Throws: When it is neither of a file nor of a pipe where one may be, or of a guarded file that
    ///   all users may write. Folders are known by reading.
    private static func isPipe(
        _ descriptor: Int32, _ path: String, mayBe: Bool, isGuarded: Bool
    ) throws(MachineError) -> Bool {
        var status = stat()
        // Sound: the kernel fills the structure that it is lent.
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw MachineError("\(path): \(errorDescription(errno))")
        }
        if isGuarded, status.st_mode & 0o002 != 0 {
            throw MachineError("\(path): may be written by all users; chmod o-w \(path.shellWord)")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR: return false
        case S_IFIFO where mayBe: return true
        case S_IFIFO: throw MachineError("\(path): is a pipe; must be a file")
        default: throw MachineError("\(path): is a device; must be a file")
        }
    }

    /// What the kernel calls this time that the machine is switched on; empty when it does not say.
    package static var bootIdentity: String {
        let bytes = (try? bytes(of: "/proc/sys/kernel/random/boot_id", limit: 256)) ?? []
        return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
    }

    /// What changes with every writing of a file; nil when there is none.
    package static func stamp(of path: String) -> FileStamp? {
        var status = stat()
        // Sound: the kernel fills the structure that it is lent.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileStamp(
            place: status.st_ino, size: Int64(status.st_size),
            seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int64(status.st_ctim.tv_nsec))
    }

    /// Whether a user of whom nothing is known may read a file and enter the folders above it.
    package static func isReadableByAll(_ path: String) -> Bool {
        var part = ""
        let names = path.split(separator: "/")
        for (index, name) in names.enumerated() {
            part += "/" + name
            var status = stat()
            // Sound: the kernel fills the structure that it is lent.
            guard unsafe stat(part, &status) == 0 else { return false }
            let needed: mode_t = index == names.count - 1 ? 0o004 : 0o001
            guard status.st_mode & needed != 0 else { return false }
        }
        return true
    }

    /// Whether a user of whom nothing is known may look up names in a folder, or learns that there is none.
    package static func isEnterableByAll(_ folder: String) -> Bool {
        var part = ""
        for name in folder.split(separator: "/") {
            part += "/" + name
            var status = stat()
            // Sound: the kernel fills the structure that it is lent.
            guard unsafe stat(part, &status) == 0 else { return errno == ENOENT }
            guard status.st_mode & 0o001 != 0 else { return false }
        }
        return true
    }

    /// Whether all users may write a file or a folder.
    package static func isWritableByAll(_ path: String) -> Bool {
        var status = stat()
        // Sound: the kernel fills the structure that it is lent.
        return unsafe stat(path, &status) == 0 && status.st_mode & 0o002 != 0
    }

    /// Whether there is nothing of that path, as far as is known: what may not be looked at may be there.
    package static func isAbsent(_ path: String) -> Bool {
        // Sound: the path lives for the length of the call.
        unsafe access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)
    }

    /// Whether there is something of that path.
    package static func exists(_ path: String) -> Bool {
        // Sound: the path lives for the length of the call.
        unsafe access(path, F_OK) == 0
    }

    /// What this machine is called; empty when it does not say.
    package static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        // Sound: the buffer lives for the length of the call, and its last byte stays zero.
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes a file that only its owner may read, in one step for its readers: this user, or, when
    /// that is root, the owner of the folder, such as the user of a service.
    package static func write(_ text: String, to path: String) throws(MachineError) {
        let draft = path + ".new"
        // Sound: the paths live for the length of each call. What was left behind by an earlier try, or put
        // there by the folder's owner, is not written to.
        _ = unsafe unlink(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw MachineError("\(draft): \(errorDescription(errno))") }
        if geteuid() == 0, let owner = owner(ofFolderOf: path),
            fchown(descriptor, owner.user, owner.group) != 0
        {
            let reason = errorDescription(errno)
            close(descriptor)
            _ = unsafe unlink(draft)
            throw MachineError("\(path): cannot be given to the folder's owner: \(reason)")
        }
        let isWritten = Output.write(text, to: descriptor)
        let number = errno
        close(descriptor)
        guard isWritten else { throw MachineError("\(draft): \(errorDescription(number))") }
        guard unsafe rename(draft, path) == 0 else {
            throw MachineError("\(path): \(errorDescription(errno))")
        }
    }

    private static func owner(ofFolderOf path: String) -> (user: uid_t, group: gid_t)? {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        var status = stat()
        // Sound: the kernel fills the structure that it is lent.
        guard unsafe stat(folder, &status) == 0 else { return nil }
        return (status.st_uid, status.st_gid)
    }

    /// The path from the root, for one that counts from the folder in which the command was typed.
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        // Sound: the buffer that getcwd makes is copied, and freed once.
        guard let here = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(here) }
        let folder = unsafe String(cString: here)
        let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return rest.isEmpty || rest == "." ? folder : "\(folder == "/" ? "" : folder)/\(rest)"
    }

    /// Makes a folder and all above it; what is new belongs to this user alone.
    package static func makeFolder(_ path: String) throws(MachineError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            // Sound: the path lives for the length of the call.
            guard unsafe mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw MachineError("\(made): \(errorDescription(errno))")
            }
        }
    }

    /// The names in a folder, sorted; none when it cannot be read.
    package static func names(in folder: String) -> [String] {
        // Sound: the folder is closed once, and each entry is copied before the next call overwrites it.
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Lets this process open as many descriptors as the system allows it at all: a node needs one or
    /// two, and the usual soft limit is 1,024.
    package static func raiseDescriptorLimit() {
        var limit = rlimit()
        // Sound: the calls read and fill in `limit`, which lives on this stack.
        guard unsafe getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0
        else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    }

    /// How many descriptors this process may have open.
    package static var descriptorLimit: Int {
        var limit = rlimit()
        // Sound: the call fills in `limit`, which lives on this stack.
        let status = unsafe getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        return status == 0 ? Int(clamping: limit.rlim_cur) : 1024
    }

    /// How many processors this machine has.
    package static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Has the kernel write no memory of this process or of its children to disk when one crashes: secrets
    /// and history would lie there for others. A limit of 0 would still hand it to a program.
    ///
    /// - Source: fs/coredump.c of Linux: a limit of 1 byte is too small for a file and ends a pipe.
    package static func forbidCoreDumps() {
        var limit = rlimit()
        // Sound: the calls read and fill in `limit`, which lives on this stack.
        guard unsafe getrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit) == 0
        else {
            return
        }
        limit.rlim_max = min(limit.rlim_max, 1)
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
    }

    /// The width of the terminal behind standard output, in columns; 100 when it does not say.
    package static var terminalWidth: Int {
        var size = winsize()
        // Sound: the call fills in `size`, which lives on this stack.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 100
        }
        return Int(size.ws_col)
    }

    /// The height of the terminal behind standard output, in lines; 40 when it does not say.
    package static var terminalHeight: Int {
        var size = winsize()
        // Sound: as above.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else {
            return 40
        }
        return Int(size.ws_row)
    }
}

/// The machine would not do something; `detail` says what and why.
package struct MachineError: Error, CustomStringConvertible {
    package let detail: String

    package init(_ detail: String) { self.detail = detail }

    package var description: String { detail }
}
