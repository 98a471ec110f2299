import Threads
import Glibc

/// Keeps a second gateway of the same state directory from starting. Held as long as the object lives,
/// and let go by the system when the process dies.
final class StateLock {
    private let descriptor: Int32

    /// - Throws: When the directory cannot be made, or another gateway holds it.
    init(directory: String) throws(MachineError) {
        try Machine.makeFolder(directory)
        // Sound: the path lives for the length of the call.
        descriptor = unsafe open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw MachineError("\(directory)/lock: \(errorWords(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw MachineError(
                "\(directory): another gateway uses this state directory; "
                    + "stop it, or give this one another --state-directory")
        }
    }

    deinit { close(descriptor) }
}
