import Foundation
import Testing
import Vocabulary

@testable import Host

/// A service manager's end of the socket.
final class Listener {
    let path: String
    private let descriptor: Int32

    /// - Parameters:
    ///   - isAbstract: Whether the socket has a name that is no file's.
    ///   - path: Where it is; anywhere when nothing is said.
    init(isAbstract: Bool = false, at path: String? = nil) throws {
        let file = path ?? NSTemporaryDirectory() + "tidegate-notify-\(UUID().uuidString.prefix(8))"
        self.path = isAbstract ? "@" + file.dropFirst() : file
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(self.path.utf8)
        if isAbstract { bytes[0] = 0 } else { bytes.append(0) }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let status = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(status == 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// The next datagram; nil when there is none.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

@Suite struct `The service manager` {
    private func manager(_ environment: [String: String]) -> ServiceManager {
        ServiceManager(environment: { environment[$0] }, process: 4711)
    }

    @Test(arguments: [false, true])
    func `hears each word as one datagram, on a socket with or without a file`(
        isAbstract: Bool
    ) throws {
        let listener = try Listener(isAbstract: isAbstract)
        let manager = manager(["NOTIFY_SOCKET": listener.path])
        manager.ready(status: "12 nodes run")
        #expect(listener.next() == "READY=1\nSTATUS=12 nodes run")
        manager.heartbeat()
        #expect(listener.next() == "WATCHDOG=1")
        manager.reloading(at: MonotonicInstant(nanoseconds: 1_234_567_890))
        #expect(listener.next() == "RELOADING=1\nMONOTONIC_USEC=1234567")
        manager.status("all\nis\r\nwell")
        #expect(listener.next() == "STATUS=all is well")
        manager.stopping(status: "SIGTERM")
        #expect(listener.next() == "STOPPING=1\nSTATUS=SIGTERM")
        #expect(listener.next() == nil)
    }

    @Test func `that is not there, or has gone, is sent nothing and does no harm`() throws {
        let long = "/" + String(repeating: "x", count: 200)
        for (path, mayBeThere) in [
            (nil, false), ("", false), ("relative", false), (long, false), ("/", true), ("@", true),
        ] {
            var environment = ["WATCHDOG_USEC": "2000000"]
            environment["NOTIFY_SOCKET"] = path
            let manager = manager(environment)
            manager.ready(status: "x")
            #expect((manager.watchdogPeriod != nil) == mayBeThere, "\(path ?? "none")")
        }
        var gone: Listener? = try Listener()
        let path = try #require(gone?.path)
        let manager = manager(["NOTIFY_SOCKET": path])
        gone = nil
        manager.ready(status: "x")
        // One that comes back hears the next word, and none from before.
        let back = try Listener(at: path)
        manager.heartbeat()
        #expect(back.next() == "WATCHDOG=1" && back.next() == nil)
    }

    @Test func `that does not read is not waited for`() throws {
        let listener = try Listener()
        let manager = manager(["NOTIFY_SOCKET": listener.path])
        // More than any socket's queue holds.
        for _ in 0..<5_000 { manager.heartbeat() }
        #expect(listener.next() == "WATCHDOG=1")
    }

    @Test func `is notified at half of the time that it gives, when it asks this process`() {
        let socket = ["NOTIFY_SOCKET": "/run/systemd/notify"]
        func period(_ more: [String: String]) -> Duration? {
            manager(socket.merging(more) { $1 }).watchdogPeriod
        }
        #expect(period(["WATCHDOG_USEC": "3000000"]) == .milliseconds(1_500))
        #expect(
            period(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "4711"]) == .milliseconds(1_500))
        #expect(period(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(period(["WATCHDOG_USEC": "0"]) == nil)
        #expect(period(["WATCHDOG_USEC": "soon"]) == nil)
        #expect(period([:]) == nil)
        #expect(manager(["WATCHDOG_USEC": "3000000"]).watchdogPeriod == nil)
    }
}
