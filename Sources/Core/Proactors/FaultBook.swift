import Codecs
import Vocabulary

/// What makes one fault the same as another.
struct FaultKey: Hashable, Sendable {
    let node: ShNodeName
    let channel: DataChannelName?
    let kind: Fault.Kind
}

/// What is wrong now, and what is counted until it is over.
struct FaultBook: Sendable {
    /// Everything that is wrong right now.
    var active: [FaultKey: ActiveFault] = [:]
    /// Malformed messages from upstream.
    var malformed = ReportOnce<Fault.Kind>(quiet: Proactor.malformedOver)
    /// Upstreams whose name another client took.
    var rivals = ReportOnce<UpstreamName>(quiet: Proactor.rivalryOver)
}
