import DriverKit
import Vocabulary

/// A small board with one gigabyte of memory, a card of 32 GB and little to do.
enum SimulatedHostHealth: SimulatedDevice {
    static let model = DriverModel(known: "host-health")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let tree = wiring.tree
        func phase() -> Double { Double.random(in: 0..<1, using: &chance) }
        let load = Signal.wave(mean: 0.6, swing: 0.5, period: .seconds(600), phase: phase())
        let available = Signal.wave(
            mean: 600_000, swing: 50_000, period: .seconds(1_200), phase: phase())
        let interface = component.settings["interface"]?.text ?? "eth0"
        let statistics = "/sys/class/net/\(interface)/statistics"

        tree.set("/proc/loadavg") { now in
            let mean = decimal(load.value(at: now), places: 2)
            return "\(mean) \(mean) \(mean) 1/120 4242\n"
        }
        tree.set("/proc/uptime") { now in
            let seconds = Double(now.nanoseconds) / 1e9
            return "\(decimal(seconds, places: 2)) \(decimal(seconds * 3.6, places: 2))\n"
        }
        tree.set("/proc/stat") { now in
            // Four cores with 100 ticks a second each, a tenth of them busy.
            let ticks = now.nanoseconds / 10_000_000
            return "cpu  \(ticks * 3 / 10) 0 \(ticks / 10) \(ticks * 36 / 10) 0 0 0 0 0 0\n"
        }
        tree.set("/proc/meminfo") { now in
            """
            MemTotal:         948304 kB
            MemFree:          204800 kB
            MemAvailable:     \(wholeSteps(available.value(at: now), places: 0)) kB
            SwapTotal:        102396 kB
            SwapFree:          98300 kB

            """
        }
        for resource in ["cpu", "memory", "io"] {
            let share = Signal.wave(mean: 1, swing: 1, period: .seconds(900), phase: phase())
            tree.set("/proc/pressure/\(resource)") { now in
                let mean = decimal(share.value(at: now), places: 2)
                return "some avg10=\(mean) avg60=\(mean) avg300=\(mean) total=12345\n"
            }
        }
        tree.set("\(statistics)/rx_bytes", .ramp(start: 1_000_000, perSecond: 2_000))
        tree.set("\(statistics)/tx_bytes", .ramp(start: 500_000, perSecond: 1_000))
        tree.setSpace(
            at: "/", FileSystemSpace(total: 31_268_536_320, available: 24_696_061_952))
    }

    private static func decimal(_ value: Double, places: Int) -> DecimalNumber {
        DecimalNumber(mantissa: wholeSteps(value, places: places), exponent: -places)
    }
}
