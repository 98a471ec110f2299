import Vocabulary

/// The newest of what a GridWorks link was told. Any thread may ask and tell.
final class GridworksMemory: Sendable {
    private struct State: Sendable {
        var power: GridworksPower
        var relays: [ShNodeName: Int64] = [:]
        var holders: [ShNodeName: CommandSource] = [:]
        /// Nil before the first word of it.
        var handles: [ShNodeName: String]?
    }
    private let state: Guarded<State>

    init(channels: [DataChannelName: DataChannel], _ settings: GridworksSettings) {
        let metered = settings.powerMetering.keys.compactMap { channels[$0] }
        let sum = settings.powerMetering.values.reduce(Int64(0)) { sum, nameplate in
            let (next, overflow) = sum.addingReportingOverflow(nameplate)
            return overflow ? .max : next
        }
        let exponents = Dictionary(metered.map { ($0.name, $0.exponent) }) { first, _ in first }
        state = Guarded(
            State(
                power: GridworksPower(
                    channels: exponents, nameplates: sum, share: settings.powerThreshold)))
    }

    /// - Returns: The power to tell now.
    func take(_ reading: Reading) -> Int64? { state.withLock { $0.power.take(reading) } }

    /// The power as last told.
    var watts: Int64? { state.withLock { $0.power.told } }

    func note(_ relay: ShNodeName, is steps: Int64) { state.withLock { $0.relays[relay] = steps } }

    /// The last that is known of a relay.
    func steps(of relay: ShNodeName) -> Int64? { state.withLock { $0.relays[relay] } }

    func note(_ holder: CommandSource?, holds relay: ShNodeName) {
        state.withLock { $0.holders[relay] = holder }
    }

    /// Who has taken over which relay.
    var holders: [ShNodeName: CommandSource] { state.withLock { $0.holders } }

    /// - Returns: Whether these handles differ from those that were told last.
    func tell(_ handles: [ShNodeName: String], first: Bool = false) -> Bool {
        state.withLock { state in
            defer { state.handles = handles }
            return state.handles.map { $0 != handles } ?? first
        }
    }
}
