import Fakes
import Foundation
import Glibc
import Mqtt
import Synchronization
import TestMachine
import Testing
import Vocabulary

@testable import Brokers

@Suite(.ownThread, .timeLimit(.minutes(10)))
struct EmbeddedBrokerTests {
    let clock = ManualClock()
    let folder = freshPath()

    func makeBroker(
        listener: BrokerListener? = nil, searchPath: String? = nil,
        answersWithin: Duration = EmbeddedBroker.asking.within
    ) -> EmbeddedBroker {
        EmbeddedBroker(
            folder: folder, listener: listener, clock: clock, searchPath: searchPath,
            answersWithin: answersWithin, using: SystemRandomNumberGenerator())
    }

    func runs(_ broker: EmbeddedBroker) -> Bool {
        if case .runs = broker.state { true } else { false }
    }

    /// The next news, which must be that it runs.
    func place(_ news: inout AsyncStream<BrokerEvent>.Iterator) async throws -> BrokerLocation {
        let next = await news.next()
        guard case .runs(let place) = next else {
            Issue.record("\(String(describing: next))")
            throw CancellationError()
        }
        return place
    }

    /// The next news, which must be that it does not run.
    func failure(_ news: inout AsyncStream<BrokerEvent>.Iterator) async throws -> BrokerError {
        let next = await news.next()
        guard case .fails(let error) = next else {
            Issue.record("\(String(describing: next))")
            throw CancellationError()
        }
        return error
    }

    /// The first news of a session there.
    func enter(
        _ address: BrokerAddress, user: String? = nil, password: String? = nil,
        listener: Int32? = nil
    ) async -> MqttEvent? {
        let session = session(address, user: user, password: password, listener: listener)
        defer { session.close() }
        session.connect()
        return await session.news.first { _ in true }
    }

    func session(
        _ address: BrokerAddress, id: String = "test", user: String? = nil,
        password: String? = nil, listener: Int32? = nil
    ) -> MqttSession {
        var settings = MqttSettings(
            broker: address, clientID: id, user: user, password: password, window: 8_000)
        settings.inboxCapacity = 8_000
        settings.subscriptionQos = .atMostOnce
        settings.endpointProvider = { () throws(UpstreamError) in
            EndpointProvider(broker: address, user: user, password: password, listener: listener)
        }
        return MqttSession(settings: settings, clock: clock)
    }

    @Test func `a reader that comes later gets every retained value of many channels`()
        async throws
    {
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let place = try await place(&news)
        let count = 4_000
        let writer = session(place.address, id: "writer", listener: place.process)
        writer.connect()
        var acknowledged = 0
        for await event in writer.news {
            if case .connected = event {
                for channel in 0..<count {
                    try writer.publish(
                        MqttMessage(
                            topic: "live/channel-\(channel)",
                            payload: Array(repeating: 65, count: 500),
                            isRetained: true))
                }
            }
            if case .acknowledged = event { acknowledged += 1 }
            if acknowledged == count { break }
        }
        writer.close()
        let reader = session(place.address, id: "reader", listener: place.process)
        reader.connect()
        var topics: Set<String> = []
        for await event in reader.news {
            if case .connected = event {
                try reader.subscribe("live/+")
                // Confirmed behind all that the first one brings.
                try reader.subscribe("end")
            }
            if case .received(let message) = event { topics.insert(message.topic) }
            if case .subscribed("end") = event { break }
        }
        reader.close()
        #expect(topics.count == count)
        await broker.stop()
    }

    @Test func `it starts on a socket that its own user alone can reach`() async throws {
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        #expect(broker.state == nil)
        broker.start()
        let place = try await place(&news)
        #expect(place.address == broker.address && place.listener == .none)
        #expect(broker.state == .runs(place))
        #expect(await broker.process == place.process)
        #expect(
            await enter(place.address, listener: place.process)
                == .connected(sessionPresent: false))
        let attributes = try FileManager.default.attributesOfItem(atPath: folder)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(attributes[.ownerAccountID] as? UInt32 == geteuid())
        #expect(openPorts(of: place.process) == [])
        await broker.stop()
        #expect(!runs(broker))
    }

    @Test func `a session goes on with no other process than the broker's`() async throws {
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let place = try await place(&news)
        guard case .unreachable(let why) = await enter(place.address, listener: getpid()) else {
            Issue.record("it goes on with anybody")
            return
        }
        #expect(why.contains("not the broker's process"))
        await broker.stop()
    }

    @Test func `a broker that is killed comes back at the same socket`() async throws {
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let first = try await place(&news)
        kill(first.process, SIGKILL)
        let error = try await failure(&news)
        #expect(error.kind == .ended)
        #expect(error.detail.hasPrefix("broker: killed by signal 9"))
        #expect(!runs(broker))
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.restarting.first)
        let second = try await place(&news)
        #expect(second.process != first.process && second.address == first.address)
        #expect(
            await enter(second.address, listener: second.process)
                == .connected(sessionPresent: false))
        await broker.stop()
    }

    @Test func `a broker that runs and does not answer is ended and started again`() async throws {
        let broker = makeBroker(answersWithin: .milliseconds(200))
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let first = try await place(&news).process
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
        #expect(try await failure(&news).detail.hasPrefix("broker: timed out 3 times"))
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.restarting.first)
        let second = try await place(&news)
        #expect(second.process != first)
        #expect(await enter(second.address) == .connected(sessionPresent: false))
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
        broker.start()
        var count = 0
        for await news in broker.news {
            count += 1
            guard case .runs(let place) = news else {
                Issue.record("\(news)")
                break
            }
            await broker.stop()
            #expect(kill(place.process, 0) == -1 && errno == ESRCH)
            #expect(!FileManager.default.fileExists(atPath: folder))
        }
        #expect(count == 1)
    }

    @Test func `without mosquitto the error names the package, once, and it is tried again`()
        async throws
    {
        let broker = makeBroker(searchPath: "/nowhere")
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let error = try await failure(&news)
        #expect(error.kind == .notInstalled)
        #expect(error.detail.contains("install the Debian package mosquitto"))
        for _ in 0..<3 {
            await clock.sleepers(1)
            clock.advance(by: EmbeddedBroker.restarting.cap)
        }
        await clock.sleepers(1)
        await broker.stop()
        #expect(await news.next() == nil)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func `a broker that does not start reports why`() async throws {
        let programs = "\(folder)-programs"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: programs) }
        try writeScript(
            "echo '1700000000: Error: no luck'; exit 3", to: "\(programs)/mosquitto")
        let broker = makeBroker(searchPath: programs)
        var news = broker.news.makeAsyncIterator()
        broker.start()
        #expect(try await failure(&news).detail == "broker: exit status 3: Error: no luck")
        await broker.stop()
    }
}

/// What happens when the gateway itself is killed, tried with this test program as the gateway.
@Suite(.ownThread, .timeLimit(.minutes(10)))
struct GatewayDeathTests {
    static let variable = "TIDEGATE_TEST_BROKER_FOLDER"
    static let folder = ProcessInfo.processInfo.environment[variable]

    @Test(.enabled(if: folder != nil))
    func `a gateway that is killed`() async throws {
        let folder = try #require(Self.folder)
        let broker = EmbeddedBroker(
            folder: folder, clock: ManualClock(), using: SystemRandomNumberGenerator())
        broker.start()
        _ = await broker.news.first { _ in true }
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
