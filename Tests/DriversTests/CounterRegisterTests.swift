import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct `The register behind a counter` {
    private func register(_ settings: String) throws -> CounterRegister? {
        try Component.of(
            ModbusMeterDriver.self,
            #"""
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "energy", "address": 0, "unit": "wattHour", "counter": true, \#(settings)}
            ]}
            """#
        ).channels[0].plausibility.register
    }

    private func number(_ text: String) -> DecimalNumber? { DecimalNumber(text) }

    @Test(arguments: [
        (#""type": "uint16", "scale": 10"#, "655360", "655350"),
        (#""type": "uint32", "scale": 0.01"#, "42949672.96", "42949672.95"),
        (#""type": "int16""#, "65536", "32767"),
        (#""type": "int32", "order": "cdab""#, "4294967296", "2147483647"),
    ])
    func `ends where its type does, in the unit`(
        settings: String, span: String, highest: String
    ) throws {
        let register = try #require(try register(settings))
        #expect(register.span == number(span))
        #expect(register.highest == number(highest))
    }

    @Test(arguments: [
        #""type": "float32""#, #""type": "float64""#, #""type": "uint64""#, #""type": "int64""#,
        #""type": "uint16", "scaleAddress": 7"#, #""type": "uint16", "scale": -1"#,
    ])
    func `has no end that is known`(settings: String) throws {
        let register = try #require(try register(settings))
        #expect(register.span == nil && register.highest == nil)
    }

    @Test func `ends where the layout says`() throws {
        let register = try #require(
            try register(#""type": "float32", "wrapsAt": 99999999"#))
        #expect(register.span == number("99999999") && register.highest == nil)
        let error = #expect(throws: DriverError.self) {
            try self.register(#""type": "uint32", "wrapsAt": 0"#)
        }
        #expect(error?.detail.contains("wrapsAt") == true)
    }
}
