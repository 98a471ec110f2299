import Vocabulary

/// The newest of what was said on one connection of a GridWorks link.
struct GridworksMemory: Sendable {
    private var power: GridworksPower
    private var relays: [ShNodeName: Int64] = [:]
    /// Who has taken over which relay.
    private(set) var holders: [ShNodeName: CommandSource] = [:]
    /// Nil before the first word of it.
    private var handles: [ShNodeName: String]?

    init(channels: [DataChannelName: DataChannel], _ settings: GridworksSettings) {
        let metered = settings.powerMetering.keys.compactMap { channels[$0] }
        let sum = settings.powerMetering.values.reduce(Int64(0)) { sum, nameplate in
            let (next, overflow) = sum.addingReportingOverflow(nameplate)
            return overflow ? .max : next
        }
        let exponents = Dictionary(metered.map { ($0.name, $0.exponent) }) { first, _ in first }
        power = GridworksPower(
            channels: exponents, nameplates: sum, share: settings.powerThreshold)
    }

    /// - Returns: The power to tell now.
    mutating func take(_ reading: Reading) -> Int64? { power.take(reading) }

    /// The power as last told.
    var watts: Int64? { power.told }

    mutating func note(_ relay: ShNodeName, is steps: Int64) { relays[relay] = steps }

    /// The last that is known of a relay.
    func steps(of relay: ShNodeName) -> Int64? { relays[relay] }

    mutating func note(_ holder: CommandSource?, holds relay: ShNodeName) {
        holders[relay] = holder
    }

    /// - Returns: Whether these handles differ from those that were told last.
    mutating func tell(_ handles: [ShNodeName: String], first: Bool = false) -> Bool {
        defer { self.handles = handles }
        return self.handles.map { $0 != handles } ?? first
    }
}
