import Codecs
import Documents
import Fakes
import Mqtt
import Testing
import Vocabulary

@testable import HomeAssistant

/// States, and when they may be believed.
@Suite struct `A state in Home Assistant` {
    private func reading(_ value: Int64, _ quality: Quality = .good) -> Reading {
        Reading(channel: House.tankTop, value: value, quality: quality)
    }

    @Test func `is the newest value, kept by the broker`() {
        var session = House.session()
        _ = session.born()
        let said = session.live(reading(21_500), at: House.at)
        #expect(said.first?.topic == "\(House.root)/state/tank-top")
        #expect(said.first?.text == #"{"value":21.5}"#)
        #expect(said.allSatisfy { $0.isRetained })
        let on = session.live(Reading(channel: House.heaterState, value: 1), at: House.at)
        #expect(on.first?.text == #"{"value":"ON"}"#)
    }

    @Test(arguments: [Quality.bad, .stale])
    func `is unknown rather than a number when it is no measurement`(quality: Quality) {
        var session = House.session()
        _ = session.born()
        _ = session.live(reading(21_500), at: House.at)
        let said = session.live(reading(0, quality), at: House.at)
        #expect(said.last(on: "\(House.root)/state/tank-top")?.text == #"{"value":null}"#)
        #expect(!said.contains { $0.text.contains("0") })
    }

    @Test func `makes its node available with the first good value, after it, and not before`() {
        let status = "\(House.root)/status/tank"
        var session = House.session()
        #expect(session.born().last(on: status)?.text == "offline")
        #expect(session.live(reading(1), at: House.at).map(\.topic).last == status)
        #expect(
            session.live(reading(2), at: House.at).map(\.topic) == ["\(House.root)/state/tank-top"])
        let lost = session.live(reading(2, .stale), at: House.at)
        #expect(lost.first?.topic == status && lost.first?.text == "offline")
        let back = session.live(reading(2), at: House.at)
        #expect(back.last?.topic == status && back.last?.text == "online")
    }

    @Test func `is said with the birth, before the gateway is online`() {
        var session = House.session(latest: [reading(7_000)])
        let born = session.born()
        #expect(born.last(on: "\(House.root)/state/tank-top")?.text == #"{"value":7}"#)
        #expect(born.last(on: "\(House.root)/status/tank")?.text == "online")
        #expect(born.last(on: "\(House.root)/status/heater")?.text == "offline")
        #expect(born.last?.topic == "\(House.root)/status" && born.last?.text == "online")
    }

    @Test func `is gone with the gateway, by its word or by the broker's`() {
        var session = House.session()
        for said in [[session.will].compactMap(\.self), session.offline(at: House.now)] {
            #expect(said.map(\.topic) == ["\(House.root)/status"])
            #expect(said.map(\.text) == ["offline"] && said.allSatisfy { $0.isRetained })
        }
    }

    @Test func `is unknown of a channel that has not been read`() {
        var session = House.session(latest: [reading(1)])
        _ = session.born()
        let cleared = session.clear(House.tankTop)
        #expect(cleared.first?.text == #"{"value":null}"# && cleared.first?.expirySeconds == nil)
        #expect(cleared.last?.text == "offline")
    }

    @Test(arguments: [true, false]) func `of a simulated node says so`(isSimulated: Bool) {
        let codec = House.homeAssistant(House.profile(isSimulated))
        var session = House.session(codec)
        let born = session.born()
        let tank = born.last(on: "\(House.announcements)/tank/config")?.text
        #expect(tank?.contains("(simulated)") == isSimulated)
        #expect(tank?.contains("json_attr_tpl") == true)
        let entity = born.entities(of: "tank")["sensor_tank-top"]
        #expect((entity?["json_attr_t"] != nil) == isSimulated)
        let reading = Reading(channel: House.tankTop, value: 1, isSimulated: isSimulated)
        let said = session.live(reading, at: House.at)
        #expect(said.first?.text.contains(#""simulated":true"#) == isSimulated)
        let gateway = born.last(on: "\(House.announcements)/gateway/config")?.text
        #expect(gateway?.contains("(simulated)") == isSimulated)
    }

    @Test func `of a fault is told for its own node, and once`() {
        var session = House.session()
        _ = session.born()
        let fault = ActiveFault(
            node: House.tank, fault: Fault(kind: .timeout, isOn: true, detail: "no reply"),
            since: House.now)
        let first = session.activeFaults([fault], at: House.now, within: .max)
        #expect(first.count == 4)
        #expect(
            first.last(on: "\(House.root)/fault/tank")?.text
                == #"{"value":"ON","faults":[{"kind":"timeout","detail":"no reply"}]}"#)
        #expect(
            first.last(on: "\(House.root)/fault/gateway")?.text == #"{"value":"OFF","faults":[]}"#)
        #expect(session.activeFaults([fault], at: House.now, within: .max) == [])
        let over = session.activeFaults([], at: House.now, within: .max)
        #expect(over.map(\.topic) == ["\(House.root)/fault/tank"])
    }
}
