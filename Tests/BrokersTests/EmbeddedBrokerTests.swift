import Foundation
import Glibc
import Simulators
import Synchronization
import Testing
import Upstreams
import Vocabulary

@testable import Brokers

@Suite(.timeLimit(.minutes(1)))
struct EmbeddedBrokerTests {
    let clock = ManualClock()
    let folder = freshPath()

    func makeBroker(
        searchPath: String? = nil, answersWithin: Duration = EmbeddedBroker.asking.within
    ) -> EmbeddedBroker {
        var generator = SystemRandomNumberGenerator()
        return EmbeddedBroker(
            folder: folder, clock: clock, searchPath: searchPath, answersWithin: answersWithin,
            using: &generator)
    }

    /// The first news of a session that logs in with `password`.
    func logIn(_ login: BrokerLogin, password: String? = nil) async -> MqttNews? {
        let session = MqttSession(
            settings: MqttSettings(
                broker: login.address, clientID: "test", user: login.user,
                password: password ?? login.password), clock: clock)
        defer { session.close() }
        session.connect()
        return await session.news.first { _ in true }
    }

    @Test func `it starts on a free port and lets in who knows the password`() async throws {
        let broker = makeBroker()
        let login = try await broker.start()
        #expect(await broker.news.first { _ in true } == .started(login))
        #expect(await logIn(login) == .connected(sessionPresent: false))
        guard case .refused = await logIn(login, password: "guess") else {
            Issue.record("anybody gets in")
            return
        }
        await broker.stop()
    }

    @Test func `its files are for its user only and hold no readable password`() async throws {
        let broker = makeBroker()
        let login = try await broker.start()
        let passwords = "\(folder)/passwords"
        let attributes = try FileManager.default.attributesOfItem(atPath: folder)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        let file = try FileManager.default.attributesOfItem(atPath: passwords)
        #expect(file[.posixPermissions] as? Int == 0o600)
        let text = try String(contentsOfFile: passwords, encoding: .utf8)
        #expect(text.hasPrefix("tidegate:$"))
        #expect(!text.contains(login.password))
        #expect(!"\(login)".contains(login.password))
        await broker.stop()
    }

    @Test func `a broker that is killed comes back at the same address`() async throws {
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        let login = try await broker.start()
        #expect(await news.next() == .started(login))
        let first = try #require(await broker.process)
        kill(first, SIGKILL)
        guard case .died(let reason) = await news.next() else {
            Issue.record("its death was not seen")
            return
        }
        #expect(reason.hasPrefix("broker: killed by signal 9"))
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.restarting.first)
        #expect(await news.next() == .restarted)
        #expect(await broker.process != first)
        #expect(await logIn(login) == .connected(sessionPresent: false))
        await broker.stop()
    }

    @Test func `a broker whose port was taken meanwhile says so and tries again`() async throws {
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        let login = try await broker.start()
        _ = await news.next()
        kill(try #require(await broker.process), SIGKILL)
        _ = await news.next()
        let squatter = squat(on: login.address.port)
        await clock.sleepers(1)
        clock.advance(by: .seconds(1))
        guard case .died(let reason) = await news.next() else {
            Issue.record("it started on a port that is taken")
            return
        }
        #expect(reason.contains("Address already in use"))
        close(squatter)
        await clock.sleepers(1)
        clock.advance(by: .seconds(1))
        #expect(await news.next() == .restarted)
        await broker.stop()
    }

    @Test func `a broker that runs and does not answer is ended and started again`() async throws {
        let broker = makeBroker(answersWithin: .milliseconds(200))
        var news = broker.news.makeAsyncIterator()
        let login = try await broker.start()
        #expect(await news.next() == .started(login))
        let first = try #require(await broker.process)
        // One that answers is let be.
        for _ in 0..<5 {
            await clock.sleepers(1)
            clock.advance(by: EmbeddedBroker.asking.period)
        }
        await clock.sleepers(1)
        #expect(await broker.process == first)
        kill(first, SIGSTOP)
        for _ in 0..<EmbeddedBroker.asking.misses {
            await clock.sleepers(1)
            clock.advance(by: EmbeddedBroker.asking.period)
        }
        guard case .died(let reason) = await news.next() else {
            Issue.record("that it hangs was not seen")
            return
        }
        #expect(reason.hasPrefix("broker: did not answer 3 times"))
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.restarting.first)
        #expect(await news.next() == .restarted)
        #expect(await broker.process != first)
        #expect(await logIn(login) == .connected(sessionPresent: false))
        await broker.stop()
    }

    @Test func `the broker cannot speak to the service manager in the gateway's name`() throws {
        var child = try ChildProcess(
            ["/usr/bin/env"],
            variables: [
                "NOTIFY_SOCKET=/run/systemd/notify", "WATCHDOG_USEC=3000000", "WATCHDOG_PID=1",
                "HOME=/root", "NOTIFY_SOCKETS=2", "EMPTY=",
            ])
        let ending = child.reap(within: 10_000)
        let said = String(decoding: child.read() ?? [], as: UTF8.self)
        #expect(ending == "exit status 0")
        #expect(said == "HOME=/root\nNOTIFY_SOCKETS=2\nEMPTY=\n")
    }

    @Test func `stopping leaves no process and no file`() async throws {
        let broker = makeBroker()
        _ = try await broker.start()
        let process = try #require(await broker.process)
        await broker.stop()
        #expect(kill(process, 0) == -1 && errno == ESRCH)
        #expect(!FileManager.default.fileExists(atPath: folder))
        var count = 0
        for await _ in broker.news { count += 1 }
        #expect(count == 1)
    }

    @Test func `without mosquitto the error names the package`() async {
        let broker = makeBroker(searchPath: "/nowhere")
        await #expect {
            try await broker.start()
        } throws: { error in
            let error = error as? BrokerError
            return error?.kind == .notInstalled
                && error?.detail.contains("install the Debian package mosquitto") == true
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func `a folder that is a file is refused`() async throws {
        try "".write(toFile: folder, atomically: true, encoding: .utf8)
        let broker = makeBroker()
        await #expect {
            try await broker.start()
        } throws: {
            ($0 as? BrokerError)?.kind == .badFolder
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func `a broker that does not start tells why`() async throws {
        let programs = "\(folder)-programs"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: programs) }
        try writeScript("exit 0", to: "\(programs)/mosquitto_passwd")
        try writeScript(
            "echo '1700000000: Error: no luck'; exit 3", to: "\(programs)/mosquitto")
        let broker = makeBroker(searchPath: programs)
        await #expect {
            try await broker.start()
        } throws: {
            ($0 as? BrokerError)?.detail == "broker: exit status 3: Error: no luck"
        }
    }

    /// Takes a port of the loopback address.
    func squat(on port: UInt16) -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0)
            }
        }
        listen(socket, 1)
        return socket
    }
}

/// What happens when the gateway itself is killed, tried with this test program as the gateway.
@Suite(.timeLimit(.minutes(1)))
struct GatewayDeathTests {
    static let variable = "TIDEGATE_TEST_BROKER_FOLDER"
    static let folder = ProcessInfo.processInfo.environment[variable]

    @Test(.enabled(if: folder != nil))
    func `a gateway that is killed`() async throws {
        var generator = SystemRandomNumberGenerator()
        let folder = try #require(Self.folder)
        let broker = EmbeddedBroker(folder: folder, clock: ManualClock(), using: &generator)
        _ = try await broker.start()
        let process = try #require(await broker.process)
        FileHandle.standardOutput.write(Data("\nBROKER \(process) RUNS\n".utf8))
        kill(getpid(), SIGKILL)
    }

    @Test(.enabled(if: folder == nil))
    func `the broker ends with the gateway, even when that is killed`() async throws {
        let folder = freshPath()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let name = "GatewayDeathTests"
        let gateway = Process()
        gateway.executableURL = URL(filePath: "/usr/bin/env")
        gateway.arguments =
            ["\(Self.variable)=\(folder)", own]
            + CommandLine.arguments.dropFirst().prefix { !$0.hasPrefix("--filter") }
            + ["--testing-library", "swift-testing", "--filter", name]
        let output = Pipe()
        gateway.standardOutput = output
        gateway.standardError = FileHandle.nullDevice
        try gateway.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        gateway.waitUntilExit()
        #expect(gateway.terminationReason == .uncaughtSignal)
        let words = try #require(said.split(separator: "\n").first { $0.hasPrefix("BROKER") })
        let process = try #require(Int32(words.split(separator: " ")[1]))
        #expect(hasEnded(process, within: 5000), "broker \(process) outlived its gateway")
    }

    /// Waits for a process that is nobody's child here.
    func hasEnded(_ process: pid_t, within milliseconds: Int32) -> Bool {
        let descriptor = ChildProcess.watch(process)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var ended = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&ended, 1, milliseconds) == 1
    }
}

/// Writes a program. Another process does it: a test that starts something meanwhile would inherit our
/// descriptor, and the kernel runs no program that somebody has open for writing.
func writeScript(_ script: String, to path: String) throws {
    var writer = try ChildProcess([
        "/bin/sh", "-c", #"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 700 "$1""#, "sh", path,
        script,
    ])
    try #require(writer.reap(within: 10_000) == "exit status 0")
}

/// A path in the folder for temporary files where nothing is.
func freshPath() -> String {
    let number = lastNumber.add(1, ordering: .relaxed).newValue
    return "\(NSTemporaryDirectory())/tidegate-broker-\(getpid())-\(number)"
}

private let lastNumber = Atomic<Int>(0)
