import Threads
import Glibc

/// The private folder with the broker's configuration and password file.
struct BrokerFolder: Hashable, Sendable {
    let path: String

    var configuration: String { "\(path)/mosquitto.conf" }
    var passwords: String { "\(path)/passwords" }

    /// Makes the folder, for this user only.
    func prepare() throws(BrokerError) {
        // Sound in all calls here: each reads the path it is given, which lives as long as the call.
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw problem(path) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw problem(path) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw BrokerError(
                kind: .badFolder, detail: "broker folder \(path): is no folder of this user")
        }
        guard unsafe chmod(path, 0o700) == 0 else { throw problem(path) }
    }

    func write(_ text: String, to file: String) throws(BrokerError) {
        // Sound in all calls here: each reads the path it is given, which lives as long as the call.
        _ = unsafe unlink(file)
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem(file) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        // Sound: `bytes` outlives the call, and its count is its own.
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw problem(file)
        }
    }

    /// Takes the files away, and the folder when nothing else is in it.
    func clear() {
        // Sound in all calls here: each reads the path it is given, which lives as long as the call.
        // What cannot be deleted holds a password that is worth nothing any more.
        _ = unsafe unlink(configuration)
        _ = unsafe unlink(passwords)
        _ = unsafe rmdir(path)
    }

    /// The configuration of a broker for this machine only that keeps nothing on disk. Without
    /// `set_tcp_nodelay` an answer that follows an acknowledgement would wait for the reader's
    /// delayed acknowledgement, 40 ms.
    func text(port: UInt16) -> String {
        """
        listener \(port) 127.0.0.1
        allow_anonymous false
        password_file \(passwords)
        set_tcp_nodelay true
        persistence false
        message_size_limit 1048576
        sys_interval 0
        log_dest stderr
        log_type error
        log_type warning
        log_type notice
        log_type information
        connection_messages false

        """ + (geteuid() == 0 ? "user root\n" : "")
    }

    private func problem(_ file: String) -> BrokerError {
        let words = errorWords(errno)
        return BrokerError(kind: .badFolder, detail: "broker folder \(path): \(file): \(words)")
    }
}
