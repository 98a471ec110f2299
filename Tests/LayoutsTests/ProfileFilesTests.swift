import DriverKit
import Drivers
import Layouts
import StandardCodecs
import Testing
import Vocabulary

@Suite struct `A profile of the user's` {
    private func read(
        _ profile: String, _ files: [String: String]
    ) -> (layout: HardwareLayout?, problems: [String]) {
        let text = """
            {"gateway": "d1.demo",
             "buses": [{"name": "rs485", "port": "/dev/ttyUSB0", "baud": 9600}],
             "nodes": [{"name": "boiler", "kind": "meter", "component":
              {"driver": "modbus-meter", "bus": "rs485", "unit": 1, "profile": "\(profile)"}}]}
            """
        let (layout, problems) = LayoutReader.read(
            Array(text.utf8), registry: .standard, codecs: .standard,
            profiles: ProfileFiles(
                find: { name in
                    guard let text = files[name] else { return .missing }
                    guard text != "secret" else { return .unusable("/p/\(name).json: no") }
                    return .file(path: "/p/\(name).json", bytes: Array(text.utf8))
                }, names: { files.keys.sorted() }))
        return (layout, problems.map(\.description))
    }

    private func file(_ register: String) -> String {
        """
        {"title": "T", "maker": "M", "models": ["X"], "source": "S",
         "registers": [\(register)]}
        """
    }

    private let power = #"{"name": "power", "address": 1, "type": "int16", "unit": "watt"}"#

    @Test func `is used by its name, and before the built-in one`() throws {
        for name in ["boiler-x", "eastron-sdm120"] {
            let (layout, problems) = read(name, [name: file(power)])
            #expect(problems == [])
            #expect(layout?.nodes.first?.component.channels.map(\.source) == ["power"])
        }
        let (layout, _) = read("eastron-sdm120", [:])
        #expect(layout?.nodes.first?.component.channels.count == 16)
    }

    @Test func `that has changed is another component`() throws {
        let one = read("x", ["x": file(power)]).layout
        let same = read("x", ["x": file(power + " ")]).layout
        let other = read(
            "x", ["x": file(power.replacing("\"address\": 1", with: "\"address\": 2"))]
        ).layout
        #expect(try LayoutDiff(from: #require(one), to: #require(same)).isEmpty)
        #expect(try !LayoutDiff(from: #require(one), to: #require(other)).isEmpty)
    }

    @Test func `with mistakes is reported with its file and every place`() {
        let (layout, problems) = read(
            "x", ["x": file(#"{"name": "power", "address": 1, "typ": "int16", "unit": "watt"}"#)])
        #expect(layout == nil)
        #expect(
            problems == [
                "nodes[0].component.profile (line 4): /p/x.json, registers[0].typ (line 2): "
                    + "is unknown; did you mean type",
                "nodes[0].component.profile (line 4): /p/x.json, registers[0] (line 2): "
                    + "type is missing: one of int16, uint16, int32, uint32, int64, uint64, "
                    + "float32, float64",
            ])
        #expect(
            read("x", ["x": "{"]).problems.first?.hasPrefix(
                "nodes[0].component.profile (line 4): /p/x.json, line 1: ") == true)
    }

    @Test func `that may not be used is reported, and not replaced by the built-in one`() {
        #expect(
            read("eastron-sdm120", ["eastron-sdm120": "secret"]).problems == [
                "nodes[0].component.profile (line 4): /p/eastron-sdm120.json: no"
            ])
    }

    @Test func `that is not there is reported with the one that was meant`() {
        #expect(
            read("boilerx", ["boiler-x": file(power)]).problems == [
                "nodes[0].component.profile (line 4): profile boilerx is unknown; "
                    + "did you mean boiler-x; `tidegate drivers --profiles` lists all"
            ])
        #expect(
            read("../x", [:]).problems == [
                "nodes[0].component.profile (line 4): must be the name of a profile: "
                    + "small letters, digits and -, not \"../x\""
            ])
    }
}
