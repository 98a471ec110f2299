import Conformance
import DriverKit
import Fakes
import Foundation
import Fuzzing
import Simulators
import Testing
import Vocabulary

@testable import Drivers

/// A bench with one simulated serial line.
struct TelegramBench {
    static let port = ByteLineAddress.serial(port: "/dev/ttyMETER")

    let clock = ManualClock()
    let wiring: SimulatedWiring

    init() { wiring = SimulatedWiring(clock: clock) }

    /// A meter that sends these telegrams, one a second.
    init(sending telegrams: [[UInt8]]) {
        self.init()
        lines.plug(RecordedMeter(telegrams), named: "meter", on: Self.port)
    }

    var lines: SimulatedByteLines { wiring.byteLines }

    /// Opens `driver` on the line, with these settings besides, and the channels called.
    func open<D: Driver>(
        _ driver: D.Type, _ settings: String = "", _ sources: [String]? = nil
    ) throws -> OpenDriver<D> {
        let all = #"{"port": "/dev/ttyMETER"\#(settings.isEmpty ? "" : ", " + settings)}"#
        let component = try Component.of(driver, all, sources: sources)
        return OpenDriver(
            driver: try D(component: component, wiring: wiring), component: component, clock: clock)
    }
}

/// Telegrams of the catalogue, byte by byte.
func recorded(_ name: String) throws -> [UInt8] {
    let url = try #require(
        Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Telegrams"))
    return Array(try Data(contentsOf: url))
}

extension TelegramFramer {
    /// The telegrams in `bytes`, and the flaws between them.
    static func found(in bytes: [UInt8]) -> (telegrams: [Telegram], flaws: [String]) {
        var framer = Self()
        var found: (telegrams: [Telegram], flaws: [String]) = ([], [])
        for byte in bytes {
            switch framer.take(byte) {
            case .telegram(let telegram): found.telegrams.append(telegram)
            case .flawed(let flaw): found.flaws.append(flaw)
            case nil: break
            }
        }
        return found
    }
}

/// Has a reader take damaged telegrams, whole ones between them; it must not trap, grow or miss those.
func checkMutations(
    of telegrams: [[UInt8]], seed: UInt64, _ read: ([UInt8]) throws -> Void
) rethrows {
    var mangler = Mangler(
        seed: seed, limit: 12_000,
        tokens: [
            [0x1B, 0x1B, 0x1B, 0x1B], [1, 1, 1, 1], [0x83, 0x02], [0xFF], [0], [0x68], [0x16],
        ])
    for round in 0..<Mangler.rounds(500) {
        try read(mangler.mangled(telegrams[round % telegrams.count]))
    }
}
