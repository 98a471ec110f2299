import Glibc
import Threads

/// Keeps a second gateway of the same state directory from starting. Held as long as the object lives,
/// and let go by the system when the process dies.
final class StateLock {
    private let descriptor: Int32

    /// Why there is no lock.
    enum Failure: Error, CustomStringConvertible {
        /// Another gateway holds it, and drives what it drives.
        case held(String)
        case broken(String)

        var description: String {
            switch self {
            case .held(let detail), .broken(let detail): detail
            }
        }
    }

    init(directory: String) throws(Failure) {
        do {
            try Machine.makeFolder(directory)
        } catch {
            throw .broken(error.detail)
        }
        // Sound: the path lives for the length of the call.
        descriptor = unsafe open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .broken("\(directory)/lock: \(errorWords(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw .broken("\(directory)/lock: \(errorWords(reason))")
            }
            throw .held(
                "\(directory): another gateway uses this state directory; "
                    + "stop it, or give this one another --state-directory")
        }
    }

    deinit { close(descriptor) }
}
