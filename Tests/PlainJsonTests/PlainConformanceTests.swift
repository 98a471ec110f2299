import Conformance
import Fakes
import Mqtt
import Testing

@Suite struct `The codec for plain JSON` {
    @Test func `keeps the promises of every codec`() {
        let command = MqttMessage(
            topic: "tidegate/d1.demo.house1/set/\(House.heater)", payload: Array("on".utf8))
        #expect(
            CodecConformance.broken(by: House.codec, of: House.profile, command: command) == [])
    }
}
