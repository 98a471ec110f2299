import Foundation
import Mqtt
import Testing
import Vocabulary

@testable import Host

/// A gateway on somebody else's broker, which asks for a password and holds what others left there.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `A gateway on a site's broker` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    /// A broker that is there before the gateway: the private one of another gateway.
    private func site() async throws -> (Program, broker: String, user: String, password: String) {
        let program = try home.start("run", try home.demoWithPort())
        try #require(await program.error("link.subscribed") != nil, "\(program.text)")
        let login = try home.login("d1.demo.scada")
        return (program, login.broker, login.user, login.password)
    }

    private func layout(broker: String, user: String, passwordFile: String) throws -> String {
        try home.file(
            "site.json",
            """
            {"gateway": "d1.site.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off", "component":
               {"driver": "gpio-relay", "line": "chip/1", "simulated": true}}],
             "upstreams": [{"name": "site", "broker": "\(broker)", "user": "\(user)",
               "password": {"file": "\(passwordFile)"}}]}
            """)
    }

    /// Leaves a message on the broker, and returns once it has it.
    private func leave(
        _ text: String, on topic: String, _ site: (broker: String, user: String, password: String)
    ) async throws {
        let session = MqttSession(
            settings: MqttSettings(
                broker: try #require(BrokerAddress(site.broker)), clientID: "test",
                user: site.user, password: site.password), clock: SystemClock())
        session.connect()
        defer { session.close() }
        for await news in session.news {
            switch news {
            case .connected:
                _ = try session.publish(
                    MqttMessage(topic: topic, payload: Array(text.utf8), isRetained: true))
            case .acknowledged: return
            default: Issue.record("\(news)")
            }
        }
    }

    @Test func `does not obey a command that was left there, and keeps its password secret`()
        async throws
    {
        let (first, broker, user, password) = try await site()
        try await leave("on", on: "tidegate/d1.site.scada/set/pump", (broker, user, password))
        let secret = try home.file("password", "\(password)\n")
        let gateway = try home.start(
            "run", try layout(broker: broker, user: user, passwordFile: secret), "--watch",
            "--log-level", "trace")
        let refusal = await gateway.error(
            "command refused: retained commands are refused")
        #expect(refusal != nil, "\(gateway.text)")
        // One more command proves that nothing of the old one is still on its way.
        let set = try home.start("set", "pump", "off", "--gateway", "d1.site.scada")
        #expect(await set.end() == 0, "\(set.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(!gateway.output.contains { $0.contains("\"state\":\"on\"") })
        #expect(gateway.output.contains { $0.contains("\"state\":\"off\"") })
        for program in [gateway, set, first] { #expect(!program.text.contains(password)) }
    }

    @Test func `says what is wrong when the broker does not know it, and goes on`() async throws {
        let (first, broker, user, _) = try await site()
        let secret = try home.file("password", "hunter2\n")
        let layout = try layout(broker: broker, user: user, passwordFile: secret)
        let gateway = try home.start("run", layout, "--watch")
        #expect(await gateway.error("link.unreachable") != nil)
        #expect(await gateway.line(#""channel":"pump""#) != nil)
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(!gateway.text.contains("hunter2"))
        let watch = try home.start(
            "watch", "--broker", broker, "--user", user, with: ["TIDEGATE_PASSWORD": "hunter2"])
        #expect(await watch.end() == 69)
        #expect(!watch.text.contains("hunter2"))
        #expect(runs(first.pid))
    }

    @Test func `starts without its password, says where it looked, and connects once it is there`()
        async throws
    {
        let (first, broker, user, password) = try await site()
        let path = "\(home.path)/later"
        let gateway = try home.start(
            "run", try layout(broker: broker, user: user, passwordFile: path), "--watch")
        #expect(
            await gateway.error("upstream site, password: \(path): No such file") != nil,
            "\(gateway.text)")
        // Its relay is in its safe state meanwhile.
        #expect(await gateway.line(#""state":"off""#) != nil, "\(gateway.text)")
        _ = try home.file("later", "\(password)\n")
        #expect(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(runs(first.pid))
    }

    @Test func `takes the copy of a secret that systemd handed over before the file`() async throws
    {
        let (first, broker, user, password) = try await site()
        let path = try home.file("mine", "not this one\n")
        let name = SecretSource.file(path).credentialName
        _ = try home.file(name, "\(password)\n")
        let gateway = try home.start(
            ["run", try layout(broker: broker, user: user, passwordFile: path)],
            with: ["CREDENTIALS_DIRECTORY": home.path])
        #expect(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(runs(first.pid))
    }
}
