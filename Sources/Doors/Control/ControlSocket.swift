import Glibc
import Vocabulary

/// A Unix socket in the file system that a server listens at.
///
/// It has its mode and group before a client can connect. One that a killed gateway has left is replaced; one at which
/// a server listens is left alone.
public struct ControlSocket: Sendable {
    /// The most bytes of a path.
    ///
    /// Source: unix(7), `sun_path`.
    public static let longestPath = BrokerAddress.longestSocketPath
    /// Connections that the kernel keeps until they are accepted.
    private static let backlog: Int32 = 64

    public let path: String
    /// Belongs to the server, which closes it.
    let descriptor: Int32
    /// Which file it is: another one in its place is kept.
    private let file: (device: dev_t, number: ino_t)

    /// Makes the socket, which listens at once.
    ///
    /// - Parameters:
    ///   - path: In a folder that only this user may write to.
    ///   - group: Whose members may connect; nil when only this user and root may.
    /// - Throws: `.setting`.
    public init(_ path: String, group: gid_t?) throws(ControlError) {
        func failure(_ doing: String) -> ControlError {
            ControlError(.setting, "\(path): \(doing): \(errorDescription(errno))")
        }
        guard path.utf8.count + 4 <= Self.longestPath else {
            throw ControlError(
                .setting, "\(path): a socket's path has at most \(Self.longestPath - 4) bytes")
        }
        try Self.makeRoom(at: path)
        let draft = path + ".new"
        // Sound: the path lives for the length of the call.
        _ = unsafe unlink(draft)
        let descriptor = try Self.socket(failure)
        do throws(ControlError) {
            // Sound: as above.
            guard unsafe Self.call(bind, descriptor, draft) == 0 else {
                throw failure("cannot bind")
            }
            // Sound: as above. What is right already is not asked for, because a service may not be allowed to ask.
            if let group, Self.group(of: draft) != group,
                unsafe chown(draft, uid_t.max, group) != 0
            {
                throw failure("cannot be given to group \(group)")
            }
            // Sound: as above.
            guard unsafe chmod(draft, group == nil ? 0o600 : 0o660) == 0 else {
                throw failure("cannot set its mode")
            }
            guard listen(descriptor, Self.backlog) == 0 else { throw failure("cannot listen") }
            // Sound: as above.
            guard unsafe rename(draft, path) == 0 else { throw failure("cannot rename") }
            guard let file = Self.file(at: path) else { throw failure("is gone") }
            self.file = file
        } catch {
            close(descriptor)
            // Sound: as above.
            _ = unsafe unlink(draft)
            throw error
        }
        (self.path, self.descriptor) = (path, descriptor)
    }

    /// Whether it can still be found at its path.
    public var isThere: Bool { Self.file(at: path).map { $0 == file } ?? false }

    /// Takes it out of the file system.
    public func remove() {
        // Sound: the path lives for the length of the call.
        if isThere { _ = unsafe unlink(path) }
    }

    // MARK: - Who is there

    /// - Throws: `.setting` when a server listens there, or there is something else.
    private static func makeRoom(at path: String) throws(ControlError) {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ControlError(.setting, "\(path): is not a socket; remove it")
        }
        guard isUsed(at: path) else { return }
        throw ControlError(.setting, "\(path): in use by another gateway of this name")
    }

    /// Whether a server listens at that path, or it cannot be known because this user may not connect. Connects for a
    /// moment, and never blocks.
    public static func isUsed(at path: String) -> Bool {
        guard let probe = try? socket({ ControlError(.setting, $0) }) else { return false }
        defer { close(probe) }
        // Sound: the path lives for the length of the call. A queue that is full is a server's.
        return unsafe call(connect, probe, path) == 0 || [EAGAIN, EACCES, EPERM].contains(errno)
    }

    // MARK: - System calls

    private static func socket(
        _ failure: (String) -> ControlError
    ) throws(ControlError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let made = Glibc.socket(AF_UNIX, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard made >= 0 else { throw failure("no socket") }
        return made
    }

    /// `bind` or `connect`, which take the same.
    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32,
        _ path: String
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Sound: the bytes are copied into the address, which has room for them and a zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            unsafe room.copyBytes(from: path.utf8.prefix(longestPath))
        }
        // Sound: a Unix address is passed as what it is, with its size, for the time of the call.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func group(of path: String) -> gid_t? {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        return unsafe lstat(path, &status) == 0 ? status.st_gid : nil
    }

    private static func file(at path: String) -> (device: dev_t, number: ino_t)? {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return (status.st_dev, status.st_ino)
    }
}
