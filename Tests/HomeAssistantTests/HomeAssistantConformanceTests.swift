import Conformance
import Testing

@Suite struct `The codec for Home Assistant` {
    @Test(arguments: [true, false]) func `keeps the promises of every codec`(maySwitch: Bool) {
        let codec = House.homeAssistant(maySwitch: maySwitch)
        let command = maySwitch ? House.set("ON") : nil
        #expect(CodecConformance.broken(by: codec, of: House.profile, command: command) == [])
    }

    @Test func `takes no history, and so keeps none of it from being evicted`() {
        let codec = House.homeAssistant()
        #expect(!codec.takesHistory)
        var writer = codec.historyWriter(of: .init(high: 1, low: 2))
        let batches = writer.write(
            House.entry(7, House.tank, .readings([.init(channel: House.tankTop, value: 1)])),
            within: .max)
        #expect(batches.map(\.covers) == [7...7] && batches.allSatisfy { $0.messages.isEmpty })
    }
}
