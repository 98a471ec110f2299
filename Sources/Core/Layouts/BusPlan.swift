import Documents
import DriverKit
import Vocabulary

/// What the polls of all components take of a shared bus's time.
///
/// Each request takes its own bytes and those of the reply at the bus's speed, the bus's gap, and
/// what the device needs to turn around. Over TCP the bytes take no time worth counting.
public struct BusPlan: Hashable, Sendable {
    /// The time from the last byte of a request to the first of its reply, as devices usually need.
    public static let turnaround: Duration = .milliseconds(10)

    public let bus: Bus
    /// The traffic on that bus alone.
    public let traffic: [BusTraffic]

    public init(bus: Bus, traffic: [BusTraffic]) {
        (self.bus, self.traffic) = (bus, traffic)
    }

    /// The share of the bus's time that is taken, in millionths, rounded up. More than a million
    /// cannot work.
    public var load: Int64 { load(baud: bus.line.baud, gap: bus.gap) }

    /// `load` in percent, rounded up.
    public var percent: Int64 { (load + 9_999) / 10_000 }

    /// Requests in a minute, rounded up.
    public var requestsPerMinute: Int64 {
        let perMillionMinutes = traffic.reduce(Int64(0)) { sum, item in
            sum + 60_000_000_000_000_000 / max(1_000_000, item.every.wholeNanoseconds)
        }
        return (perMillionMinutes + 999_999) / 1_000_000
    }

    /// What to report of a bus that cannot carry its polls; nil when it can.
    public var problem: String? {
        guard load > 1_000_000 else { return nil }
        let tenths = (load + 99_999) / 100_000
        var remedies = ["poll \(tenths / 10).\(tenths % 10) times less often"]
        if let baud = bus.line.baud,
            let faster = SerialMode.speeds.first(where: {
                $0 > baud && load(baud: Int($0), gap: bus.gap) <= 1_000_000
            })
        {
            remedies.append("use \(faster) baud")
        }
        if let gap = longestGap { remedies.append("use a gap of at most \(gap)ms") }
        remedies.append("move devices to a second bus")
        return "bus \(bus.name) would be busy for \(percent) % of the time with "
            + "\(requestsPerMinute) requests a minute: " + remedies.joined(separator: ", or ")
    }

    /// The longest gap in whole milliseconds that would do; nil when none would.
    private var longestGap: Int64? {
        let rest = 1_000_000 - load(baud: bus.line.baud, gap: .zero)
        let perSecond = load(baud: nil, gap: .seconds(1)) - load(baud: nil, gap: .zero)
        guard rest > 0, perSecond > 0 else { return nil }
        let milliseconds = rest * 1_000 / perSecond
        return milliseconds > 0 ? milliseconds : nil
    }

    private func load(baud: Int?, gap: Duration) -> Int64 {
        traffic.reduce(0) { sum, item in
            var busy = gap.wholeNanoseconds + Self.turnaround.wholeNanoseconds
            if let baud {
                let bits = Int64(item.requestBytes + item.replyBytes) * bus.line.bitsPerByte
                busy += bits * 1_000_000_000 / Int64(baud)
            }
            // A period below 1 ms, which no layout can ask for, counts as 1 ms.
            let period = max(1_000_000, item.every.wholeNanoseconds)
            return sum + (busy * 1_000_000 + period - 1) / period
        }
    }
}

extension Bus.Line {
    /// Nil over TCP.
    fileprivate var baud: Int? {
        if case .serial(let settings) = self { settings.baud } else { nil }
    }

    fileprivate var bitsPerByte: Int64 {
        if case .serial(let settings) = self { Int64(settings.bitsPerByte) } else { 0 }
    }
}

extension HardwareLayout {
    /// How busy each bus would be, in layout order.
    ///
    /// - Parameter registry: The drivers that the layout was read with.
    public func busPlans(registry: DriverRegistry) -> [BusPlan] {
        let traffic = nodes.flatMap { node in
            // The layout was checked with the same drivers, which found nothing wrong then.
            (try? registry[node.component.model]?.traffic(of: node.component)) ?? []
        }
        let ofBus = Dictionary(grouping: traffic, by: \.bus)
        return buses.map { BusPlan(bus: $0, traffic: ofBus[$0.name] ?? []) }
    }
}
