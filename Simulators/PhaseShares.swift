import DriverKit
import Vocabulary

/// How the twin of a meter shares a total over the phases that its sources name: `current-l1` to
/// `current-l3` of `current-total`.
///
/// The phases of a quantity make up its total. They are not equal, as those of no house are.
struct PhaseShares {
    /// By how many phases a quantity has.
    private static let shares = [[1], [0.6, 0.4], [0.5, 0.3, 0.2]]

    /// The phases that there are of a quantity, by its name without the phase.
    private var phases: [String: Set<Int>] = [:]

    init(_ sources: some Sequence<String>) {
        for source in sources {
            guard let (quantity, phase) = Self.phase(of: source) else { continue }
            phases[quantity, default: []].insert(phase)
        }
    }

    /// Which part of the total a channel shows; 1 for one that is of no phase, or not summed over them.
    func share(of channel: ChannelDescription) -> Double {
        guard Self.isSummed(channel.unit), let (quantity, phase) = Self.phase(of: channel.source),
            let phases = phases[quantity]?.sorted(), let place = phases.firstIndex(of: phase)
        else { return 1 }
        return Self.shares[phases.count - 1][place]
    }

    private static func isSummed(_ unit: Unit) -> Bool {
        switch unit {
        case .watt, .voltAmpere, .reactivePower, .ampere, .wattHour, .varHour, .voltAmpereHour,
            .joule:
            true
        default: false
        }
    }

    /// The quantity and phase of `current-l2`; nil for a source that names no phase.
    private static func phase(of source: String) -> (quantity: String, phase: Int)? {
        for phase in 1...3 where source.hasSuffix("-l\(phase)") {
            return (String(source.dropLast(3)), phase)
        }
        return nil
    }
}

extension Signal {
    /// So much of this signal.
    func times(_ share: Double) -> Signal {
        share == 1 ? self : Signal { self.function($0) * share }
    }
}
