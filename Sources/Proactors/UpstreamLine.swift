import DequeModule
import Links
import Upstreams
import Vocabulary

/// Everything the proactor keeps about one upstream.
struct UpstreamLine: Sendable {
    let plan: UpstreamPlan
    var isConnected = false
    var isSubscribed = false
    var window: DeliveryWindow<MessageID>
    /// The newest value of each channel that upstream has not been told yet.
    var unsentLive: [DataChannelName: LiveValue] = [:]
    /// Greetings and answers, which go before everything else. At most a window of them waits.
    var urgent: Deque<MqttMessage> = []
    /// Whether the list of standing troubles has changed since upstream was told.
    var mustTellStanding = false
    var isPumping = false
    var mustPumpAgain = false
    /// What was refused and why, as told, so that it is told once for each change.
    var refusals: [String: String] = [:]
    /// Why the connection is not there, as last told.
    var lastReason: String?

    init(plan: UpstreamPlan) {
        self.plan = plan
        window = DeliveryWindow(capacity: max(1, plan.window))
    }
}
