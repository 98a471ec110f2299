import Fakes
import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import Codecs
@testable import Mqtt
@testable import PlainJson

struct PlainCommandTests {
    func ask(
        _ payload: String, of node: String = "heater", isRetained: Bool = false,
        responseTopic: String? = nil, correlationData: [UInt8]? = nil
    ) -> Incoming.Matter {
        ask(
            MqttMessage(
                topic: "tidegate/d1.demo.house1/set/\(node)", payload: Array(payload.utf8),
                isRetained: isRetained, responseTopic: responseTopic,
                correlationData: correlationData))
    }

    func ask(_ message: MqttMessage) -> Incoming.Matter {
        var generator = SeededGenerator(seed: 1)
        return House.codec.incoming(message, at: House.now, using: &generator).matter
    }

    /// Why it is refused.
    func refusal(_ incoming: Incoming.Matter) -> String {
        if case .refused(let why, _, _, _) = incoming { why } else { "\(incoming)" }
    }

    @Test(arguments: [
        ("on", 1), ("off", 0), ("ON", 1), (" off\n", 0), ("1", 1), ("0", 0), ("1.0", 1),
        (#"{"value":"on"}"#, 1), (#"{"value":true}"#, 1), (#"{"value":false}"#, 0),
        (#"{"value":0}"#, 0), (#" {"value":"off","expires":null}"#, 0),
    ])
    func `a relay is commanded on, off, 1 or 0`(payload: String, value: Int64) {
        guard case .commands(let commands, let reply) = ask(payload), let command = commands.first
        else {
            Issue.record("\(ask(payload))")
            return
        }
        #expect(command.node == House.heater && command.order == .set(value))
        #expect(command.source == CommandSource(.upstream, "site") && command.expires == nil)
        #expect(command.id.text.utf8.count == 32)
        #expect(reply == Reply(topic: "tidegate/d1.demo.house1/answer/heater"))
    }

    @Test(arguments: [("12.5", 125), ("1e1", 100), (#"{"value":0.1}"#, 1), ("-3", -30)])
    func `a number is taken in whole steps of its channel, exactly`(payload: String, steps: Int64) {
        guard case .commands(let commands, _) = ask(payload, of: "dimmer"),
            let command = commands.first
        else {
            Issue.record("\(ask(payload, of: "dimmer"))")
            return
        }
        #expect(command.order == .set(steps))
    }

    @Test func `identity, expiry, response topic and correlation data are taken over`() {
        let incoming = ask(
            #"{"value":"on","id":"mine-1","expires":"2026-11-21T05:22:08+01:00"}"#,
            responseTopic: "tidegate/d1.demo.house1/answer/me", correlationData: [0, 255])
        let command = Command(
            id: CommandID("mine-1")!, node: House.heater, order: .set(1),
            source: CommandSource(.upstream, "site"),
            expires: WallTime(nanoseconds: 1_795_234_928_000_000_000))
        #expect(
            incoming
                == .commands(
                    [command],
                    Reply(
                        topic: "tidegate/d1.demo.house1/answer/me", correlationData: [0, 255])))
    }

    @Test func `a retained command is refused with that reason`() {
        let incoming = ask(#"{"value":"on","id":"x"}"#, isRetained: true)
        guard case .refused(let why, let id, let node, let reply) = incoming else {
            Issue.record("\(incoming)")
            return
        }
        #expect(why.contains("retained commands are refused"))
        #expect(id.text == "x" && node == House.heater)
        #expect(reply.topic == "tidegate/d1.demo.house1/answer/heater")
        guard case .ignored = ask("", isRetained: true) else {
            Issue.record("deleting a retained command is no command")
            return
        }
    }

    @Test func `an expiry is judged where the command is carried out, not where it is read`() {
        guard case .commands(let commands, _) = ask(#"{"value":1,"expires":17}"#) else {
            Issue.record("refused")
            return
        }
        #expect(commands.first?.expires == WallTime(nanoseconds: 17))
    }

    @Test(arguments: [
        ("heater", "2", "node heater: takes on, off, 1 or 0, not 2"),
        ("heater", "0.5", "node heater: takes on, off, 1 or 0, not 0.5"),
        ("heater", "", "is not a command"),
        ("heater", "on off", "is not a command"),
        ("heater", "maybe", "is not a command"),
        ("heater", "{}", "value: must be on, off, true, false or a number"),
        ("heater", #"{"value":null}"#, "value: must be"),
        ("heater", #"{"value":"on","value":"off"}"#, "duplicate key"),
        ("heater", #"{"value":"on","expirse":1}"#, "expirse: unknown; did you mean expires"),
        (
            "heater", #"{"state":"on"}"#,
            "state: unknown; known are value, id, expires, overrideFor, release, by"
        ),
        ("heater", #"{"value":"on","id":7}"#, "id: must be a text"),
        ("heater", #"{"value":"on","id":"two words"}"#, "id: must be a text"),
        ("heater", #"{"value":"on","expires":"soon"}"#, "expires: must be a time like"),
        ("heater", #"{"value":"on""#, "expected a comma or }"),
        ("dimmer", "on", "node dimmer: takes a number in percent"),
        ("dimmer", "0.05", "node dimmer: 0.05 is not a whole number of steps of 0.1 percent"),
        ("dimmer", "9223372036854775807", "not a whole number of steps"),
        ("tank", "on", "node tank: is a sensor, not an actuator"),
        ("heatre", "on", "node heatre: is not of this gateway; did you mean heater"),
    ])
    func `what is not a command for the node is refused in words`(
        node: String, payload: String, why: String
    ) {
        #expect(refusal(ask(payload, of: node)).contains(why), "\(ask(payload, of: node))")
    }

    @Test func `a command beyond 4 KiB is refused unread`() {
        let padding = String(repeating: " ", count: PlainCodec.longestCommand - 2)
        guard case .commands = ask("on" + padding) else {
            Issue.record("refused within the limit")
            return
        }
        #expect(refusal(ask("on " + padding)).contains("at most 4096"))
    }

    @Test(arguments: [
        "tidegate/other/set/door", "tidegate/d1.demo.house1/set/heater", "a/+", "$SYS/x", "",
        "tidegate/d1.demo.house1/status", "tidegate/d1.demo.house1/answer/dimmer",
        "tidegate/d1.demo.house1/answer/dimmer/x", "tidegate/d1.demo.house1/answer/", "tidegate",
        "zigbee2mqtt/boiler/set", "answers/me", "tidegate/d1.demo.house1/answer/a\0b",
        "tidegate/d1.demo.house1/answer/" + String(repeating: "x", count: 256),
    ])
    func `no requester can make the gateway speak where others obey or believe it`(topic: String) {
        let message = MqttMessage(
            topic: "tidegate/d1.demo.house1/set/heater", payload: Array("on".utf8),
            responseTopic: topic, correlationData: [7])
        var generator = SeededGenerator(seed: 1)
        let incoming = House.codec.incoming(message, at: House.now, using: &generator)
        guard case .commands(let commands, let reply) = incoming.matter else {
            Issue.record("\(incoming)")
            return
        }
        #expect(commands.map(\.order) == [.set(1)])
        #expect(
            reply == Reply(topic: "tidegate/d1.demo.house1/answer/heater", correlationData: [7]))
        #expect(incoming.note?.contains("answersTo") == true)
    }

    @Test(arguments: [
        ("home/answers/me", true), ("home/answers", true), ("home", false), ("rpc/a/reply", true),
        ("rpc/a/b/reply", false), ("tidegate/other/set/door", false),
        ("tidegate/d1.demo.house1/set/heater", false), ("$SYS/x", false), ("home/answers/+", false),
    ])
    func `the layout opens topics for answers, and none that gateways obey`(
        topic: String, isOpen: Bool
    ) {
        let codec = PlainCodec(
            profile: House.profile, upstream: "site",
            answersTo: ["home/answers/#", "rpc/+/reply", "tidegate/#", "+/x"])
        let message = MqttMessage(
            topic: "tidegate/d1.demo.house1/set/heater", payload: Array("on".utf8),
            responseTopic: topic)
        var generator = SeededGenerator(seed: 1)
        let incoming = codec.incoming(message, at: House.now, using: &generator)
        #expect(
            incoming.matter.reply?.topic
                == (isOpen ? topic : "tidegate/d1.demo.house1/answer/heater"))
        #expect((incoming.note == nil) == isOpen)
    }

    @Test func `what is not a command topic is ignored`() {
        for topic in ["tidegate/d1.demo.house1/status", "tidegate/other/set/heater", ""] {
            guard case .ignored = ask(MqttMessage(topic: topic, payload: Array("on".utf8))) else {
                Issue.record("\(topic)")
                return
            }
        }
        // Nowhere to answer: it names no node that could be, and asks for no answer.
        guard case .ignored = ask("on", of: "NO NODE") else {
            Issue.record("answered")
            return
        }
        #expect(
            refusal(
                ask("on", of: "NO NODE", responseTopic: "tidegate/d1.demo.house1/answer/me")
            ).hasPrefix("node NO NODE: is not of this gateway"))
        guard case .ignored = ask("on", of: "NO NODE", responseTopic: "answers/me") else {
            Issue.record("answered elsewhere")
            return
        }
    }

    @Test(.ownThread)
    func `mangled commands neither crash nor switch to a strange value`() {
        let originals: [(node: String, payload: String)] = [
            ("heater", "on"), ("heater", "0"), ("heater", #"{"value":"off","id":"abc-1"}"#),
            ("heater", #"{"value":true,"expires":"2026-11-21T06:00:00Z"}"#),
            ("dimmer", "12.5"),
            ("dimmer", #"{"value":99.9,"id":"q","expires":1795234999250000000}"#),
        ]
        let rounds = Mangler.rounds(10_000)
        var mangler = Mangler(seed: 20_261_121, limit: 4_096)
        var (taken, refused, ignored) = (0, 0, 0)
        for round in 0..<rounds {
            let original = originals[round % originals.count]
            let payload = mangler.mangled(Array(original.payload.utf8))
            let message = MqttMessage(
                topic: "tidegate/d1.demo.house1/set/\(original.node)", payload: payload)
            switch House.codec.incoming(message, at: House.now, using: &mangler.chance).matter {
            case .commands(let commands, _):
                taken += 1
                guard let command = commands.first, case .set(let value) = command.order else {
                    Issue.record("\(commands)")
                    continue
                }
                let isSensible =
                    command.node == House.heater && (0...1).contains(value)
                    || command.node == House.dimmer && isNumber(value, in: payload)
                #expect(isSensible, "\(command) from \(String(decoding: payload, as: UTF8.self))")
            case .refused(_, _, _, let reply):
                refused += 1
                #expect(reply.topic.hasPrefix("tidegate/d1.demo.house1/answer/"))
            default: ignored += 1
            }
        }
        // The mangling is neither harmless nor always fatal, or this test would show nothing.
        #expect(
            taken > rounds / 50 && refused > rounds / 2 && ignored == 0,
            "\(taken) \(refused) \(ignored)")
    }

    /// Whether some run of number characters in `payload` says `tenths`, read by other means.
    func isNumber(_ tenths: Int64, in payload: [UInt8]) -> Bool {
        String(decoding: payload, as: UTF8.self)
            .split { !"+-.0123456789eE".contains($0) }
            .contains { text in
                // As exact as these means are.
                guard let number = Double(text) else { return false }
                return abs(number * 10 - Double(tenths)) <= max(0.5, abs(number) * 1e-14)
            }
    }
}

@Suite struct `A command to a meter` {
    private static func meter(isSettable: Bool) -> PlainCodec {
        let channels = [("rate", Unit.litrePerMinute, false), ("total", .litre, isSettable)].map {
            DataChannel(
                name: DataChannelName($0.0)!, node: "water", source: $0.0, unit: $0.1,
                exponent: -3, pollPeriod: .seconds(1),
                capture: CaptureRule(period: .seconds(60), delta: nil), isSettable: $0.2)
        }
        let profile = GatewayProfile(
            gateway: GatewayName("d1.demo.house1"), incarnation: "i7",
            nodes: [
                NodeProfile(
                    name: "water", kind: .meter, title: "water",
                    driver: DriverModel("gpio-pulse-counter"), isSimulated: false,
                    channels: channels)
            ])
        return PlainCodec(profile: profile, upstream: UpstreamName("site"))
    }

    private func ask(_ payload: String, isSettable: Bool = true) -> Incoming.Matter {
        var generator = SeededGenerator(seed: 1)
        let message = MqttMessage(
            topic: "tidegate/d1.demo.house1/set/water", payload: Array(payload.utf8))
        return Self.meter(isSettable: isSettable)
            .incoming(message, at: House.now, using: &generator).matter
    }

    @Test func `sets its total in the unit of that, exactly`() {
        guard case .commands(let commands, _) = ask("1234567.895") else {
            Issue.record("\(ask("1234567.895"))")
            return
        }
        #expect(commands.map(\.order) == [.set(1_234_567_895)])
        #expect(commands.map(\.node) == ["water"])
    }

    @Test(arguments: ["on", "0.0001", "{}", "1e30"])
    func `is refused when it names no total`(payload: String) {
        guard case .refused = ask(payload) else {
            Issue.record("\(ask(payload))")
            return
        }
    }

    @Test func `is refused where nothing can be set`() {
        guard case .refused(let why, _, _, _) = ask("5", isSettable: false) else {
            Issue.record("not refused")
            return
        }
        #expect(why.contains("not an actuator"))
    }
}
