import Glibc
import Vocabulary

/// The private folder with the broker's socket, configuration and password file. Nobody but this user
/// comes in, so a client that reaches the socket needs no password.
struct BrokerFolder: ~Copyable {
    let path: String
    /// Keeps another gateway of this user and name out for as long as it is open.
    private var lock: Int32 = -1

    init(path: String) { self.path = path }

    deinit { if lock >= 0 { close(lock) } }

    var configuration: String { "\(path)/mosquitto.conf" }
    var passwords: String { "\(path)/passwords" }
    var socket: String { "\(path)/mqtt" }

    /// Makes the folder and what is missing above it, for this user only, takes it for this process, and
    /// takes away what an earlier broker left.
    mutating func prepare() throws(BrokerError) {
        guard socket.utf8.count <= BrokerAddress.longestSocketPath else {
            throw problem(
                "\(socket) has \(socket.utf8.count) bytes, and the path of a socket at most "
                    + "\(BrokerAddress.longestSocketPath); name a folder with a shorter path in "
                    + "$XDG_RUNTIME_DIR")
        }
        try make()
        if !isLocked { try takeLock() }
        removeFiles()
    }

    /// Whether the folder is the one that this process has taken.
    private var isLocked: Bool {
        var (taken, found) = (stat(), stat())
        // Sound: the calls fill in what they are given, which lives on this stack.
        guard lock >= 0, unsafe fstat(lock, &taken) == 0, unsafe lstat(path, &found) == 0 else {
            return false
        }
        return taken.st_ino == found.st_ino && taken.st_dev == found.st_dev
    }

    private mutating func takeLock() throws(BrokerError) {
        if lock >= 0 { close(lock) }
        lock = -1
        // Sound: the path lives for the length of the call.
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw problem(errorDescription(errno)) }
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe fstat(folder, &status) == 0, status.st_uid == geteuid(),
            fchmod(folder, 0o700) == 0
        else {
            close(folder)
            throw problem("belongs to another user")
        }
        guard flock(folder, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(folder)
            throw problem(
                number == EWOULDBLOCK
                    ? "another gateway with this alias uses it" : errorDescription(number))
        }
        lock = folder
    }

    private func make() throws(BrokerError) {
        var above = ""
        for part in path.split(separator: "/").dropLast() {
            above += "/" + part
            // Sound in both calls: the path lives for the length of the call.
            guard unsafe mkdir(above, 0o700) == 0 || errno == EEXIST else {
                throw problem("\(above): \(errorDescription(errno))")
            }
        }
        // Who could put another folder in this one's place would be in the broker's.
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(above.isEmpty ? "/" : above, &status) == 0 else {
            throw problem("\(above): \(errorDescription(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR, [0, geteuid()].contains(status.st_uid),
            status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0
        else { throw problem("\(above) must be a folder that only this user can write to") }
        // Sound: the path lives for the length of the call.
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw problem(errorDescription(errno))
        }
    }

    func write(_ text: String, to file: String) throws(BrokerError) {
        // Sound in all calls here: each reads the path it is given, which lives as long as the call.
        _ = unsafe unlink(file)
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem("\(file): \(errorDescription(errno))") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        // Sound: `bytes` outlives the call, and its count is its own.
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw problem("\(file): \(errorDescription(errno))")
        }
    }

    /// Takes the files away, and the folder when nothing else is in it. Not where another gateway is.
    mutating func clear() {
        guard lock >= 0 else { return }
        removeFiles()
        // Sound: the path lives for the length of the call. A folder that stays has nothing in it.
        _ = unsafe rmdir(path)
        close(lock)
        lock = -1
    }

    private func removeFiles() {
        // What cannot be deleted holds a password that is worth nothing any more.
        for file in [configuration, passwords, socket] {
            // Sound: the path lives for the length of the call.
            _ = unsafe unlink(file)
        }
    }

    private func problem(_ what: String) -> BrokerError {
        BrokerError(kind: .badFolder, detail: "broker folder \(path): \(what)")
    }
}
