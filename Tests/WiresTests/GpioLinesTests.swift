import Conformance
import DriverKit
import Fakes
import Foundation
import Simulators
import Testing

@testable import Wires

struct GpioLinesTests {
    @Test func `simulated lines do what every line does`() {
        let wiring = SimulatedWiring(clock: ManualClock())
        let lines = wiring.lines
        lines.addChip("edge-relays", lines: 8, names: [4: "relay0"])
        let bench = LineBench(
            chip: "edge-relays", output: LineAddress("edge-relays/4")!,
            input: LineAddress("edge-relays/0")!,
            push: { lines.setLevel($0, $1) }, level: { lines.level(of: $0) },
            unplug: { lines.unplug("edge-relays") }, plug: { lines.plug("edge-relays") })
        #expect(LineConformance.complaints(of: wiring, on: bench) == [])
        #expect(lines.claimCount == 0)
    }

    private func refusal(of line: String, in devices: String) -> DriverError? {
        let settings = OutputSettings(activeLow: false, drive: .pushPull, consumer: "test")
        do throws(DriverError) {
            _ = try GpioLines(devices: devices).output(
                LineAddress(line)!, settings, initially: .inactive)
            return nil
        } catch {
            return error
        }
    }

    @Test func `without any chip that is said`() {
        #expect(
            refusal(of: "edge-relays/4", in: "/nowhere")
                == DriverError(
                    .notConnected,
                    "line edge-relays/4: no chip is labelled edge-relays; there is none"))
        #expect(
            refusal(of: "pump", in: "/nowhere")
                == DriverError(
                    .notConnected, "line pump: no line is named pump; none has a name"))
    }

    @Test func `what only looks like a chip is passed over`() throws {
        let folder = NSTemporaryDirectory() + "tidegate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "no chip".write(toFile: folder + "/gpiochip0", atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/gpiochip1", withDestinationPath: "/dev/null")
        #expect(
            refusal(of: "edge-relays/4", in: folder)?.detail
                == "line edge-relays/4: no chip is labelled edge-relays; there is none")
    }
}
