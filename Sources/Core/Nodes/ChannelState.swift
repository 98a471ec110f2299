import DriverKit
import Timing
import Vocabulary

/// What a node remembers of one channel.
struct ChannelState: Sendable {
    let channel: DataChannel
    var schedule: TickSchedule
    var capture: CaptureState
    var check: PlausibilityCheck

    /// Whether a meter's register stands behind it, which goes on over a power cut.
    var isRemembered: Bool {
        channel.plausibility.isCounter && channel.plausibility.register != nil
    }

    init(_ channel: DataChannel, first: MonotonicInstant, origin: MonotonicInstant) {
        self.channel = channel
        schedule = TickSchedule(period: channel.pollPeriod, first: first, origin: origin)
        capture = CaptureState(rule: channel.capture)
        check = PlausibilityCheck(channel: channel)
    }
}

extension SafeState {
    /// The value to drive; nil to stay as it is.
    public var value: Int64? {
        switch self {
        case .off: 0
        case .on: 1
        case .hold: nil
        }
    }
}
