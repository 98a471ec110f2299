import Documents
import DriverKit
import Drivers
import Foundation
import Testing
import Vocabulary

/// The folder of the profiles that come with Tidegate.
private let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("profiles")

@Suite struct `A built-in profile` {
    @Test func `is there for every file of the folder`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(
            Set(files) == Set(DeviceProfile.builtInNames.map { $0 + ".json" }),
            "make profiles, and build again")
        #expect(files.count >= 70)
    }

    @Test(arguments: DeviceProfile.builtInNames)
    func `is what its file says, without a mistake`(name: String) throws {
        let text = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
        let (read, problems) = DeviceProfile.read(name, [UInt8](text))
        #expect(problems.map(\.description) == [])
        let profile = try #require(DeviceProfile.builtIn(name))
        #expect(profile.registers == read?.registers && !profile.registers.isEmpty)
        #expect(!profile.models.isEmpty && ProfileForm.isName(name))
    }

    @Test(arguments: DeviceProfile.builtInNames)
    func `has registers that stand apart and fit in one request`(name: String) throws {
        let profile = try #require(DeviceProfile.builtIn(name))
        var taken: [String: String] = [:]
        for register in profile.registers {
            #expect(register.span.end <= 65_536)
            #expect(register.span.count <= profile.limits.maxWords)
            for address in register.addresses {
                let word = "\(register.function) \(address)"
                let other = taken.updateValue(register.channel.source, forKey: word)
                #expect(other == nil, "\(register.channel.source) and \(other ?? "") share \(word)")
            }
        }
    }

    @Test(arguments: DeviceProfile.builtInNames)
    func `has plausible limits, and counters where energies are`(name: String) throws {
        for register in try #require(DeviceProfile.builtIn(name)).registers {
            let channel = register.channel
            #expect(channel.plausibility.range != Plausibility.anything.range, "\(channel.source)")
            #expect(register.scale.mantissa != 0, "\(channel.source)")
            // What begins again each midnight is no counter.
            if [.wattHour, .varHour, .voltAmpereHour].contains(channel.unit),
                !channel.source.hasSuffix("-today")
            {
                #expect(channel.plausibility.isCounter, "\(channel.source)")
            }
            if channel.plausibility.isCounter {
                #expect(channel.pollPeriod >= .seconds(60), "\(channel.source)")
            }
            #expect(channel.pollPeriod <= channel.capturePeriod, "\(channel.source)")
        }
    }
}

@Suite struct `A profile's file` {
    private func read(_ text: String) -> (profile: DeviceProfile?, problems: [String]) {
        let (profile, problems) = DeviceProfile.read("mine", Array(text.utf8))
        return (profile, problems.map(\.description))
    }

    private let head = #""title": "T", "maker": "M", "models": ["X"], "source": "S""#

    @Test func `says once what holds for all of its registers`() throws {
        let (profile, problems) = read(
            """
            {\(head), "defaults": {"function": "holding", "type": "int16", "scale": 0.1},
             "registers": [
              {"name": "a", "address": 7, "unit": "celsius"},
              {"name": "b", "address": 8, "unit": "watt", "type": "uint32", "scale": 1}]}
            """)
        #expect(problems == [])
        let registers = try #require(profile).registers
        #expect(registers.map(\.function) == [.holdingRegisters, .holdingRegisters])
        #expect(registers.map(\.form) == [.int16, .uint32])
        #expect(registers.map(\.channel.exponent) == [-1, 0])
    }

    @Test func `has all that is wrong with its form reported`() {
        let (profile, problems) = read(
            """
            {\(head), "defaults": {"name": "x"},
             "registers": [{"name": "a", "address": 70000, "type": "int16", "unit": "watt"},
              {"address": 1, "type": "int17", "unit": "watt"}]}
            """)
        #expect(profile == nil)
        #expect(
            problems == [
                "defaults.name (line 1): is unknown",
                "registers[0].address (line 2): must be a whole number from 0 to 65535, not 70000",
                "registers[1].type (line 3): int17 is not one of int16, uint16, int32, uint32, "
                    + "int64, uint64, float32, float64; did you mean int16",
                "registers[1] (line 3): name is missing: a text",
            ])
    }

    @Test func `has all that cannot be reported`() {
        let (profile, problems) = read(
            """
            {\(head), "registers": [
              {"name": "a", "address": 65535, "type": "int32", "unit": "watt"},
              {"name": "b", "address": 1, "type": "int16", "unit": "watt", "lowest": 5, "highest": 4},
              {"name": "c", "address": 2, "type": "int16", "unit": "watt"},
              {"name": "c", "address": 3, "type": "int16", "unit": "watt"}]}
            """)
        #expect(profile == nil)
        #expect(
            problems == [
                "registers[0].address (line 2): is 65535, must be 0 to 65534 for int32",
                "registers[1].highest (line 3): is 4, must be above lowest",
                "registers[3] (line 5): the name c is already in use",
            ])
    }

    @Test func `has impossible values reported beside an unknown key, all of one register`() {
        let (profile, problems) = read(
            """
            {\(head), "colour": "red", "maxWords": 1, "registers": [
              {"name": "A b", "address": 65535, "type": "int32", "unit": "watt", "scale": 0,
               "notValues": ["0x1FFFFFFFF"], "largestStep": -1, "exponent": 0},
              {"name": "b", "address": 1, "typ": "int32", "unit": "watt", "lowest": 5, "highest": 4},
              {"name": "c", "address": 1, "type": "int16", "unit": "watt", "wrapsAt": 0}]}
            """)
        #expect(profile == nil)
        #expect(
            problems.map { String($0.prefix { $0 != ":" }) } == [
                "colour (line 1)", "registers[1].typ (line 4)", "registers[1] (line 4)",
                "registers[0].name (line 2)", "registers[0].scale (line 2)",
                "registers[0].address (line 2)", "registers[0].notValues[0] (line 3)",
                "registers[0].largestStep (line 3)", "registers[1].highest (line 4)",
                "registers[2].wrapsAt (line 5)",
            ])
    }

    @Test func `has no scale of 0, and no step below it`() {
        let register = #"{"name": "a", "address": 1, "type": "int16", "unit": "watt", "scale": "#
        for (rest, problem) in [
            ("0", "scale (line 1): is 0, must be other than 0"),
            (#"1, "largestStep": -1"#, "largestStep (line 1): is -1, must be more than 0"),
            (#"1, "captureDelta": 0"#, "captureDelta (line 1): is 0, must be more than 0"),
        ] {
            #expect(
                read(#"{\#(head), "registers": [\#(register)\#(rest)}]}"#).problems
                    == ["registers[0].\(problem)"])
        }
    }

    @Test func `has at least one register, each of which fits in a request`() {
        #expect(
            read(#"{\#(head), "registers": []}"#).problems == [
                "registers (line 1): is a list, must be a list of at least one register"
            ])
        let wide = #"{"name": "a", "address": 1, "type": "int64", "unit": "watt"}"#
        #expect(
            read(#"{\#(head), "maxWords": 3, "registers": [\#(wide)]}"#).problems == [
                "maxWords (line 1): is 3, must be at least 4, the words of one value"
            ])
    }

    @Test func `holds nothing that a terminal obeys`() {
        let text = #"{\#(head), "notes": ["a\u001b[2J"], "registers": []}"#
        #expect(
            read(text).problems == [
                "notes[0] (line 1): holds a line break or another control character",
                "registers (line 1): is a list, must be a list of at least one register",
            ])
    }
}
