import Testing
import Vocabulary

@Suite struct BrokerAddressTests {
    @Test(arguments: [
        ("mqtt://broker", "broker", 1883, false),
        ("mqtt://broker.example.org/", "broker.example.org", 1883, false),
        ("mqtts://broker", "broker", 8883, true),
        ("mqtts://10.0.0.2:1884", "10.0.0.2", 1884, true),
        ("mqtt://[::1]", "::1", 1883, false),
        ("mqtt://[fe80::1%eth0]:65535/", "fe80::1%eth0", 65535, false),
        ("mqtt://my_host-1:1", "my_host-1", 1, false),
    ])
    func `host and port are read`(
        _ text: String, host: String, port: UInt16, usesTls: Bool
    ) throws {
        let address = try #require(BrokerAddress(text))
        #expect(address == BrokerAddress(host: host, port: port, usesTls: usesTls))
        #expect(BrokerAddress(address.description) == address)
        #expect(BrokerAddress.problem(in: text) == nil)
    }

    @Test(arguments: ["mqtt+unix:///run/a b/mqtt", "mqtt+unix:/run/a b/mqtt"])
    func `a socket's path is read`(_ text: String) throws {
        let address = try #require(BrokerAddress(text))
        #expect(address == BrokerAddress(socket: "/run/a b/mqtt"))
        #expect(address.socket == "/run/a b/mqtt")
        #expect(address.description == "mqtt+unix:///run/a b/mqtt")
        #expect(BrokerAddress(host: "broker", port: 1883).socket == nil)
    }

    @Test(arguments: ["mqtt+unix:", "mqtt+unix:mqtt", "mqtt+unix://host/mqtt", "mqtt+unix:///run/"])
    func `a socket needs a path from the root on`(_ text: String) {
        #expect(BrokerAddress(text) == nil)
        #expect(BrokerAddress.problem(in: text)?.contains("mqtt+unix:///PATH") == true)
    }

    @Test func `a socket's path is as long as the kernel takes it`() {
        let path = "/" + String(repeating: "x", count: 106)
        #expect(BrokerAddress("mqtt+unix://\(path)") != nil)
        #expect(BrokerAddress("mqtt+unix://\(path)x") == nil)
        #expect(BrokerAddress.problem(in: "mqtt+unix://\(path)x")?.contains("107 bytes") == true)
    }

    @Test(arguments: [
        "", "broker", "mqtt:", "mqtt://", "mqtt:///", "http://broker", "mqtt://:1883",
        "mqtt://broker:", "mqtt://broker:0", "mqtt://broker:65536", "mqtt://broker:+1883",
        "mqtt://broker:1883:1884", "mqtt://broker/path", "mqtt://bro ker", "mqtt://broker\n",
        "mqtt://broker?a=b", "mqtt://::1", "mqtt://[::1", "mqtt://[]", "mqtt://[::1]x",
        "mqtt://[broker]", "mqtt://[::1]1883", "MQTT://broker", "mqtt://bröker",
    ])
    func `anything else is refused with the right form`(_ text: String) {
        #expect(BrokerAddress(text) == nil)
        #expect(BrokerAddress.problem(in: text)?.contains("mqtt://HOST") == true)
    }

    @Test func `a password in the address is refused without being repeated`() {
        let problem = BrokerAddress.problem(in: "mqtt://me:hunter2@broker")
        #expect(problem?.contains("must not hold a user or password") == true)
        #expect(problem?.contains("hunter2") == false)
        #expect(BrokerAddress("mqtt://me:hunter2@broker") == nil)
    }

    @Test func `a secret's source is shown without the secret`() {
        #expect(SecretSource.file("/run/key").description == "file /run/key")
        #expect(SecretSource.environment("KEY").description == "environment KEY")
        #expect(SecretSource.credential("mqtt.key").description == "credential mqtt.key")
    }
}

@Suite struct DataChannelTests {
    @Test(arguments: [
        (Unit.celsius, -3, 21_500, "21.500 °C"), (.celsius, -3, -5, "-0.005 °C"),
        (.onOff, 0, 0, "off"), (.onOff, 0, 1, "on"), (.powerFactor, -2, 97, "0.97"),
        (.wattHour, 3, 12, "12000 Wh"), (.count, 0, 7, "7"), (.percent, -2, 10_000, "100.00 %"),
    ])
    func `steps are written with their unit`(
        _ unit: Vocabulary.Unit, exponent: Int, steps: Int64, text: String
    ) {
        let channel = DataChannel(
            name: DataChannelName(known: "channel"), node: ShNodeName(known: "node"),
            source: "source", unit: unit, exponent: exponent, pollPeriod: .seconds(10),
            capture: CaptureRule(period: .seconds(60), delta: nil))
        #expect(channel.text(steps) == text)
    }
}
