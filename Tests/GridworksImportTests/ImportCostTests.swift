import Fuzzing
import Gridworks
import TestMachine
import Testing
import Vocabulary

/// What it costs to read a GridWorks layout that was made to cost much.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A GridWorks layout of a stranger's`
{
    @Test func `takes memory in proportion to its length`() {
        func layout(_ list: String, _ piece: String) -> [UInt8] {
            let pieces = String(repeating: piece + ",", count: 60_000 / (piece.utf8.count + 1))
            return Array(#"{"\#(list)": [\#(pieces)]}"#.utf8)
        }
        let texts =
            DearJson.texts(of: 1 << 16) + [
                ("nodes", layout("ShNodes", "{}")),
                ("channels", layout("DataChannels", "{}")),
                ("components", layout("OtherComponents", "{}")),
                ("types", layout("DeviceTypes", "{}")),
                ("computed", layout("DerivedChannels", "{}")),
            ]
        var cost = Cost(floor: 128 << 10)
        for (name, bytes) in texts {
            cost.count(name, bytes) { bytes in
                _ = GridworksLayout.read(bytes).problems.lines(about: "layout")
            }
        }
        for (name, piece) in [
            ("tunings", "{}"),
            ("one channel's", #"{"ChannelName":"x","AsyncCapture":true,"CapturePeriodS":1}"#),
        ] {
            cost.count(name, layout("CaptureTuningList", piece)) { bytes in
                _ = GridworksTunings.read(bytes).problems.lines(about: "parameters")
            }
        }
        cost.report("GridWorks layouts")
        #expect(cost.isInProportion, "\(cost)")
    }
}
