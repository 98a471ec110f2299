import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import Mqtt

/// What it costs to read what comes over a broker, which anybody may have written.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A message from a broker` {
    @Test func `comes in packets that are read in proportion to their length`() throws {
        let long = [UInt8](repeating: 0x72, count: 60_000)
        var properties: [UInt8] = [8]
        properties.append(counted: long)
        properties.append(9)
        properties.append(counted: long)
        let packets = [
            Wire.message("a", "on", number: 1), Wire.packet(0x90, [0, 1, 0, 1]),
            Wire.message("a", String(repeating: "x", count: 60_000), number: 1),
            Wire.message("a", "on", number: 1, properties: properties),
            Wire.message("a", "on", number: 1, properties: Array(repeating: 0x0B, count: 60_000)),
            Wire.packet(0x40, [0, 1, 0x10, 6, 0x1F, 0, 3, 0x61, 0x62, 0x63]),
        ]
        let now = MonotonicInstant(nanoseconds: 1)
        let settings = MqttSettings(
            broker: BrokerAddress(host: "broker", port: 1883), clientID: "one")
        var welcomed = try MqttConversation(
            settings: settings, exchange: MqttExchange(window: 10, inboxCapacity: 1),
            keepAliveSeconds: 30, at: now)
        try welcomed.receive(Wire.welcome([])[...], at: now)
        #expect(
            Cost.excess(
                "what brokers send", packets, rounds: Mangler.rounds(500), limit: 1_024
            ) { bytes in
                var conversation = welcomed
                try? conversation.receive(bytes[...], at: now)
            } == nil)
    }
}
