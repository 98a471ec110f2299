import DriverKit
import Drivers
import Testing
import Vocabulary

/// What devices show in some of their registers, and what that means. Worked out by hand from the maps.
@Suite struct `What a device of a profile shows` {
    private static let readings: [(String, String, [UInt16], String?)] = [
        ("carlo-gavazzi-em3x0", "voltage-l1", [0x0901, 0x0000], "230.5"),
        ("carlo-gavazzi-em3x0", "power-active-total", [0xCFC7, 0xFFFF], "-1234.5"),
        ("carlo-gavazzi-em3x0", "power-factor-l1", [0xFC25], "-0.987"),
        ("carlo-gavazzi-em3x0", "energy-import", [0xE240, 0x0001], "12345600"),
        ("abb-b23", "power-active-l1", [0xFFFE, 0x7E33], "-987.65"),
        ("abb-b23", "energy-import", [0x0000, 0x0000, 0x075B, 0xCD15], "1234567890"),
        ("abb-b23", "power-factor-total", [0x7FFF], nil),
        ("abb-b23", "energy-export", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], nil),
        ("schneider-iem3x55", "power-active-total", [0xC020, 0x0000], "-2500.0"),
        ("schneider-iem3x55", "energy-import", [0x0000, 0x0002, 0x4CB0, 0x16EA], "9876543210"),
        ("orno-we516", "energy-import", [0x449A, 0x5000], "1234500.0"),
        ("orno-we514", "energy-total", [0x0001, 0xE240], "1234560"),
        ("chint-dtsu666", "voltage-l1", [0x450F, 0xD000], "230.10"),
        ("chint-dtsu666", "power-active-total", [0xC66A, 0x6000], "-1500.00"),
        ("siemens-pac2200", "energy-import", [0x4132, 0xD687, 0x0000, 0x0000], "1234567.0"),
        ("lovato-dmg610", "current-l1", [0x0001, 0xE240], "12.3456"),
        ("socomec-countis-e23", "power-active-total", [0xFFFF, 0xFF6A], "-1500"),
        ("phoenix-contact-eem", "voltage-l1", [0x8000, 0x4366], "230.5"),
        ("pzem-004t-v3", "power-active", [0x047E, 0x0000], "115.0"),
        ("pzem-004t-v3", "energy-import", [0xE240, 0x0001], "123456"),
        ("xy-md02", "temperature", [0xFFCB], "-5.3"),
        ("r4dcb08", "temperature-1", [0x8000], nil),
        ("shelly-pro-3em", "power-active-total", [0x5000, 0xC49A], "-1234.5"),
        ("victron-gx-system", "battery-power", [0xFCAE], "-850"),
        ("sma-inverter", "power-active", [0x8000, 0x0000], nil),
        ("sma-inverter", "energy-export", [0x0000, 0x0000, 0x00BC, 0x614E], "12345678"),
        ("huawei-meter", "power-active-total", [0x7FFF, 0xFFFF], nil),
        ("huawei-sun2000", "energy-export", [0x001F, 0xA338], "20734000"),
        ("growatt-v2", "power-active", [0x0000, 0x8933], "3512.3"),
        ("deye-hybrid-3p-lv", "energy-import", [0x1170, 0x0001], "7000000"),
        ("sungrow-hybrid", "grid-power", [0xFA24, 0xFFFF], "1500"),
        ("goodwe-hybrid", "battery-soc", [0xFFFF], nil),
        ("idm-navigator", "temperature-hot-water-top", [0x0000, 0x4242], "48.5"),
        ("lambda-eureka", "energy-import", [0xD687, 0x0012], "1234567"),
    ]

    @Test(arguments: readings)
    func `is read for what it is`(
        profile: String, source: String, words: [UInt16], value: String?
    ) throws {
        let profile = try #require(DeviceProfile.builtIn(profile))
        let register = try #require(profile.registers.first { $0.channel.source == source })
        let description = register.channel
        let channel = DataChannel(
            name: DataChannelName(known: "value"), node: ShNodeName(known: "device"),
            source: source, unit: description.unit, exponent: description.exponent,
            pollPeriod: .seconds(10), capture: CaptureRule(period: .seconds(60), delta: nil))
        var read = RegisterWords()
        read.add(words, of: register.span)
        let reading = Result { () throws(DriverError) in
            try register.reading(of: channel, in: read)
        }
        guard let value else {
            // The device's code for no value, or a number that cannot be.
            guard case .success(let reading) = reading else { return }
            #expect(!description.plausibility.range.contains(reading.value))
            return
        }
        let steps = try #require(
            DecimalNumber(value)?.nearestSteps(exponent: description.exponent))
        #expect(try reading.get().value == steps)
        #expect(description.plausibility.range.contains(steps))
    }
}
