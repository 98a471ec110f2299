import Foundation
import Testing
import Vocabulary

@testable import Upstreams

/// How many mangled messages there are for each decoder. `MUTATIONS` sets it.
let mutations = ProcessInfo.processInfo.environment["MUTATIONS"].flatMap(Int.init) ?? 20_000

/// Messages that were mangled on their way, a byte or a few at a time.
@Suite struct `A mangled GridWorks message` {
    typealias House = GridworksHouse

    private static func mangled(_ bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &chance) {
            let at = Int.random(in: 0..<max(1, bytes.count), using: &chance)
            switch Int.random(in: 0..<6, using: &chance) {
            case 0: bytes.removeSubrange(min(at, bytes.count)...)
            case 1 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &chance)
            case 2 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &chance)
            case 3:
                bytes.insert(contentsOf: bytes.dropFirst(at).prefix(20), at: min(at, bytes.count))
            case 4 where at < bytes.count: bytes.remove(at: at)
            default:
                let tokens = [
                    "null", "1e99", "[[[[", "{\"a\":", "\"", "\\ud800", "-0", "9999999999999999999",
                ]
                let token = tokens[Int.random(in: 0..<tokens.count, using: &chance)]
                bytes.insert(contentsOf: token.utf8, at: min(at, bytes.count))
            }
        }
        return bytes
    }

    private static let samples = [
        House.said("fsm.event", House.event("CloseRelay", to: "a.relay1", from: "a")),
        House.said("admin.dispatch", House.dispatch("CloseRelay", to: "relay1"), source: "admin"),
        House.said("gridworks.ping", #""MessageId":"x""#),
        House.said("gridworks.ack", #""AckMessageID":"x""#),
        House.said("gridworks.proactor.dbg", #""Levels":{"io_loop":3},"Command":null"#),
    ]

    @Test func `switches nothing but what it says, and harms nobody`() {
        var chance = SeededGenerator(seed: 20_261_121)
        let codec = House.codec()
        var obeyed = 0
        for round in 0..<mutations {
            var message = Self.samples[round % Self.samples.count]
            let original = message.payload
            message.payload = Self.mangled(original, &chance)
            guard message.payload != original else { continue }
            let incoming = codec.incoming(message, at: House.now, using: &chance)
            guard case .commands(let commands, _) = incoming.matter else { continue }
            obeyed += 1
            // What is still a command is one by its own words; a byte in its envelope may be another.
            let switching = commands.filter {
                switch $0.order {
                case .set, .takeOver(value: .some, _): true
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
                        || { if case .takeOver(value, _) = $0 { true } else { false } }($0.order)
                }, "\(text)")
        }
        #expect(obeyed < mutations / 5)
    }

    @Test func `of a child harms no parent`() {
        var chance = SeededGenerator(seed: 7)
        let codec = House.codec()
        let parent = GridworksParentCodec(
            alias: House.parent, shortName: "a", children: [.init(House.scada)])
        var writer = codec.historyWriter(of: House.journal)
        _ = writer.write(House.entry(1, House.readings(("tank", 21_500), ("relay1", 1)), "tank"))
        let samples =
            writer.write(House.entry(2, .event(GatewayEvent(.started)))).flatMap(\.messages)
            + codec.activation(at: House.now) + codec.snapshot([], at: House.now)
        var senseless = 0
        for round in 0..<(mutations / 2) {
            var message = samples[round % samples.count]
            message.payload = Self.mangled(message.payload, &chance)
            let heard = parent.heard(message)
            guard case .senseless = heard?.matter else { continue }
            senseless += 1
            #expect(heard?.acknowledge == nil)
        }
        #expect(senseless > mutations / 4)
    }
}
