import Fakes
import Testing
import Vocabulary

@testable import Codecs
@testable import Mqtt

@Suite struct `Authority in plain words` {
    private func ask(_ payload: String, isRetained: Bool = false, topic: String = "set/heater")
        -> Incoming
    {
        var generator = SeededGenerator(seed: 1)
        let message = MqttMessage(
            topic: "tidegate/d1.demo.house1/\(topic)", payload: Array(payload.utf8),
            isRetained: isRetained)
        return House.codec.incoming(message, at: House.now, using: &generator)
    }

    private func command(_ payload: String) -> Command? {
        if case .commands(let commands, _) = ask(payload).matter { commands.first } else { nil }
    }

    private func refusal(_ payload: String) -> String {
        if case .refused(let why, _, _, _) = ask(payload).matter { why } else { "not refused" }
    }

    @Test func `is asked for with a time, and released`() {
        #expect(
            command(#"{"value": "on", "overrideFor": "10min"}"#)?.order
                == .override(value: 1, for: .seconds(600)))
        #expect(
            command(#"{"overrideFor": "90s"}"#)?.order == .override(value: nil, for: .seconds(90)))
        #expect(command(#"{"release": true}"#)?.order == .release)
        #expect(command(#"{"value": "on"}"#)?.order == .set(1))
    }

    @Test func `is asked for by whom the message names, over the upstream that it came by`() {
        #expect(command(#"{"value":1,"by":"cli"}"#)?.source == CommandSource(.cli, "site"))
        #expect(command(#"{"value":1}"#)?.source == CommandSource(.upstream, "site"))
        #expect(
            refusal(#"{"value":1,"by":"gateway"}"#) == "by: must be one of cli, page, peer, rule")
    }

    @Test(arguments: [
        (#"{"value":1,"overrideFor":"soon"}"#, "overrideFor: must be a time"),
        (#"{"value":1,"overrideFor":600}"#, "overrideFor: must be a time"),
        (#"{"release":false}"#, "release: must be true"),
        (#"{"release":true,"value":1}"#, "release: not together"),
        (#"{"release":true,"overrideFor":"1s"}"#, "release: not together"),
        (#"{"value":"maybe","overrideFor":"1s"}"#, "value: must be"),
        (#"{"by":"cli"}"#, "value: must be"),
    ])
    func `is refused when it is invalid`(payload: String, why: String) {
        #expect(refusal(payload).hasPrefix(why))
    }

    @Test func `is kept by orders and by heartbeats, and by nothing that is retained`() {
        #expect(ask("on").isHeartbeat)
        #expect(ask("", topic: "heartbeat").isHeartbeat)
        #expect(!ask("", isRetained: true, topic: "heartbeat").isHeartbeat)
        #expect(!ask("on", isRetained: true).isHeartbeat)
        #expect(!ask("nonsense").isHeartbeat)
        #expect(!ask(#"{"value":1,"by":"cli"}"#).isHeartbeat, "a hand speaks for nobody else")
        #expect(House.codec.subscriptions.contains("tidegate/d1.demo.house1/heartbeat"))
    }

    @Test func `is reported with its holder and its end on the wall clock of now, retained`() {
        let now = Timestamp(wall: House.now, monotonic: MonotonicInstant(nanoseconds: 5))
        let control = Control(
            overriddenBy: CommandSource(.cli, "site"),
            until: now.monotonic.advanced(by: .seconds(60)),
            controller: CommandSource(.upstream, "site"), queued: 1)
        let message = House.codec.control(control, of: House.heater, at: now).first
        let end = House.now.advanced(by: .seconds(60)).iso8601
        #expect(message?.topic == "tidegate/d1.demo.house1/control/heater")
        #expect(message?.isRetained == true)
        #expect(
            message?.text.hasPrefix(
                #"{"node":"heater","overriddenBy":"cli site","overrideUntil":"\#(end)","#
                    + #""controller":"upstream site","queued":"on","#) == true)
        let free = House.codec.control(Control(), of: House.heater, at: now).first
        #expect(
            free?.text.contains(#""overriddenBy":null,"overrideUntil":null,"controller":null"#)
                == true)
    }
}
