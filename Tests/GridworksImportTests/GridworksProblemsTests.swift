import Testing

/// Mistakes in a GridWorks layout, those included that its own loader lets pass.
@Suite struct `A GridWorks layout` {
    @Test func `with one of everything is read without a problem`() {
        #expect(Sample.problems(Sample.text) == [])
    }

    @Test func `may hold keys that nothing here uses`() {
        #expect(
            Sample.problems(
                Sample.with("\"Strategy\": \"House0\",", "\"ZoneList\": [{}], \"X\": 7,"))
                == [])
    }

    @Test(arguments: [
        (
            "\"RelayIdx\": 9", "\"RelayIdx\": 1",
            "RelayIdx 1 is already in use by OtherComponents[0]"
        ),
        ("\"RelayIdx\": 18", "\"RelayIdx\": 33", "RelayIdx 33 is beyond the 32 relays of 2 boards"),
        (
            "{\"Name\": \"hp-boss\"", "{\"Name\": \"auto\"",
            "a node is called auto twice; the first is ShNodes[17]"
        ),
        ("\"Unit\": \"AmpsRms\"", "\"Unit\": \"W\"", "Unit W contradicts TelemetryName Current"),
        ("\"Exponent\": 6", "\"Exponent\": 3", "Exponent 3 contradicts TelemetryName CurrentRms"),
        (
            "\"PollPeriodMs\": 5000", "\"PollPeriodMs\": 70000",
            "PollPeriodMs (70s) is longer than CapturePeriodS (1min)"
        ),
        (
            "\"AsyncCaptureDelta\": 50,", "",
            "channel house-pwr: AsyncCapture needs AsyncCaptureDelta"
        ),
        ("\"ActorName\": \"relay9\"", "\"ActorName\": \"relay99\"", "there is no node relay99"),
        (
            "\"ActorHierarchyName\": \"s.hp-boss\"", "\"ActorHierarchyName\": \"s.x.hp-boss\"",
            "there is no node s.x"
        ),
        ("\"I2cAddressList\": [32, 33]", "\"I2cAddressList\": []", "I2cAddressList is empty"),
        (
            "\"I2cAddressList\": [32, 33]", "\"I2cAddressList\": [32, 72]",
            "72 is no address of a PCF8575"
        ),
        ("\"NameplatePowerW\": 6000, ", "", "NameplatePowerW is missing: channel hp-odu-pwr"),
        (
            "\"WiringConfig\": \"NormallyClosed\"", "\"WiringConfig\": \"NormallyOpen\"",
            "means RelayOpen"
        ),
        (
            "\"DeEnergizingEvent\": \"CloseRelay\"", "\"DeEnergizingEvent\": \"OpenRelay\"",
            "DeEnergizingEvent and EnergizingEvent are both OpenRelay"
        ),
        (
            "\"DeEnergizedState\": \"BufferTankAquastat\"", "\"DeEnergizedState\": \"Tank\"",
            "not to Tank"
        ),
        ("\"ModbusHost\": \"egauge14875.local\", ", "", "ModbusHost is missing"),
        ("\"Type\": \"f32\"", "\"Type\": \"f23\"", "Type f23 is unknown"),
        (
            "\"Denominator\": 1, \"Unit\": \"W\"", "\"Denominator\": 1, \"Unit\": \"A\"",
            "Unit A contradicts TelemetryName PowerW"
        ),
        (
            "\"TerminalBlockIdx\": 7", "\"TerminalBlockIdx\": 1",
            "TerminalBlockIdx 1 is already in use"
        ),
        ("\"TerminalBlockIdx\": 7", "\"TerminalBlockIdx\": 13", "beyond the 12 terminal blocks"),
        (
            "\"OpenVoltageByAds\": [4.95, 4.97, 5.0]", "\"OpenVoltageByAds\": [5]",
            "has 1 entry for 3"
        ),
        ("\"ChannelName\": \"dist-swt\"", "\"ChannelName\": \"dist-sw\"", "did you mean dist-swt"),
        (
            "\"ChannelName\": \"buffer-well\"", "\"ChannelName\": \"dist-swt\"",
            "in this component twice"
        ),
        (
            "\"AboutNodeName\": \"relay9\"", "\"AboutNodeName\": \"relay1\"",
            "is about relay1, not about"
        ),
        (
            "{\"Alias\": \"d1.demo.maple7.scada\"", "{\"Alias\": \"D1.Demo\"",
            "Alias D1.Demo must be"
        ),
        ("\"OutputIdx\": 1", "\"OutputIdx\": 5", "OutputIdx 5 is beyond the 4 outputs"),
        (
            "\"I2cAddressList\": [94, 95]", "\"I2cAddressList\": [94, 32]",
            "32 is no address of a DFR"
        ),
        ("2c3a3d1e5f02", "2c3a3d1e5f0", "is not a UUID of version 4"),
        (
            "\"CapturePeriodS\": 300", "\"CapturePeriodS\": 0",
            "must be a whole number from 1 to 604800"
        ),
        ("\"AsyncCapture\": true", "\"AsyncCapture\": \"yes\"", "must be true or false"),
        ("\"MyTerminalAssetGNode\"", "\"MyTerminalAsset\"", "MyTerminalAssetGNode is missing"),
        (
            "\"ComponentAttributeClassId\": \"69a0e36e-9c15-4d50-8a7b-ae63649ecc36\", \"MakeModel\"",
            "\"ComponentAttributeClassId\": \"69a0e36e\", \"MakeModel\"",
            "no component attribute class"
        ),
    ])
    func `with a mistake has it reported with its place`(old: String, new: String, message: String)
    {
        let problems = Sample.problems(Sample.with(old, new))
        #expect(problems.contains { $0.contains(message) && $0.contains("line ") }, "\(problems)")
    }

    @Test func `has all its mistakes reported at once, in the order of its lines`() {
        let text = Sample.with("\"RelayIdx\": 9", "\"RelayIdx\": 1")
            .replacing(
                "\"ActorHierarchyName\": \"s.hp-boss\"", with: "\"ActorHierarchyName\": \"s.x.b\""
            )
            .replacing("\"Exponent\": 6", with: "\"Exponent\": 3")
        let problems = Sample.problems(text)
        #expect(problems.count == 3)
        #expect(problems.first?.contains("Exponent 3") == true)
        #expect(problems.last?.contains("there is no node s.x") == true)
    }

    @Test(arguments: [
        "", "[]", "7", "{}", "{\"gateway\": \"d1.x\", \"nodes\": []}", "{\"ShNodes\": 1}",
    ])
    func `is reported when it is none`(text: String) {
        #expect(!Sample.problems(text).isEmpty)
    }
}
