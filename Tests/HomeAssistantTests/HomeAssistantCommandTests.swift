import Codecs
import Documents
import Fakes
import Fuzzing
import Mqtt
import TestMachine
import Testing
import Vocabulary

@testable import HomeAssistant

/// What comes in over the broker.
@Suite(.ownThread) struct `A message for Home Assistant's link` {
    private func orders(_ incoming: Incoming) -> [Command.Order] {
        guard case .commands(let commands, _) = incoming.matter else { return [] }
        return commands.map(\.order)
    }

    @Test func `switches a relay, for the upstream and as its heartbeat`() throws {
        var session = House.session()
        let on = session.take(House.set("ON"))
        guard case .commands(let commands, _) = on.matter else {
            Issue.record("\(on.matter)")
            return
        }
        #expect(commands.map(\.order) == [.set(1)] && commands.map(\.node) == [House.heater])
        #expect(commands.first?.source == CommandSource(.upstream, "site"))
        #expect(on.isHeartbeat)
        #expect(orders(session.take(House.set("OFF"))) == [.set(0)])
        #expect(orders(session.take(House.set("37.5", "dimmer"))) == [.set(375)])
    }

    @Test func `never switches when it is retained`() {
        var session = House.session()
        var message = House.set("ON")
        message.isRetained = true
        let incoming = session.take(message)
        #expect(orders(incoming) == [] && !incoming.isHeartbeat)
    }

    @Test(arguments: ["", "TOGGLE", "2", "{}", "ON ON", "on\0", String(repeating: "1", count: 65)])
    func `is refused when it is no command`(payload: String) {
        var session = House.session()
        guard
            case .refused(let why, _, House.heater, let reply) =
                session.take(House.set(payload)).matter
        else {
            Issue.record("\(payload) is not refused")
            return
        }
        #expect(!why.isEmpty && reply.topic == "\(House.root)/outcome/heater")
    }

    @Test func `switches nothing without the right`() {
        var session = House.session(House.homeAssistant(maySwitch: false))
        guard case .ignored = session.take(House.set("ON")).matter else {
            Issue.record("not ignored")
            return
        }
    }

    @Test func `that is refused shows the old state again, and why`() throws {
        var session = House.session(latest: [Reading(channel: House.heaterState, value: 0)])
        _ = session.born()
        let reply = Reply(topic: "\(House.root)/outcome/heater")
        let said = session.answer(
            .refused("interlock"), id: House.id, node: House.heater, to: reply, at: House.at)
        #expect(said.map(\.topic) == ["\(House.root)/state/heater-state", reply.topic])
        #expect(said.first?.text == #"{"value":"OFF"}"#)
        let event = try #require(said.json(on: reply.topic))
        #expect(event["event_type"]?.text == "refused" && event["detail"]?.text == "interlock")
        // A retained event is none, and a retained answer would be an old one.
        #expect(said.allSatisfy { !$0.isRetained })
        _ = session.live(Reading(channel: House.heaterState, value: 1), at: House.at)
        let later = session.answer(
            .timedOut("slow"), id: House.id, node: House.heater, to: reply, at: House.at)
        #expect(later.first?.text == #"{"value":"ON"}"#)
        #expect(
            session.answer(
                .confirmed(1, at: House.at.monotonic), id: House.id, node: House.heater, to: reply,
                at: House.at) == [])
    }

    @Test func `of Home Assistant's start asks for all again, and a few of them once`() {
        let birth = MqttMessage(topic: "homeassistant/status", payload: Array("online".utf8))
        let end = MqttMessage(topic: "homeassistant/status", payload: Array("offline".utf8))
        var session = House.session()
        var births = 0
        for second in 0..<60 {
            let now = House.now.advanced(by: .seconds(second))
            guard case .birthWanted = session.take(second % 2 == 0 ? birth : end, at: now).matter
            else { continue }
            births += 1
            _ = session.birth(at: now, within: .max)
        }
        #expect(births == 3)
        // A clock that was set back holds up none.
        let before = House.now.advanced(by: .seconds(-3_600))
        guard case .birthWanted = session.take(birth, at: before).matter else {
            Issue.record("not wanted")
            return
        }
    }

    @Test func `may be a heartbeat of an automation`() {
        var session = House.session()
        var message = MqttMessage(topic: "\(House.root)/heartbeat", payload: [])
        #expect(session.take(message).isHeartbeat)
        message.isRetained = true
        #expect(!session.take(message).isHeartbeat)
    }

    @Test func `that was mangled switches nothing but what it says`() {
        let rounds = Mangler.rounds(5_000)
        var mangler = Mangler(seed: 20_261_201, limit: 4_096)
        var session = House.session()
        var obeyed = 0
        for round in 0..<rounds {
            let sample = ["ON", "OFF", "true", "0"][round % 4]
            let payload = mangler.mangled(Array(sample.utf8))
            var message = House.set("")
            message.payload = payload
            let incoming = session.incoming(message, at: House.now, using: &mangler.chance)
            guard case .commands(let commands, _) = incoming.matter else { continue }
            obeyed += 1
            let text = message.text.lowercased()
            let isOn = commands.map(\.order) == [.set(1)]
            let words = ["on", "off", "true", "false"]
            let number = DecimalNumber(text)?.wholeSteps(exponent: 0)
            #expect(words.contains(text) || number == 0 || number == 1, "\(text)")
            #expect(isOn == (text == "on" || text == "true" || number == 1), "\(text)")
        }
        #expect(obeyed < rounds)
    }

    @Test(.enabled(if: Allocations.areCounted))
    func `takes memory in proportion to its length`() {
        let codec = House.homeAssistant()
        let topics = codec.subscriptions.map { $0.replacing("+", with: "heater") }
        let samples =
            ["ON", "OFF", "37.5", "online", String(repeating: "1", count: 64)].map {
                Array($0.utf8)
            } + DearJson.texts(of: 1 << 15).map(\.bytes)
        #expect(
            Cost.excess(
                "Home Assistant's messages", samples, rounds: Mangler.rounds(500), limit: 4_096
            ) { bytes in
                var session = HomeAssistantSession(codec: codec, CodecConnection(number: 0))
                var chance = SeededGenerator(seed: 1)
                for topic in topics {
                    let message = MqttMessage(topic: topic, payload: bytes)
                    _ = session.incoming(message, at: House.now, using: &chance)
                }
                let strange = MqttMessage(
                    topic: "\(House.root)/set/" + String(decoding: bytes, as: UTF8.self),
                    payload: [])
                _ = session.incoming(strange, at: House.now, using: &chance)
            } == nil)
    }
}
