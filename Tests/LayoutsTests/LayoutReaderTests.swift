import DriverKit
import Layouts
import Testing
import Vocabulary

@Suite struct `A layout` {
    @Test func `of one line gets everything else from its driver`() throws {
        let (layout, problems) = read(
            """
            // A comment, and a comma too many.
            {"gateway": "d1.test", "nodes": [{"name": "tank-top", "kind": "sensor",
              "component": {"driver": "test-thermometer", "sensor": "28-1"},}]}
            """)
        #expect(problems == [])
        let node = try #require(layout?.nodes.first)
        #expect(layout?.gateway == GatewayName(known: "d1.test"))
        #expect(layout?.upstreams == [])
        #expect(node.title == "tank-top")
        #expect(node.component.name == ComponentName(known: "tank-top"))
        #expect(
            node.component.channels == [
                DataChannel(
                    name: DataChannelName(known: "tank-top"), node: ShNodeName(known: "tank-top"),
                    source: "temperature", unit: .celsius, exponent: -3, pollPeriod: .seconds(10),
                    capture: CaptureRule(period: .seconds(60), delta: 200),
                    plausibility: TestThermometer.description.channels[0].plausibility)
            ])
    }

    @Test func `names the channels of a driver with several after node and source`() throws {
        let (layout, problems) = read(
            """
            {"gateway": "d1.test", "buses": [{"name": "rs485", "port": "/dev/ttyUSB0", "baud": 9600}],
             "nodes": [{"name": "meter", "kind": "meter",
               "component": {"driver": "test-meter", "bus": "rs485", "unit": 1}}]}
            """)
        #expect(problems == [])
        let names = layout?.nodes[0].component.channels.map(\.name.text)
        #expect(names == ["meter-power-active", "meter-energy-import"])
        #expect(layout?.buses[0].gap == .milliseconds(100))
    }

    @Test func `keeps the driver's settings and fills in their defaults`() throws {
        let (layout, problems) = read(
            """
            {"gateway": "d1.test",
             "components": [{"name": "board", "driver": "test-relay", "line": "relays/4"}],
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "hold", "component": "board",
               "title": "Pump"}]}
            """)
        #expect(problems == [])
        let component = try #require(layout?.nodes[0].component)
        #expect(component.name == ComponentName(known: "board"))
        #expect(component.safeState == .hold)
        #expect(try component.settings.line("line") == LineAddress("relays/4"))
        #expect(try component.settings.flag("activeLow") == false)
        #expect(component.channels[0].capture.delta == 1)
    }

    @Test func `makes everything on a simulated bus simulated, however deep the bus is named`() {
        let (layout, problems) = read(
            """
            {"gateway": "d1.test",
             "buses": [{"name": "pretend", "host": "127.0.0.1", "simulated": true},
                       {"name": "real", "host": "127.0.0.2", "tcpPort": 1502, "gap": "5ms"}],
             "nodes": [
               {"name": "a", "kind": "meter",
                "component": {"driver": "test-meter", "bus": "pretend", "unit": 1}},
               {"name": "b", "kind": "meter",
                "component": {"driver": "test-meter", "bus": "real", "unit": 1}},
               {"name": "c", "kind": "meter", "component":
                 {"driver": "test-meter", "bus": "real", "unit": 2, "extra": [{"backup": "pretend"}]}}
             ]}
            """)
        #expect(problems == [])
        #expect(layout?.nodes.map(\.component.isSimulated) == [true, false, true])
        #expect(layout?.buses[0].gap == .zero)
        #expect(layout?.buses[1].line == .tcp(host: "127.0.0.2", port: 1502))
        #expect(layout?.simulated().nodes.allSatisfy(\.component.isSimulated) == true)
        #expect(layout?.simulated().buses.allSatisfy(\.isSimulated) == true)
    }

    @Test func `gives upstreams the places of their secrets, without the secrets`() throws {
        let (layout, problems) = read(
            """
            {"gateway": "d1.test", "nodes": [{"name": "tank", "kind": "sensor",
              "component": {"driver": "test-thermometer", "sensor": "28-1"}}],
             "upstreams": [
               {"name": "house", "broker": "embedded"},
               {"name": "cloud", "broker": "mqtts://broker.example", "topic": "site", "user": "scada",
                "password": {"file": "/etc/tidegate/mqtt.key"}, "keepAlive": "1min", "window": 7,
                "ackTimeout": "2s", "pollPeriod": "30s", "attempts": 9,
                "tls": {"ca": "/etc/ca.pem", "certificate": "/etc/c.pem",
                "key": {"credential": "mqtt-key"}}}],
             "journal": {"commitInterval": "0ms", "retain": "1d", "size": "20MB"},
             "settings": {"logLevel": "debug", "logFormat": "json", "stateDirectory": "/var/lib/t",
               "seed": 7, "simulate": true}}
            """)
        #expect(problems == [])
        let upstreams = try #require(layout?.upstreams)
        #expect(upstreams[0].broker == .embedded)
        #expect(upstreams[0].topic == "tidegate")
        #expect(upstreams[0].link.window == 50)
        #expect(
            upstreams[0].link.ackTimeout == .seconds(5)
                && upstreams[1].link.ackTimeout == .seconds(2))
        #expect(
            upstreams[0].link.pollPeriod == .seconds(60)
                && upstreams[1].link.pollPeriod == .seconds(30))
        #expect(upstreams[0].link.attempts == 5 && upstreams[1].link.attempts == 9)
        #expect(
            layout?.journal
                == JournalSettings(
                    commitInterval: .zero, retain: .seconds(86_400), size: 20_000_000))
        #expect(upstreams[0].keepAlive == .seconds(30))
        #expect(
            upstreams[1].broker
                == .address(BrokerAddress(host: "broker.example", port: 8883, usesTls: true)))
        #expect(upstreams[1].password == .file("/etc/tidegate/mqtt.key"))
        #expect(
            upstreams[1].tls
                == TlsFiles(
                    ca: "/etc/ca.pem", certificate: "/etc/c.pem",
                    key: .credential("mqtt-key")))
        #expect(layout?.settings.seed == 7)
        #expect(layout?.settings.simulate == true)
        #expect(layout?.settings.logFormat == "json")
    }

    @Test func `with many mistakes has all of them reported, in the order of the text`() {
        let (layout, problems) = read(
            """
            {"gateway": "House 1",
             "nodes": [
               {"name": "tank", "kind": "senser", "parent": "attic",
                "component": {"driver": "test-termometer", "sensor": "28-1"}},
               {"name": "pump", "kind": "relay", "component": "bord"}]}
            """)
        #expect(layout == nil)
        #expect(
            problems == [
                "gateway (line 1): \"House 1\" is not a valid gateway alias: lower-case words and digits "
                    + "joined by dots, starting with a letter, for example d1.demo.house1.scada",
                "nodes[0].kind (line 3): senser is not one of relay, sensor, meter; "
                    + "did you mean sensor",
                "nodes[0].parent (line 3): there is no node attic",
                "nodes[0].component.driver (line 4): driver test-termometer is unknown; "
                    + "did you mean test-thermometer; `tidegate drivers` lists all",
                "nodes[1] (line 5): safeState is missing: the state without a controller or "
                    + "after a fault: off, on or hold",
                "nodes[1].component (line 5): there is no component bord",
            ])
    }

    @Test(arguments: [("t", 65_279), ("ö", 32_639)])
    func `a topic that would leave no room for the names below it is a mistake of its key`(
        letter: String, longest: Int
    ) {
        func problems(_ length: Int) -> [String] {
            let topic = String(repeating: letter, count: length)
            let text =
                #"{"gateway": "d1.demo", "upstreams": [{"name": "house", "broker": "mqtt://broker", "#
                + #""topic": "\#(topic)"}]}"#
            return read(text).problems
        }
        #expect(problems(longest).filter { $0.contains(".topic") } == [])
        let problem = problems(longest + 1).first { $0.hasPrefix("upstreams[0].topic") }
        #expect(problem?.contains("65535") == true)
    }
}
