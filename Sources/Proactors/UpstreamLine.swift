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
    /// Answers and other messages that go before everything else. Bounded by commands under way.
    var urgent: Deque<MqttMessage> = []
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
