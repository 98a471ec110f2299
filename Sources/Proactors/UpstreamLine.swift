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
    var writer: any HistoryWriter
    /// The newest value of each channel that upstream has not been told yet.
    var unsentLive: [DataChannelName: LiveValue] = [:]
    /// What is said first on a connection, and the farewell.
    var greeting: Deque<MqttMessage> = []
    /// Answers to commands, at most a window of them.
    var answers: Deque<MqttMessage> = []
    /// Whether the list of standing troubles has changed since upstream was told.
    var mustTellStanding = false
    /// The actuators whose authority has changed since upstream was told.
    var unsentAuthority: Set<ShNodeName> = []
    /// Rung whenever there may be something to hand over.
    let bell: AsyncStream<Void>.Continuation
    /// What was refused and why, as told, so that it is told once for each change. At most 64.
    var refusals: [String: String] = [:]
    /// Why the connection is not there, as last told.
    var lastReason: String?

    init(
        plan: UpstreamPlan, journal: JournalIdentity, bell: AsyncStream<Void>.Continuation
    ) {
        (self.plan, self.bell) = (plan, bell)
        writer = plan.codec.historyWriter(of: journal)
        window = DeliveryWindow(capacity: max(1, plan.window))
    }
}
