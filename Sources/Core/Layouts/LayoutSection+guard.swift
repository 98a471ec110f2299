import Documents
import Vocabulary

extension LayoutSection {
    /// The keys of a node that guard a relay; no other kind of node may have them.
    static let guardKeys = [
        LayoutKey(
            "limits", .section(.limits), .optional,
            "How often and for how long the relay may be on and off."),
        LayoutKey(
            "controller", .text(.name(UpstreamTag.self)), .optional,
            "The one upstream that may command it; others and people override for a time."),
        LayoutKey(
            "failsafeAfter", .value(.duration(.seconds(1) ... .seconds(7 * 86_400))), .optional,
            "The timeout of the controller's heartbeat; the safe state follows."),
        LayoutKey(
            "feedback", .section(.feedback), .optional,
            "A channel that shows the relay's real state."),
    ]

    static let limits = LayoutSection(
        noun: "a relay's limits",
        keys: [
            LayoutKey(
                "minimumOnTime", .value(.duration(.milliseconds(100) ... .seconds(86_400))),
                .optional, "The least time that it stays on."),
            LayoutKey(
                "minimumOffTime", .value(.duration(.milliseconds(100) ... .seconds(86_400))),
                .optional, "The least time that it stays off, also after the start."),
            LayoutKey(
                "maximumOnTime", .value(.duration(.seconds(1) ... .seconds(7 * 86_400))),
                .optional, "The longest time that it stays on; then it is driven off."),
            LayoutKey(
                "maximumSwitchesPerHour", .value(.whole(1...3600)), .optional,
                "The most switches within any hour, on and off both counted."),
            LayoutKey(
                "queueEarlyCommands", .value(.flag), .defaults(to: .flag(false)),
                "Whether a command that arrives too early is queued until it is allowed."),
        ])

    static let feedback = LayoutSection(
        noun: "a relay's feedback",
        keys: [
            LayoutKey(
                "channel", .text(.name(DataChannelTag.self)), .required,
                "A contact's or measured channel of another node."),
            LayoutKey(
                "inverted", .value(.flag), .optional,
                "Whether the contact is off while the relay is on."),
            LayoutKey(
                "onAbove", .value(.decimal), .optional,
                "The threshold, in the channel's unit: the relay counts as on at this value or more."
            ),
            LayoutKey(
                "timeout", .value(.duration(.milliseconds(100) ... .seconds(60))),
                .defaults(to: .text("2s")),
                "The longest time that the channel may contradict the relay."),
        ])

    static let interlock = LayoutSection(
        noun: "an interlock",
        keys: [
            LayoutKey(
                "atMostOne", .value(.list(.text)), .optional,
                "Relays of which at most one may be on."),
            LayoutKey(
                "deadTime", .value(.duration(.zero ... .seconds(600))), .optional,
                "The time that the others must be off before one goes on; 0ms when left out."),
            LayoutKey(
                "relay", .text(.name(ShNodeTag.self)), .optional,
                "A relay that may be on only while another one is on."),
            LayoutKey(
                "onlyWhile", .text(.name(ShNodeTag.self)), .optional,
                "The relay that it needs to be on."),
        ],
        schemaRules: [
            (
                "oneOf",
                .array([
                    .object([("required", .array([.text("atMostOne")]))]),
                    .object([("required", .array([.text("relay"), .text("onlyWhile")]))]),
                ])
            )
        ])
}
