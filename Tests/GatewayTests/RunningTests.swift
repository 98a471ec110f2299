import Foundation
import Testing

/// The demonstration layout, with its private broker, as users run it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `A running gateway` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    /// Starts the demonstration and waits until it takes commands from its broker.
    private func demo(_ more: [String: String] = [:]) async throws -> Program {
        let gateway = try home.start("run", TestHome.demo, with: more)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        return gateway
    }

    private func broker(of gateway: Program) throws -> Int32 {
        try #require(children(of: gateway.pid).first)
    }

    @Test func `shows its readings to watch as JSON lines`() async throws {
        let gateway = try await demo()
        let watch = try home.start("watch")
        try #require(await watch.shows(#""channel":"host-load-1""#), "\(watch.text)")
        try #require(await watch.shows(#""channel":"tank-top""#), "\(watch.text)")
        for line in watch.output {
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(value?["channel"] is String)
            #expect(value?["iso"] is String)
        }
        watch.signal(SIGTERM)
        #expect(await watch.end() == 0)
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(gateway.output == [])
    }

    @Test func `shows its own values on standard output when it is run to watch`() async throws {
        let gateway = try home.start("run", TestHome.demo, "--watch")
        #expect(await gateway.line(#""channel":"tank-top""#) != nil)
        gateway.signal(SIGINT)
        #expect(await gateway.end() == 0)
        for line in gateway.output { #expect(line.hasPrefix("{\"channel\":"), "\(line)") }
        for line in gateway.errors { #expect(line.hasPrefix("{\"time\":"), "\(line)") }
    }

    @Test func `switches a relay and reports the state that the relay confirms`() async throws {
        let gateway = try await demo()
        let watch = try home.start("watch")
        for (value, steps) in [("on", 1), ("off", 0)] {
            let set = try home.start("set", "pump", value)
            #expect(await set.end() == 0, "\(set.text)")
            #expect(set.output == ["pump is \(value)"])
            let line = await watch.line("\"state\":\"\(value)\"")
            #expect(line?.contains("\"steps\":\(steps)") == true)
        }
        #expect(await gateway.error("command.confirmed") != nil)
    }

    @Test func `is followed by watch and tap to its broker's new address`()
        async throws
    {
        let first = try await demo()
        let (watch, tap) = (try home.start("watch"), try home.start("tap"))
        let up = #""link":"house","state":"connected","health":"up""#
        try #require(await watch.line("channel") != nil, "\(watch.text)")
        try #require(await tap.line(#""link":"house""#) != nil, "\(tap.text)")
        first.signal(SIGKILL)
        _ = await first.end()
        for program in [watch, tap] {
            #expect(await program.error("retrying") != nil, "\(program.text)")
            program.skip()
        }
        let second = try await demo()
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")
        #expect(await watch.line(#""state":"on""#) != nil, "\(watch.text)")
        #expect(await tap.line(up) != nil, "\(tap.text)")
        for program in [watch, tap, second] {
            program.signal(SIGTERM)
            #expect(await program.end() == 0)
        }
    }

    @Test func `sets the total of a pulse meter and records who did`() async throws {
        let gateway = try await demo()
        let watch = try home.start("watch")
        let set = try home.start("set", "water", "1234567.895")
        #expect(await set.end() == 0, "\(set.text)")
        #expect(set.output == ["water is 1234567.895"])
        #expect(await watch.line("\"steps\":1234567895") != nil)
        let event = try #require(await gateway.error("total.set"))
        #expect(event.contains("to 1234567.895 L by cli "), "\(event)")
    }

    @Test func `refuses a command to what takes none, and says why`() async throws {
        let gateway = try await demo()
        for node in ["tank-top", "power", "nobody"] {
            let set = try home.start("set", node, "on")
            #expect(await set.end() == 1)
            #expect(set.text.contains("\(node): not set, refused: "), "\(set.text)")
        }
        #expect(await gateway.error("command refused") != nil)
    }

    @Test func `that is not on the broker lets set time out`() async throws {
        let gateway = try await demo()
        let broker = try #require(try home.runFile("d1.demo.scada")["broker"])
        let set = try home.start(
            "set", "pump", "on", "--timeout", "1", "--broker", broker, "--gateway",
            "d1.nobody.scada")
        #expect(await set.end() == 75)
        #expect(set.text.contains("the outcome is unknown"))
        #expect(gateway.text.contains("command.") == false)
    }

    @Test func `stops and leaves nothing behind`() async throws {
        let gateway = try await demo()
        let broker = try broker(of: gateway)
        #expect(runs(broker))
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
        #expect(!runs(broker))
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(home.path)/run/tidegate")
        #expect(left == [])
        #expect(gateway.errors.last?.contains("\"event\":\"gateway.stopped\"") == true)
    }

    @Test(arguments: [SIGQUIT, SIGPWR])
    func `ends in good order on what would kill it, and by no signal that says nothing`(
        signal: Int32
    ) async throws {
        let gateway = try await demo()
        for meaningless in [SIGUSR1, SIGUSR2, SIGALRM, SIGIO] { gateway.signal(meaningless) }
        gateway.signal(signal)
        #expect(await gateway.end() == 0, "\(gateway.text)")
        #expect(gateway.errors.last?.contains("\"event\":\"gateway.stopped\"") == true)
    }

    @Test func `stops as asked while it still starts`() async throws {
        let gateway = try home.start("run", TestHome.demo)
        try #require(await gateway.error("gateway.starting") != nil)
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
        #expect(!gateway.text.contains("cannot start"))
        // What listens for no one any more must not say where to log in.
        #expect(throws: (any Error).self) { try home.runFile("d1.demo.scada") }
    }

    @Test func `leaves no broker behind when it is killed`() async throws {
        let gateway = try await demo()
        let broker = try broker(of: gateway)
        let watch = try home.start("watch")
        try #require(await watch.line("{") != nil)
        gateway.signal(SIGKILL)
        #expect(await gateway.end() == 128 + SIGKILL)
        #expect(await watch.error("retrying") != nil)
        #expect(!runs(broker))
    }

    @Test func `ends at once on a second signal`() async throws {
        let gateway = try await demo()
        let broker = try broker(of: gateway)
        // A broker that does not acknowledge the offline message holds up the orderly stop.
        kill(broker, SIGSTOP)
        defer { kill(broker, SIGKILL) }
        gateway.signal(SIGINT)
        // Another one right away is the same request, as timeout(1) and shells send it to the whole group.
        gateway.signal(SIGTERM)
        try #require(await gateway.error("gateway.stopping") != nil)
        // The time itself is what makes it a second one.
        try await Task.sleep(for: .milliseconds(250))
        gateway.signal(SIGINT)
        #expect(await gateway.end() == 130)
        #expect(!gateway.text.contains("\"event\":\"gateway.stopped\""))
    }

    @Test func `lets no other gateway into its state directory`() async throws {
        let gateway = try await demo()
        let second = try home.start("run", TestHome.demo)
        #expect(await second.end() == 69)
        #expect(second.text.contains("another gateway uses this state directory"))
        #expect(second.text.contains("--state-directory"))
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "the first one goes on: \(set.text)")
        #expect(runs(gateway.pid))
    }

    @Test func `drives safe states before it ends because its state cannot be kept`() async throws {
        let gateway = try home.start("run", TestHome.demo, "--state-directory", "/proc/none")
        #expect(await gateway.end() == 69)
        #expect(gateway.text.contains("cannot start: /proc/none"))
        #expect(gateway.text.contains("gateway.summary"), "\(gateway.text)")
        #expect(!gateway.text.contains("relay.unsafe"))
    }

    @Test func `starts its broker again when it dies, and readings go on`() async throws {
        let gateway = try await demo()
        // A topic is the broker's, so that the gateway is not asked itself.
        let watch = try home.start("watch", "--topic", "tidegate")
        try #require(await watch.line(#""channel":"tank-top""#) != nil)
        let first = try broker(of: gateway)
        kill(first, SIGKILL)
        #expect(await gateway.error("embedded broker died: broker: killed by signal 9") != nil)
        #expect(await gateway.error("embedded broker: running again") != nil)
        try #require(await watch.error("retrying") != nil)
        // Nothing is left of what the old broker held, so these come from the gateway again.
        #expect(await watch.line(#""channel":"tank-top""#) != nil)
        #expect(try broker(of: gateway) != first)
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")
    }

    @Test func `shows its secrets nowhere`() async throws {
        let gateway = try home.start(
            "run", try home.demoWithPort(), "--watch", "--log-level", "trace")
        try #require(await gateway.error("link.subscribed") != nil)
        let login = try home.login("d1.demo.scada")
        #expect(login.password.count == 32)
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0)
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        for program in [gateway, set] { #expect(!program.text.contains(login.password)) }
    }
}
