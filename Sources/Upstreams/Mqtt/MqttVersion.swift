import Vocabulary

/// Which version of MQTT is spoken, by the number that a login states.
public enum MqttVersion: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Without properties: no reasons, response topics and expiry.
    case v3 = 4
    case v5 = 5

    /// - Parameter words: `5` or `3.1.1`.
    public init?(words: String) {
        guard let version = Self.allCases.first(where: { $0.description == "MQTT \(words)" })
        else { return nil }
        self = version
    }

    public var description: String { self == .v3 ? "MQTT 3.1.1" : "MQTT 5" }
}

/// Finds out which version a broker speaks, and remembers it. Pure.
///
/// A broker that does not know MQTT 5 says so in its answer to the login, or hangs up without one. Others hang up, too,
/// while they start or have no server behind them. So MQTT 3.1.1 counts only where a login in it is accepted between two
/// in MQTT 5 that are not. It counts for a day: the broker may be updated.
struct MqttVersionChoice {
    static let memory = Duration.seconds(24 * 3_600)

    private enum State {
        case unknown
        /// Whether a login in MQTT 3.1.1 is accepted.
        case trying3
        /// It was; whether one in MQTT 5 now is.
        case trying5
        case speaks3(since: MonotonicInstant)
        case speaks5
    }

    /// What the settings say; nil to find out.
    let fixed: MqttVersion?
    private var state = State.unknown

    init(_ fixed: MqttVersion?) { self.fixed = fixed }

    /// The version of the next login.
    func next(at now: MonotonicInstant) -> MqttVersion {
        if let fixed { return fixed }
        return switch state {
        case .trying3: .v3
        case .speaks3(let since): since.duration(to: now) < Self.memory ? .v3 : .v5
        case .unknown, .trying5, .speaks5: .v5
        }
    }

    /// Whether the next connection ends with the login, which shows whether the broker accepts it.
    var isTrial: Bool { if case .trying3 = state, fixed == nil { true } else { false } }

    /// The broker accepted the login.
    mutating func accepted(_ version: MqttVersion) {
        switch (state, version) {
        case (.trying3, _): state = .trying5
        case (_, .v5): state = .speaks5
        case (_, .v3): break
        }
    }

    /// The broker said that it does not speak this version.
    ///
    /// - Returns: Whether the other one is to be tried.
    @discardableResult
    mutating func rejected(_ version: MqttVersion, at now: MonotonicInstant) -> Bool {
        state = version == .v5 ? .speaks3(since: now) : .unknown
        return fixed == nil && version == .v5
    }

    /// The connection ended before the broker answered the login.
    ///
    /// - Returns: Whether the next version is to be tried at once.
    mutating func unanswered(at now: MonotonicInstant) -> Bool {
        guard fixed == nil else { return false }
        switch state {
        case .unknown: state = .trying3
        case .trying3, .speaks3: state = .unknown
        case .trying5: state = .speaks3(since: now)
        case .speaks5: return false
        }
        if case .unknown = state { return false } else { return true }
    }
}
