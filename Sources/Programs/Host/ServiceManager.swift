import Glibc
import Vocabulary

/// What systemd, or another service manager, is sent: one datagram for each word.
///
/// Nothing is lost by a service manager that does not listen, so nothing here fails or waits.
///
/// Source: sd_notify(3), sd_watchdog_enabled(3).
package struct ServiceManager: Sendable {
    /// How often the service manager wants to hear that all is well; nil when it does not ask.
    package let watchdogPeriod: Duration?
    private let address: [UInt8]?

    /// The service manager that the environment names; one that hears nothing when it names none.
    package init(environment: (String) -> String? = Machine.environment, process: Int32 = getpid())
    {
        address = environment("NOTIFY_SOCKET").flatMap(Self.address)
        let isMeant = environment("WATCHDOG_PID").map { $0 == "\(process)" } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap(Int64.init) ?? 0
        // Half of the time, so that one that comes late is no disaster.
        watchdogPeriod =
            isMeant && microseconds > 0 && address != nil ? .microseconds(microseconds) / 2 : nil
    }

    /// Nodes run and safe states are driven.
    package func ready(status: String) { send(["READY=1", Self.line(status)]) }

    /// One line for people, shown by `systemctl status`.
    package func status(_ text: String) { send([Self.line(text)]) }

    /// Everything that matters has been seen alive.
    package func heartbeat() { send(["WATCHDOG=1"]) }

    /// - Parameter now: Lets the service manager distinguish this reload from an earlier one.
    package func reloading(at now: MonotonicInstant) {
        send(["RELOADING=1", "MONOTONIC_USEC=\(now.nanoseconds / 1_000)"])
    }

    package func stopping(status: String) { send(["STOPPING=1", Self.line(status)]) }

    private static func line(_ text: String) -> String {
        // A line break would begin another word.
        "STATUS=" + String(text.map { $0.isNewline ? " " : $0 })
    }

    /// The path of a socket as sockaddr_un has it: one that starts with `@` is abstract, has a zero for
    /// it and no end mark.
    private static func address(_ text: String) -> [UInt8]? {
        var bytes = Array(text.utf8)
        guard let first = bytes.first, [UInt8(ascii: "/"), UInt8(ascii: "@")].contains(first),
            bytes.count < 108
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 } else { bytes.append(0) }
        return bytes
    }

    private func send(_ words: [String]) {
        guard let address else { return }
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        // Sound: an address has at most 108 bytes, the room that sun_path has.
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: address) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
        let bytes = Array(words.joined(separator: "\n").utf8)
        // Sound: both live for the length of the call, and each is as long as it is said to be. A service
        // manager that has gone or is too busy misses this word; the next one comes.
        unsafe withUnsafePointer(to: &name) { name in
            unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                _ = unsafe sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), name, length)
            }
        }
    }
}
