import Glibc
import Vocabulary

/// Plain writing to the standard streams, for commands that print and end.
///
/// Lines may hold words that others wrote, so nothing in them is left that a terminal obeys but their ends.
package enum Output {
    /// Writes `text` and a newline to standard output.
    package static func line(_ text: String) { write(shown(text) + "\n", to: STDOUT_FILENO) }

    /// Writes `text` and a newline to standard error.
    package static func error(_ text: String) { write(shown(text) + "\n", to: STDERR_FILENO) }

    private static func shown(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.printable(limit: .max) }.joined(separator: "\n")
    }

    /// Writes `text` and a newline to standard error, unless that would have to wait for a reader.
    package static func errorIfHeard(_ text: String) {
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // Sound: the descriptor lives through the call, and it is one.
        guard unsafe poll(&ready, 1, 0) == 1 else { return }
        error(text)
    }

    /// Whether people read standard output on a terminal right now.
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether a terminal may be sent colours.
    ///
    /// Source: no-color.org.
    package static var hasColours: Bool {
        Machine.environment("NO_COLOR") == nil && Machine.environment("TERM") != "dumb"
    }

    /// Writes all of `text` as it is; gives up when its reader is gone.
    /// - Returns: Whether it was written.
    @discardableResult
    package static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            // Sound: the bytes live for the length of the call.
            let written = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written < 0 {
                // Another program that shares the terminal or pipe may have it not block; that is no end of its reader.
                guard errno == EINTR || errno == EAGAIN else { return false }
                if errno == EAGAIN { awaitRoom(in: descriptor) }
                continue
            }
            rest = rest.dropFirst(written)
        }
        return true
    }

    private static func awaitRoom(in descriptor: Int32) {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // Sound: the descriptor lives through the call, and it is one.
        _ = unsafe poll(&ready, 1, -1)
    }
}
