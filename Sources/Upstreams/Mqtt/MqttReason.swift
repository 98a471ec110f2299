/// A reason code of MQTT 5 in words that a person can act on.
///
/// Source: MQTT Version 5.0, OASIS Standard, section 2.4.
struct MqttReason: Hashable, Sendable, CustomStringConvertible {
    let code: Int32

    init(_ code: Int32) { self.code = code }

    /// The answer to a login in the form of MQTT 3.1.1. Whoever answers in it does not speak MQTT 5, even
    /// where it says yes.
    ///
    /// Source: MQTT Version 3.1.1, OASIS Standard, section 3.2.2.3.
    init(ofVersion3 code: UInt8) {
        self.init([2: 133, 3: 136, 4: 134, 5: 135][code] ?? 132)
    }

    /// Codes from 128 on tell that something was not done.
    var isFailure: Bool { code >= 128 }

    /// Whether the same may be taken later: all but what is wrong with the message itself, its topic, its
    /// size or its form. Who may publish what is a setting of the broker, which somebody can mend.
    var isTemporary: Bool { ![144, 149, 153].contains(code) }

    var description: String { words ?? "reason \(code)" }

    private var words: String? {
        switch code {
        case 0: "success"
        case 4: "the broker closed the connection and publishes the last will"
        case 16: "no client subscribes to the topic"
        case 128: "the broker gives no reason"
        case 129: "the broker could not read the packet"
        case 130: "the broker saw a breach of the protocol"
        case 131: "the broker's settings do not allow it"
        case 132: "the broker does not speak MQTT 5"
        case 133: "the broker does not accept the client identifier"
        case 134: "bad user name or password"
        case 135: "not authorized; check user, password and the broker's access list"
        case 136: "the broker is not available"
        case 137: "the broker is busy"
        case 138: "the broker has banned this client"
        case 139: "the broker is shutting down"
        case 140: "the broker does not accept the way of authentication"
        case 141: "the broker received nothing within the keep-alive time"
        case 142: "another client connected with the same client identifier"
        case 143: "the broker does not accept the topic filter"
        case 144: "the broker does not accept the topic"
        case 145: "the packet identifier is in use"
        case 146: "the packet identifier is unknown"
        case 147: "more messages on their way than the broker accepts"
        case 148: "the topic alias is invalid"
        case 149: "the packet is larger than the broker accepts"
        case 150: "more messages than the broker accepts"
        case 151: "the broker's quota is used up"
        case 152: "the broker's administrator ended it"
        case 153: "the payload is not of the form that was announced"
        case 154: "the broker keeps no retained messages"
        case 155: "the broker does not offer this quality of service"
        case 156: "the broker asks to use another server"
        case 157: "the broker has moved to another server"
        case 158: "the broker offers no shared subscriptions"
        case 159: "connected too often; the broker limits the rate"
        case 160: "the broker's longest time for a connection is over"
        case 161: "the broker offers no subscription identifiers"
        case 162: "the broker offers no wildcard subscriptions"
        default: nil
        }
    }
}

/// What is wrong with `topic` for a publish; nil when nothing is.
package func topicProblem(_ topic: String) -> String? {
    guard !topic.isEmpty, topic.utf8.count <= 65_535 else {
        return "topic \"\(topic.prefix(40))\": must have 1 to 65535 bytes"
    }
    guard !topic.utf8.contains(where: { "+#\0".utf8.contains($0) }) else {
        return "topic \"\(topic)\": must hold no +, # or zero byte"
    }
    return nil
}

/// Whether `topic` is one that a subscription to `filter` gets.
package func matches(filter: String, topic: String) -> Bool {
    // Topics of the broker's own are matched by no wildcard at their start.
    if topic.hasPrefix("$"), !filter.hasPrefix("$") { return false }
    var levels = topic.split(separator: "/", omittingEmptySubsequences: false)[...]
    for wanted in filter.split(separator: "/", omittingEmptySubsequences: false) {
        if wanted == "#" { return true }
        guard let level = levels.popFirst(), wanted == "+" || wanted == level else { return false }
    }
    return levels.isEmpty
}

/// What is wrong with `filter` for a subscription; nil when nothing is.
///
/// Source: MQTT Version 5.0, OASIS Standard, section 4.7.
package func filterProblem(_ filter: String) -> String? {
    let levels = filter.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isFilter =
        (1...65_535).contains(filter.utf8.count) && !filter.utf8.contains(0)
        && levels.enumerated().allSatisfy { index, level in
            level.count == 1
                ? level.first != UInt8(ascii: "#") || index == levels.count - 1
                : !level.contains { "+#".utf8.contains($0) }
        }
    return isFilter
        ? nil
        : "subscription \"\(filter.prefix(80))\": is no topic filter, for example a/+/c or a/#"
}
