import CLinux
import Glibc

/// The keyboard of the terminal that this process runs on.
package enum TerminalKeys {
    /// Has each key come at once, without being shown. Whatever ends or stops the process, the terminal is
    /// given back as it was; `_exit` alone needs `end()` before it.
    ///
    /// - Returns: False when standard input is no terminal, or the process is not in front.
    package static func begin() -> Bool { tidegate_keys_begin(STDIN_FILENO) == 0 }

    /// Gives the terminal back. May be called any number of times, also without `begin()`.
    package static func end() { tidegate_keys_end() }

    /// Whether the process was stopped for a while, so that others have written to the terminal.
    package static var wereAway: Bool { tidegate_keys_were_away() != 0 }

    /// What was typed; nil once nothing more can come.
    package static func read() -> [UInt8]? {
        var ready = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        // Sound, here and below: the calls fill in what lives on this stack, and it is as long as the calls are given.
        guard unsafe poll(&ready, 1, 0) == 1 else { return [] }
        guard ready.revents & Int16(POLLIN) != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR || errno == EAGAIN { return [] }
        // It was readable and nothing was there: its other end has gone.
        return count > 0 ? Array(bytes[..<count]) : nil
    }
}
