import Conformance
import DriverKit
import Drivers
import Testing

@Suite struct ThermalZoneDriverTests {
    private let zones = [
        "/sys/class/thermal/cooling_device0/type": "Processor\n",
        "/sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "/sys/class/thermal/thermal_zone0/temp": "48312\n",
        "/sys/class/thermal/thermal_zone1/type": "acpitz\n",
        "/sys/class/thermal/thermal_zone1/temp": "27800\n",
        "/sys/class/thermal/thermal_zone2/type": "acpitz\n",
        "/sys/class/thermal/thermal_zone2/temp": "29800\n",
    ]

    @Test func `a zone is found by its type`() throws {
        var open = try FileBench(zones).open(ThermalZoneDriver.self, #"{"type": "cpu-thermal"}"#)
        #expect(try open.read() == ["48.312 °C"])
    }

    @Test func `zones of one type are distinguished by their number`() throws {
        let error = #expect(throws: DriverError.self) {
            try FileBench(zones).open(ThermalZoneDriver.self, #"{"type": "acpitz"}"#)
        }
        #expect(
            error
                == DriverError(
                    .invalidComponent,
                    "thermal zone acpitz: thermal_zone1, thermal_zone2 have this name; "
                        + "choose one with zone, for example \"thermal_zone1\""))
        var open = try FileBench(zones).open(
            ThermalZoneDriver.self, #"{"type": "acpitz", "zone": "thermal_zone2"}"#)
        #expect(try open.read() == ["29.800 °C"])
    }

    @Test func `a type that is not there is reported with those that are`() {
        let error = #expect(throws: DriverError.self) {
            try FileBench(zones).open(ThermalZoneDriver.self, #"{"type": "cpu_thermal"}"#)
        }
        #expect(
            error
                == DriverError(
                    .notConnected,
                    "thermal zone cpu_thermal: is not in /sys/class/thermal, which shows acpitz, "
                        + "cpu-thermal; did you mean cpu-thermal"))
    }

    @Test func `a zone without a value, or without a file, is reported`() throws {
        let bench = FileBench(zones)
        var open = try bench.open(ThermalZoneDriver.self, #"{"type": "cpu-thermal"}"#)
        bench.tree.makeEmpty("/sys/class/thermal/thermal_zone0/temp")
        let empty = #expect(throws: DriverError.self) { try open.read() }
        #expect(empty?.kind == .malformedReply)
        bench.tree.remove("/sys/class/thermal/thermal_zone0")
        let gone = #expect(throws: DriverError.self) { try open.read() }
        #expect(gone?.kind == .notConnected)
    }
}
