import CLinux
import Glibc
import Vocabulary

/// The board's own watchdog, which restarts the machine when nothing writes to it for its time.
///
/// It has one owner: systemd's `RuntimeWatchdogSec=` and this cannot both have it. Opening starts it.
/// Closing disarms it, unless the kernel was built to keep it armed; a process that dies does not.
///
/// Source: Linux, Documentation/watchdog/watchdog-api.rst.
package final class WatchdogDevice: Sendable {
    private let descriptor: Int32
    private let path: String

    /// - Throws: When it is not there, or another program has it.
    package init(path: String) throws(MachineError) {
        // Sound: the path lives for the length of the call.
        descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let hint =
                errno == EBUSY
                ? "; another process has it open, see RuntimeWatchdogSec= of systemd" : ""
            throw MachineError("\(path): \(errorDescription(errno))\(hint)")
        }
        self.path = path
    }

    deinit { close(descriptor) }

    /// Everything that matters has been seen alive.
    package func heartbeat() { put(0) }

    /// Disarms it, so that the machine goes on without this process.
    package func disarm() { put(UInt8(ascii: "V")) }

    private func put(_ byte: UInt8) {
        var byte = byte
        // Sound: one byte is read during the call. A write that fails is made up for by the next one.
        _ = unsafe write(descriptor, &byte, 1)
    }
}
