import Fakes
import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import GridworksParent

/// Messages that were mangled on their way, a byte or a few at a time.
@Suite(.ownThread) struct `A mangled GridWorks message` {
    typealias House = GridworksHouse

    private static let samples = [
        House.said("fsm.event", House.event("CloseRelay", to: "a.relay1", from: "a")),
        House.said("admin.dispatch", House.dispatch("CloseRelay", to: "relay1"), source: "admin"),
        House.said("gridworks.ping", #""MessageId":"x""#),
        House.said("gridworks.ack", #""AckMessageID":"x""#),
        House.said("gridworks.proactor.dbg", #""Levels":{"io_loop":3},"Command":null"#),
    ]

    @Test func `switches nothing but what it says, and ends no process`() {
        let rounds = Mangler.rounds(5_000)
        var mangler = Mangler(seed: 20_261_121, limit: 4_096)
        let codec = House.codec()
        var obeyed = 0
        for round in 0..<rounds {
            var message = Self.samples[round % Self.samples.count]
            let original = message.payload
            message.payload = mangler.mangled(original)
            guard message.payload != original else { continue }
            let incoming = codec.incoming(message, at: House.now, using: &mangler.chance)
            guard case .commands(let commands, _) = incoming.matter else { continue }
            obeyed += 1
            // What is still a command is one by its own words; a byte in its envelope may be another.
            let switching = commands.filter {
                switch $0.order {
                case .set, .override(value: .some, _): true
                default: false
                }
            }
            let text = message.text
            // By a flipped bit or two it may be the other relay's, for which closing is off.
            let node = switching.first?.node
            #expect(switching.count == 1, "\(text)")
            #expect(node == House.relay1 || node == House.relay2, "\(text)")
            #expect(text.contains("\(node.map(\.text) ?? "")\"") && text.contains(#""CloseRelay""#))
            let value: Int64 = node == House.relay1 ? 1 : 0
            #expect(
                switching.allSatisfy {
                    $0.order == .set(value)
                        || { if case .override(value, _) = $0 { true } else { false } }($0.order)
                }, "\(text)")
        }
        #expect(obeyed < rounds / 5)
    }

    @Test func `of a child harms no parent`() {
        let rounds = Mangler.rounds(5_000)
        var mangler = Mangler(seed: 7, limit: 4_096)
        let codec = House.codec()
        let parent = GridworksParentCodec(
            alias: House.parent, shortName: "a", children: [.init(House.scada)])
        var writer = codec.historyWriter(of: House.journal)
        _ = writer.write(House.entry(1, House.readings(("tank", 21_500), ("relay1", 1)), "tank"))
        let samples =
            writer.write(House.entry(2, .event(GatewayEvent(.started)))).flatMap(\.messages)
            + codec.activation(at: House.now) + codec.snapshot([], at: House.now)
        var malformed = 0
        for round in 0..<rounds {
            var message = samples[round % samples.count]
            message.payload = mangler.mangled(message.payload)
            let heard = parent.heard(message)
            guard case .malformed = heard?.matter else { continue }
            malformed += 1
            #expect(heard?.acknowledge == nil)
        }
        #expect(malformed > rounds / 2)
    }
}
