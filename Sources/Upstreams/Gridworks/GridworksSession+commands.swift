import Codecs
import Documents
import Vocabulary

// Reads commands and refuses what must not be carried out.
extension GridworksSession {
    typealias Malformed = GridworksEnvelope.Malformed

    /// How long admin may override the relays after each command.
    static let longestOverride = Duration.seconds(86_400)
    /// How long admin overrides them when it does not say.
    static let usualOverride = Duration.seconds(300)

    /// One dispatch to one actuator, as it was written.
    private struct Dispatch {
        let fromHandle: String
        let toHandle: String
        let order: Order
        let id: CommandID
        let sentMilliseconds: Int64

        enum Order {
            case event(type: String, name: String)
            case value(Int64)
        }

        /// The last word of the handle, which may be as long as a message.
        var lastWord: Substring {
            toHandle.lastIndex(of: ".").map { toHandle[$0...].dropFirst() } ?? toHandle[...]
        }

        var node: ShNodeName? { ShNodeName(String(lastWord)) }
    }

    // MARK: The parent's

    func command(
        in envelope: GridworksEnvelope, at now: WallTime,
        using generator: inout some RandomNumberGenerator
    ) throws(Malformed) -> Incoming.Matter {
        let dispatch = try Self.dispatch(in: envelope.payload)
        do throws(CommandRefusal) {
            try checkTime(of: dispatch, at: now)
            let (relay, steps, context) = try target(of: dispatch, for: .parent)
            let command = Command(
                id: dispatch.id, node: relay.node, order: .set(steps), source: codec.parentSource,
                expires: expiry(of: dispatch))
            return .commands([command], reply(to: .parent, context))
        } catch {
            return .refused(
                why: error.why, id: dispatch.id, node: dispatch.node, reply(to: .parent))
        }
    }

    // MARK: Admin's

    func adminCommand(
        in envelope: GridworksEnvelope, at now: WallTime,
        using generator: inout some RandomNumberGenerator
    ) throws(Malformed) -> Incoming.Matter {
        try Self.checkVersion(of: envelope.payload)
        let fresh = CommandID(using: &generator)
        switch envelope.type {
        case "admin.release.control":
            return commands(.release, id: envelope.identity, else: fresh)
        case "admin.keep.alive":
            let time = try Self.overrideTime(
                in: envelope.payload["AdminTimeoutSeconds"], isRequired: false)
            return commands(
                .override(value: nil, for: time), id: envelope.identity, else: fresh)
        case "admin.dispatch", "admin.analog.dispatch":
            let isAnalog = envelope.type == "admin.analog.dispatch"
            let inner = envelope.payload[isAnalog ? "Dispatch" : "DispatchTrigger"]
            guard let inner, inner["TypeName"]?.text == (isAnalog ? "analog.dispatch" : "fsm.event")
            else { throw Malformed("holds no dispatch of its kind") }
            let time = try Self.overrideTime(
                in: envelope.payload["TimeoutSeconds"], isRequired: true)
            return override(by: try Self.dispatch(in: inner), for: time, at: now)
        default: throw Malformed("is an unknown type")
        }
    }

    /// Overrides the one that is meant first and then all others, as a genuine gateway does.
    private func override(
        by dispatch: Dispatch, for time: Duration, at now: WallTime
    ) -> Incoming.Matter {
        do throws(CommandRefusal) {
            try checkTime(of: dispatch, at: now)
            let (relay, steps, context) = try target(of: dispatch, for: .admin)
            let expires = expiry(of: dispatch)
            let first = Command(
                id: dispatch.id, node: relay.node, order: .override(value: steps, for: time),
                source: codec.adminSource, expires: expires)
            let others = codec.relays.keys.filter { $0 != relay.node }.sorted().enumerated()
            return .commands(
                [first]
                    + others.compactMap { index, node in
                        CommandID("\(dispatch.id).\(index + 1)").map {
                            Command(
                                id: $0, node: node, order: .override(value: nil, for: time),
                                source: codec.adminSource, expires: expires)
                        }
                    }, reply(to: .admin, context))
        } catch {
            return .refused(why: error.why, id: dispatch.id, node: dispatch.node, reply(to: .admin))
        }
    }

    /// One order to every actuator.
    private func commands(
        _ order: Command.Order, id identity: String, else fresh: CommandID
    ) -> Incoming.Matter {
        let stem = identity.utf8.count <= 48 ? CommandID(identity) ?? fresh : fresh
        let commands = codec.relays.keys.sorted().enumerated().compactMap { index, node in
            CommandID("\(stem).\(index)").map {
                Command(id: $0, node: node, order: order, source: codec.adminSource)
            }
        }
        return .commands(commands, reply(to: .admin, GridworksContext(target: nil)))
    }

    // MARK: Checks

    /// Whom the dispatch is for, the steps that it asks for, and what its answer must repeat.
    private func target(
        of dispatch: Dispatch, for speaker: Speaker
    ) throws(CommandRefusal) -> (GridworksRelay, Int64, GridworksContext) {
        let name = dispatch.lastWord.prefix(64)
        guard let node = dispatch.node, let relay = codec.relays[node] else {
            throw CommandRefusal("node \(name): not an actuator")
        }
        let boss = speaker == .admin ? GridworksTopics.admin : boss(of: node)
        guard dispatch.toHandle == "\(boss).\(node)" else {
            throw CommandRefusal(
                "ToHandle \(dispatch.toHandle.prefix(128)): the relay's handle is \(boss).\(node)")
        }
        guard dispatch.fromHandle == boss else {
            throw CommandRefusal(
                "FromHandle \(dispatch.fromHandle.prefix(128)): the boss is \(boss)")
        }
        // One that overrides the relay by hand is no parent, whatever it calls itself.
        guard speaker == .admin || boss == codec.settings.parentShortName else {
            throw CommandRefusal("node \(node): overridden by \(boss)")
        }
        switch (dispatch.order, relay.words) {
        case (.event(let type, let event), let words?):
            guard type == words.eventType, let steps = words.steps(after: event) else {
                throw CommandRefusal(
                    "node \(node): takes \(words.deEnergizingEvent) or \(words.energizingEvent) of "
                        + "\(words.eventType), not \(event.prefix(64)) of \(type.prefix(64))")
            }
            let context = GridworksContext(
                target: node, handle: dispatch.toHandle, eventType: type, event: event,
                before: memory.steps(of: node))
            return (relay, steps, context)
        case (.value(let steps), nil):
            return (relay, steps, GridworksContext(target: node, handle: dispatch.toHandle))
        case (.event, nil):
            throw CommandRefusal("node \(node): takes analog.dispatch, not fsm.event")
        case (.value, .some):
            throw CommandRefusal("node \(node): takes fsm.event, not analog.dispatch")
        }
    }

    /// A command from the future would be carried out as long again after its time.
    private func checkTime(of dispatch: Dispatch, at now: WallTime) throws(CommandRefusal) {
        let sent = GridworksTime.wall(dispatch.sentMilliseconds)
        guard sent > now.advanced(by: CommandDeadline.clockSkew) else { return }
        throw CommandRefusal(
            "the command was made at \(sent.iso8601), more than \(CommandDeadline.clockSkew.layoutText) ahead; "
                + "it is \(now.iso8601) here")
    }

    private func expiry(of dispatch: Dispatch) -> WallTime {
        GridworksTime.wall(dispatch.sentMilliseconds).advanced(by: codec.settings.commandAge)
    }

    // MARK: Forms

    private static func dispatch(in payload: JsonNode) throws(Malformed) -> Dispatch {
        try checkVersion(of: payload)
        let isAnalog = payload["TypeName"]?.text == "analog.dispatch"
        let trigger = try text("TriggerId", payload)
        guard GridworksIdentity.isUUID4(trigger), let id = CommandID(trigger) else {
            throw Malformed("TriggerId: must be a UUID of version 4")
        }
        let time = isAnalog ? "UnixTimeMs" : "SendTimeUnixMs"
        guard let milliseconds = payload[time]?.milliseconds else {
            throw Malformed("\(time): must be milliseconds of the years 2000 to 3000")
        }
        let order: Dispatch.Order
        if isAnalog {
            _ = try text("AboutName", payload)
            guard let value = payload["Value"]?.strictInteger else {
                throw Malformed("Value: must be a whole number")
            }
            order = .value(value)
        } else {
            order = .event(
                type: try text("EventType", payload), name: try text("EventName", payload))
        }
        return Dispatch(
            fromHandle: try text("FromHandle", payload), toHandle: try text("ToHandle", payload),
            order: order, id: id, sentMilliseconds: milliseconds)
    }

    private static func text(_ name: String, _ payload: JsonNode) throws(Malformed) -> String {
        guard let text = payload[name]?.text else { throw Malformed("\(name): must be a text") }
        return text
    }

    /// Another version may mean another thing, and this is about switching.
    private static func checkVersion(of payload: JsonNode) throws(Malformed) {
        guard let version = payload["Version"], version.text != "000" else { return }
        throw Malformed("Version: must be 000")
    }

    private static func overrideTime(
        in node: JsonNode?, isRequired: Bool
    ) throws(Malformed) -> Duration {
        switch node?.value {
        case nil where !isRequired, .null where !isRequired: return usualOverride
        default: break
        }
        guard let seconds = node?.strictInteger, seconds > 0 else {
            throw Malformed("the time-out must be a whole number of seconds above 0")
        }
        return min(longestOverride, .seconds(min(seconds, 86_400)))
    }
}
