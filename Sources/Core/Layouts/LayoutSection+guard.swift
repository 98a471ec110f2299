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
            "The one upstream whose orders count; others and people take over for a time."),
        LayoutKey(
            "failsafeAfter", .value(.duration(.seconds(1) ... .seconds(7 * 86_400))), .optional,
            "The longest silence of the controller, before the safe state."),
        LayoutKey(
            "feedback", .section(.feedback), .optional,
            "A channel that shows what the relay really does."),
    ]

    static let limits = LayoutSection(
        noun: "a relay's limits",
        keys: [
            LayoutKey(
                "minimumOnTime", .value(.duration(.milliseconds(100) ... .seconds(86_400))),
                .optional, "Once on, it stays on for at least so long."),
            LayoutKey(
                "minimumOffTime", .value(.duration(.milliseconds(100) ... .seconds(86_400))),
                .optional, "Once off, and at the start, it stays off for at least so long."),
            LayoutKey(
                "maximumOnTime", .value(.duration(.seconds(1) ... .seconds(7 * 86_400))),
                .optional, "It is driven off when it was on for so long."),
            LayoutKey(
                "maximumSwitchesPerHour", .value(.whole(1...3600)), .optional,
                "How often it may change within any hour, on and off counted alike."),
            LayoutKey(
                "queueEarlyCommands", .value(.flag), .defaults(to: .flag(false)),
                "Whether an order that comes too early is carried out when it is allowed."),
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
                "The relay counts as on while the channel shows this or more, in its unit."),
            LayoutKey(
                "timeout", .value(.duration(.milliseconds(100) ... .seconds(60))),
                .defaults(to: .text("2s")),
                "How long the channel may contradict, after a switch or at any time."),
        ])

    static let interlock = LayoutSection(
        noun: "an interlock",
        keys: [
            LayoutKey(
                "atMostOne", .value(.list(.text)), .optional,
                "Relays of which at most one may be on."),
            LayoutKey(
                "deadTime", .value(.duration(.zero ... .seconds(600))), .optional,
                "How long the others must have been off before one goes on; 0ms when left out."),
            LayoutKey(
                "relay", .text(.name(ShNodeTag.self)), .optional,
                "A relay that may be on only while another is."),
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
