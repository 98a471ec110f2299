import Vocabulary

/// The newest of what was published on one connection of a GridWorks link.
///
/// A copy beside the gateway's own on purpose: what decides is not how things are but what this peer has read of
/// them, and a session is a value that reaches nothing of the gateway.
struct GridworksMemory: Sendable {
    private var power: GridworksPower
    private var relays: [ShNodeName: Int64] = [:]
    /// By which controller each relay is overridden.
    private(set) var overrides: [ShNodeName: CommandSource] = [:]
    /// Nil before they were published first.
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

    /// - Returns: The power to publish now.
    mutating func take(_ reading: Reading) -> Int64? { power.take(reading) }

    /// The power as last published.
    var watts: Int64? { power.published }

    mutating func note(_ relay: ShNodeName, is steps: Int64) { relays[relay] = steps }

    /// The newest state of a relay.
    func steps(of relay: ShNodeName) -> Int64? { relays[relay] }

    mutating func note(_ relay: ShNodeName, overriddenBy source: CommandSource?) {
        overrides[relay] = source
    }

    /// - Returns: Whether these handles differ from those that were published last.
    mutating func note(_ handles: [ShNodeName: String], first: Bool = false) -> Bool {
        defer { self.handles = handles }
        return self.handles.map { $0 != handles } ?? first
    }
}
