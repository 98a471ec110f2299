import Codecs
import Gridworks
import Mqtt
import Vocabulary

/// The words of a GridWorks link, in the part of the parent of any number of children.
///
/// Pure: what to acknowledge it says, and the caller that stores the event acknowledges it afterwards.
public struct GridworksParentCodec: Sendable {
    /// The longest message of a child that is looked at, in bytes.
    public static let longest = 4 << 20

    /// A gateway that reports to this parent.
    public struct Child: Hashable, Sendable {
        /// Its long name.
        public let alias: GatewayName
        /// What it calls itself in topics: `s`.
        public let shortName: String

        public init(_ alias: GatewayName, shortName: String = "s") {
            (self.alias, self.shortName) = (alias, shortName)
        }
    }

    private let alias: GatewayName
    private let shortName: String
    private let children: [String: Child]

    /// - Parameters:
    ///   - alias: The parent's long name.
    ///   - shortName: What its children call it in topics and handles.
    public init(alias: GatewayName, shortName: String = "ltn", children: [Child]) {
        (self.alias, self.shortName) = (alias, shortName)
        // Two aliases never share a root: neither has a hyphen of its own.
        self.children = Dictionary(
            children.map {
                (GridworksTopics.root(from: $0.alias.text, to: shortName), $0)
            }
        ) { first, _ in first }
    }

    /// One filter for each child.
    public var subscriptions: [String] { children.keys.sorted().map { "\($0)/#" } }

    /// What to subscribe to for one child.
    public func subscription(to child: Child) -> String {
        GridworksTopics.all(from: child.alias.text, to: shortName)
    }

    // MARK: Listening

    /// What a received message turned out to be; nil when it is from no child of this parent.
    public func heard(_ message: MqttMessage) -> GridworksReceived? {
        // gw/SOURCE/to/DESTINATION is all that counts.
        let levels = message.topic.split(
            separator: "/", maxSplits: 4, omittingEmptySubsequences: false)
        guard levels.count >= 4, let child = children[levels.prefix(4).joined(separator: "/")]
        else {
            return nil
        }
        guard !message.isRetained else {
            return GridworksReceived(
                child.alias, .ignored(why: "a retained message, which is not a command"))
        }
        do throws(GridworksEnvelope.Malformed) {
            let envelope = try GridworksEnvelope(message.payload, longest: Self.longest)
            let matter = try GridworksReceived.Matter(envelope)
            return GridworksReceived(
                child.alias, matter, isHeartbeat: true, acknowledge: envelope.toAcknowledge)
        } catch {
            return GridworksReceived(child.alias, .malformed(why: "\(child.alias): \(error.why)"))
        }
    }

    // MARK: Speaking

    public func ping(_ identity: String, to child: Child) -> MqttMessage {
        GridworksEnvelope.ping(identity, from: alias.text, to: child.shortName)
    }

    public func acknowledgement(of identity: String, to child: Child) -> MqttMessage {
        GridworksEnvelope.acknowledgement(of: identity, from: alias.text, to: child.shortName)
    }

    /// Asks for the latest value of everything.
    public func sendSnapshot(to child: Child) -> MqttMessage {
        message(
            "send.snap", to: child,
            [("FromGNodeAlias", .text(alias.text)), ("Version", "000")])
    }

    /// Asks what the child is made of.
    public func sendLayout(to child: Child, at now: WallTime) -> MqttMessage {
        message(
            "send.layout", to: child,
            [
                ("FromGNodeAlias", .text(alias.text)),
                ("MessageCreatedMs", .number(GridworksTime.milliseconds(now))),
                ("Version", "001"),
            ])
    }

    /// Commands a relay by the name of an event.
    ///
    /// - Parameters:
    ///   - handle: The relay's, as the child reports it. Its boss must be this parent.
    ///   - trigger: A UUID of version 4; the answer bears it.
    public func command(
        _ event: String, of eventType: String, to handle: String, at child: Child,
        trigger: String, now: WallTime
    ) -> MqttMessage {
        message(
            "fsm.event", to: child, identity: trigger,
            [
                ("FromHandle", .text(Self.boss(of: handle))), ("ToHandle", .text(handle)),
                ("EventType", .text(eventType)), ("EventName", .text(event)),
                ("TriggerId", .text(trigger)),
                ("SendTimeUnixMs", .number(GridworksTime.milliseconds(now))),
                ("Version", "000"),
            ])
    }

    /// Commands an output that takes a number.
    public func command(
        value: Int64, about node: String, to handle: String, at child: Child, trigger: String,
        now: WallTime
    ) -> MqttMessage {
        message(
            "analog.dispatch", to: child, identity: trigger,
            [
                ("FromGNodeAlias", .text(alias.text)),
                ("FromHandle", .text(Self.boss(of: handle))), ("ToHandle", .text(handle)),
                ("AboutName", .text(node)), ("Value", .number(value)),
                ("TriggerId", .text(trigger)),
                ("UnixTimeMs", .number(GridworksTime.milliseconds(now))), ("Version", "000"),
            ])
    }

    /// An identity for a ping or a command.
    public static func identity(using generator: inout some RandomNumberGenerator) -> String {
        GridworksIdentity.fresh(using: &generator)
    }

    private static func boss(of handle: String) -> String {
        String(handle[..<(handle.lastIndex(of: ".") ?? handle.startIndex)])
    }

    private func message(
        _ type: String, to child: Child, identity: String = "",
        _ members: [(String, JsonText)]
    ) -> MqttMessage {
        var all = members.map { JsonText.Member(name: $0.0, value: $0.1) }
        all.insert(JsonText.Member(name: "TypeName", value: .text(type)), at: all.count - 1)
        return GridworksEnvelope.message(
            type, from: alias.text, to: child.shortName, identity: identity,
            isAckRequired: !identity.isEmpty, .group(all), qos: .atLeastOnce)
    }
}
