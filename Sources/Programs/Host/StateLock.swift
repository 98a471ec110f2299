import Glibc
import Vocabulary

/// Keeps a second gateway of the same state directory from starting. Held as long as the object lives,
/// and released by the system when the process dies.
///
/// There are two locks: a file in the directory, and one in the folder of run files, which is still there
/// when the directory is deleted while the gateway runs.
package final class StateLock: Sendable {
    /// A file that is locked.
    private struct Hold {
        let path: String
        let descriptor: Int32
        /// Whether it goes when it is released.
        let isTemporary: Bool
    }

    private let directory: String
    private let holds = Guarded<[Hold]>([])

    /// Why there is no lock.
    package enum Failure: Error, CustomStringConvertible {
        /// Another gateway holds it, and drives what it drives.
        case held(String)
        /// - Parameter number: The system's.
        case broken(String, number: Int32)

        package var description: String {
            switch self {
            case .held(let detail), .broken(let detail, _): detail
            }
        }
    }

    /// Nothing is locked yet.
    package init(directory: String) { self.directory = directory }

    /// What a worn-out or full disk says.
    private static let ofDisk: Set<Int32> = [EROFS, ENOSPC, EDQUOT, EIO]

    /// Makes the directory where it is missing and locks it. May be called again, after it was deleted. A disk
    /// that cannot be written to is no reason to leave the house alone, while the other lock is held.
    package func take() throws(Failure) {
        do throws(MachineError) {
            try Machine.makeFolder(directory)
        } catch {
            throw .broken(error.detail, number: 0)
        }
        // Where there is no such folder for this user, the one in the directory is all there is.
        var isGuarded = false
        if let guardPath, (try? RunFolder.prepare()) != nil {
            do throws(Failure) {
                try hold(guardPath, isTemporary: true)
                isGuarded = true
            } catch .broken {
            } catch {
                throw error
            }
        }
        do throws(Failure) {
            try hold("\(directory)/lock", isTemporary: false)
        } catch .broken(_, let number) where isGuarded && Self.ofDisk.contains(number) {
        } catch {
            throw error
        }
    }

    /// The lock in the folder of run files; nil when the directory has no true name.
    private var guardPath: String? {
        // Sound: the buffer that realpath makes is copied, and freed once.
        guard let found = unsafe realpath(directory, nil) else { return nil }
        defer { unsafe free(found) }
        return
            "\(RunFolder.path)/state-\(String(Self.mark(of: unsafe String(cString: found)), radix: 16)).lock"
    }

    /// A number that no two paths are likely to share.
    ///
    /// Source: FNV-1a, 64 bits.
    private static func mark(of path: String) -> UInt64 {
        path.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    private func hold(_ path: String, isTemporary: Bool) throws(Failure) {
        while !isHeld(path) {
            // Sound: the path lives for the length of the call.
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else {
                let reason = errno
                throw .broken("\(path): \(errorDescription(reason))", number: reason)
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let reason = errno
                close(descriptor)
                guard reason == EWOULDBLOCK else {
                    throw .broken("\(path): \(errorDescription(reason))", number: reason)
                }
                throw .held(
                    "\(directory): another gateway uses this state directory; "
                        + "stop it, or give this one another --state-directory")
            }
            // The one that held it may have removed it in the meantime: then it is looked for again.
            holds.withLock { holds in
                for old in holds where old.path == path { close(old.descriptor) }
                holds.removeAll { $0.path == path }
                holds.append(
                    Hold(path: path, descriptor: descriptor, isTemporary: isTemporary))
            }
        }
    }

    private func isHeld(_ path: String) -> Bool {
        holds.withLock { $0.first { $0.path == path } }.map(isThere) ?? false
    }

    /// Whether the file that is locked is still the one of that name.
    private func isThere(_ hold: Hold) -> Bool {
        var (named, held) = (stat(), stat())
        // Sound: the calls fill in what lives on this stack, and the path lives as long.
        guard unsafe stat(hold.path, &named) == 0, unsafe fstat(hold.descriptor, &held) == 0 else {
            return false
        }
        return named.st_ino == held.st_ino && named.st_dev == held.st_dev
    }

    /// Releases it, which the end of the process would do as well.
    package func release() {
        let holds = holds.withLock { holds in
            defer { holds = [] }
            return holds.map { ($0, isThere($0)) }
        }
        for (hold, isThere) in holds {
            // Sound: the path lives for the length of the call.
            if hold.isTemporary, isThere { _ = unsafe unlink(hold.path) }
            close(hold.descriptor)
        }
    }

    deinit { release() }
}
