import Testing
import Vocabulary

@testable import Upstreams

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

    @Test func `is asked for with a time, and given back`() {
        #expect(
            command(#"{"value": "on", "takeOverFor": "10min"}"#)?.order
                == .takeOver(value: 1, for: .seconds(600)))
        #expect(
            command(#"{"takeOverFor": "90s"}"#)?.order == .takeOver(value: nil, for: .seconds(90)))
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
        (#"{"value":1,"takeOverFor":"soon"}"#, "takeOverFor: must be a time"),
        (#"{"value":1,"takeOverFor":600}"#, "takeOverFor: must be a time"),
        (#"{"release":false}"#, "release: must be true"),
        (#"{"release":true,"value":1}"#, "release: stands without"),
        (#"{"release":true,"takeOverFor":"1s"}"#, "release: stands without"),
        (#"{"value":"maybe","takeOverFor":"1s"}"#, "value: must be"),
        (#"{"by":"cli"}"#, "value: must be"),
    ])
    func `is refused when it makes no sense`(payload: String, why: String) {
        #expect(refusal(payload).hasPrefix(why))
    }

    @Test func `is kept by orders and by signs of life, and by nothing that is retained`() {
        #expect(ask("on").isSignOfLife)
        #expect(ask("", topic: "alive").isSignOfLife)
        #expect(!ask("", isRetained: true, topic: "alive").isSignOfLife)
        #expect(!ask("on", isRetained: true).isSignOfLife)
        #expect(!ask("nonsense").isSignOfLife)
        #expect(!ask(#"{"value":1,"by":"cli"}"#).isSignOfLife, "a hand speaks for nobody else")
        #expect(!ask(#"{"value":1,"expires":"2001-01-01T00:00:00Z"}"#).isSignOfLife)
        #expect(House.codec.subscriptions.contains("tidegate/d1.demo.house1/alive"))
    }

    @Test func `is told with its holder and its end on the wall clock of now, retained`() {
        let now = Timestamp(wall: House.now, monotonic: MonotonicInstant(nanoseconds: 5))
        let authority = Authority(
            holder: CommandSource(.cli, "site"), until: now.monotonic.advanced(by: .seconds(60)),
            commander: CommandSource(.upstream, "site"), queued: 1)
        let message = House.codec.authority(authority, of: House.heater, at: now).first
        let end = House.now.advanced(by: .seconds(60)).iso8601
        #expect(message?.topic == "tidegate/d1.demo.house1/authority/heater")
        #expect(message?.isRetained == true)
        #expect(
            message?.text.hasPrefix(
                #"{"node":"heater","holder":"cli site","until":"\#(end)","#
                    + #""commander":"upstream site","queued":"on","#) == true)
        let free = House.codec.authority(Authority(), of: House.heater, at: now).first
        #expect(free?.text.contains(#""holder":null,"until":null,"commander":null"#) == true)
    }
}
