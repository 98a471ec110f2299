import Logging
import Vocabulary

/// What a log line is about: a key that stays the same from version to version, beside a sentence that may
/// change. Programs that read logs match `event=`.
public enum LogKey: String, CaseIterable, Sendable {
    // The gateway.
    case gatewayStarting = "gateway.starting"
    case gatewayStarted = "gateway.started"
    case gatewayStartFailed = "gateway.start-failed"
    case gatewaySimulated = "gateway.simulated"
    case gatewayStopping = "gateway.stopping"
    case gatewayStopped = "gateway.stopped"
    case gatewaySummary = "gateway.summary"
    // Its parts, by their heartbeats.
    case heartbeatMissing = "heartbeat.missing"
    case heartbeatBack = "heartbeat.back"
    case watchdogExpired = "watchdog.expired"
    case partRestarted = "part.restarted"
    case partRestartFailed = "part.restart-failed"
    // Faults of nodes, channels, links and the gateway.
    case faultRaised = "fault.raised"
    case faultCleared = "fault.cleared"
    // Nodes.
    case nodeSlowStart = "node.slow-start"
    case nodeSlowStop = "node.slow-stop"
    case nodeFlooding = "node.flooding"
    case relayUnsafe = "relay.unsafe"
    case relaySafe = "relay.safe"
    case counterWrapped = "counter.wrapped"
    case counterReset = "counter.reset"
    case totalSet = "total.set"
    // Commands.
    case commandConfirmed = "command.confirmed"
    case commandRefused = "command.refused"
    case commandFailed = "command.failed"
    case commandTimedOut = "command.timed-out"
    case overrideStarted = "override.started"
    case overrideEnded = "override.ended"
    // Links to upstreams.
    case linkConnected = "link.connected"
    case linkVersion = "link.version"
    case linkSubscribed = "link.subscribed"
    case linkDisconnected = "link.disconnected"
    case linkUnreachable = "link.unreachable"
    case linkPeerActive = "link.peer-active"
    case linkPeerSilent = "link.peer-silent"
    case linkPeriodEnded = "link.period-ended"
    case linkHandOverInterrupted = "link.hand-over-interrupted"
    case messageSent = "message.sent"
    case messageReceived = "message.received"
    case messageNote = "message.note"
    case messageMalformed = "message.malformed"
    case messageIgnored = "message.ignored"
    case messageDropped = "message.dropped"
    case messageRejected = "message.rejected"
    case messageUnsent = "message.unsent"
    // The journal.
    case recordsDropped = "records.dropped"
    case recordsDeadLettered = "records.dead-lettered"
    case journalSalvaged = "journal.salvaged"
    case journalFailed = "journal.failed"
    case journalLost = "journal.lost"
    // Live values.
    case subscriberSlow = "subscriber.slow"
    // The clock.
    case clockSet = "clock.set"
    case clockSlept = "clock.slept"
    // The layout.
    case layoutWarning = "layout.warning"
    case layoutInvalid = "layout.invalid"
    case layoutMissing = "layout.missing"
    case layoutUnreadable = "layout.unreadable"
    case layoutUnchanged = "layout.unchanged"
    case layoutChange = "layout.change"
    case layoutReloaded = "layout.reloaded"
    case layoutRejected = "layout.rejected"
    case retainedNamesUnsaved = "layout.retained-names-unsaved"
    // The embedded broker and the direct link.
    case brokerListening = "broker.listening"
    case peersListening = "peers.listening"
    case peersRejecting = "peers.rejecting"
    case peersCertificate = "peers.certificate"
    case peersNotice = "peers.notice"
    case controlListening = "control.listening"
    case controlNotice = "control.notice"
    case webListening = "web.listening"
    case webNotice = "web.notice"
    case logLevel = "log.level"

    /// The name of the key's own member in a line.
    public static let member = "event"

    /// The key of an event of the history.
    public init(_ kind: GatewayEvent.Kind) {
        self =
            switch kind {
            case .started: .gatewayStarted
            case .stopped: .gatewayStopping
            case .connected: .linkConnected
            case .connectFailed: .linkUnreachable
            case .disconnected: .linkDisconnected
            case .subscribed: .linkSubscribed
            case .peerActive: .linkPeerActive
            case .peerSilent: .linkPeerSilent
            case .periodEnded: .linkPeriodEnded
            case .dropped: .recordsDropped
            case .deadLettered: .recordsDeadLettered
            case .clockSet: .clockSet
            case .salvaged: .journalSalvaged
            case .reloaded: .layoutReloaded
            case .reloadRejected: .layoutRejected
            case .restarted: .partRestarted
            case .counterWrapped: .counterWrapped
            case .counterReset: .counterReset
            case .totalSet: .totalSet
            }
    }

    /// The key of a command's outcome.
    public init(_ outcome: CommandOutcome) {
        self =
            switch outcome.kind {
            case .confirmed: .commandConfirmed
            case .refused: .commandRefused
            case .failed: .commandFailed
            case .timedOut: .commandTimedOut
            }
    }
}

extension Logger {
    /// Logs a sentence under its key.
    public func log(
        _ key: LogKey, level: Level, _ message: @autoclosure () -> Message,
        metadata: Metadata = [:], file: String = #fileID, function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: level, message(),
            metadata: metadata.merging([LogKey.member: "\(key.rawValue)"]) { $1 }, file: file,
            function: function, line: line)
    }

    /// Logs what changed.
    public func notice(
        _ key: LogKey, _ message: @autoclosure () -> Message, metadata: Metadata = [:],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            key, level: .notice, message(), metadata: metadata, file: file, function: function,
            line: line)
    }

    /// Logs what lost data or will.
    public func warning(
        _ key: LogKey, _ message: @autoclosure () -> Message, metadata: Metadata = [:],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            key, level: .warning, message(), metadata: metadata, file: file, function: function,
            line: line)
    }

    /// Logs what a person must look after.
    public func error(
        _ key: LogKey, _ message: @autoclosure () -> Message, metadata: Metadata = [:],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            key, level: .error, message(), metadata: metadata, file: file, function: function,
            line: line)
    }

    /// Logs what ends the gateway.
    public func critical(
        _ key: LogKey, _ message: @autoclosure () -> Message, metadata: Metadata = [:],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            key, level: .critical, message(), metadata: metadata, file: file, function: function,
            line: line)
    }
}
