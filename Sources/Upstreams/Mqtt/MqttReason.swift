/// A reason code of MQTT 5 in words that a person can act on.
///
/// Source: MQTT Version 5.0, OASIS Standard, section 2.4.
struct MqttReason: Hashable, Sendable, CustomStringConvertible {
    static let unsupportedVersion: Int32 = 132

    let code: Int32

    init(_ code: Int32) { self.code = code }

    /// The answer to a login in the form of MQTT 3.1.1. A broker that answers in it does not speak MQTT 5, even
    /// where it says yes.
    ///
    /// Source: MQTT Version 3.1.1, OASIS Standard, section 3.2.2.3.
    init(ofVersion3 code: UInt8) {
        self.init([2: 133, 3: 136, 4: 134, 5: 135][code] ?? Self.unsupportedVersion)
    }

    /// Codes from 128 on mean that something was not done.
    var isFailure: Bool { code >= 128 }

    /// Whether the same may be taken later: all but what is wrong with the message itself, its topic, its
    /// size or its form. Who may publish what is a setting of the broker, which a user can mend.
    var isTemporary: Bool { ![144, 149, 153].contains(code) }

    var description: String { words ?? "reason \(code)" }

    private var words: String? {
        switch code {
        case 0: "success"
        case 4: "the broker closed the connection and publishes the last will"
        case 16: "no client subscribes to the topic"
        case 128: "no reason given"
        case 129: "malformed packet"
        case 130: "protocol error"
        case 131: "implementation specific error"
        case 132: "unsupported protocol version: the broker speaks another version of MQTT"
        case 133: "client identifier not valid"
        case 134: "bad user name or password"
        case 135: "not authorized; check user, password and the broker's access list"
        case 136: "server unavailable"
        case 137: "server busy"
        case 138: "banned"
        case 139: "server shutting down"
        case 140: "bad authentication method"
        case 141: "the broker received nothing within the keep-alive time"
        case 142: "session ended: another client uses the same client identifier"
        case 143: "topic filter invalid"
        case 144: "topic name invalid"
        case 145: "the packet identifier is in use"
        case 146: "the packet identifier is unknown"
        case 147: "receive maximum exceeded"
        case 148: "the topic alias is invalid"
        case 149: "packet too large"
        case 150: "message rate too high"
        case 151: "quota exceeded"
        case 152: "administrative action"
        case 153: "payload format invalid"
        case 154: "retain not supported"
        case 155: "QoS not supported"
        case 156: "use another server"
        case 157: "server moved"
        case 158: "shared subscriptions not supported"
        case 159: "connection rate exceeded"
        case 160: "maximum connect time"
        case 161: "subscription identifiers not supported"
        case 162: "wildcard subscriptions not supported"
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
        : "subscription \"\(filter.prefix(80))\": is not a topic filter, for example a/+/c or a/#"
}
