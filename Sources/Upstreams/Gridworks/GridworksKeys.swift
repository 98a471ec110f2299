import Documents
import DriverKit
import Layouts
import Vocabulary

extension LayoutSection {
    static let gridworks = LayoutSection(
        noun: "the names and periods of a GridWorks link",
        keys: [
            LayoutKey(
                "parent", .text(.name(GatewayTag.self)), .required,
                "The GNode alias of the parent, which acknowledges events and reports."),
            LayoutKey(
                "parentShortName", .text(.shortName), .defaults(to: .text("ltn")),
                "The parent's short name in topics and handles."),
            LayoutKey(
                "shortName", .text(.shortName), .defaults(to: .text("s")),
                "This gateway's short name in topics."),
            LayoutKey(
                "instance", .text(.uuid4), .required,
                "The identity of this gateway's GNode, a UUID of version 4."),
            LayoutKey(
                "terminalAsset", .text(.name(GatewayTag.self)), .optional,
                "The alias of the asset that is metered; PARENT.ta when left out."),
            LayoutKey(
                "admin", .value(.flag), .defaults(to: .flag(false)),
                "Whether admin may override the relays. Only the broker's login decides who "
                    + "is admin."),
            LayoutKey(
                "reportPeriod", .value(.duration(.seconds(1) ... .seconds(86_400))),
                .defaults(to: .text("5min")),
                "The period of reports, in whole seconds."),
            LayoutKey(
                "snapshotPeriod", .value(.duration(.seconds(1) ... .seconds(3600))),
                .defaults(to: .text("30s")), "The period of snapshots, with all latest values."),
            LayoutKey(
                "powerMetering", .sections(.meteredPower), .optional,
                "The channels whose sum is published as power."),
            LayoutKey(
                "powerThreshold", .value(.decimal),
                .defaults(to: .number(DecimalNumber(mantissa: 2, exponent: -2))),
                "The power is published after a change by more than this share of all nameplates."),
            LayoutKey(
                "relays", .sections(.gridworksRelay), .optional,
                "The event and state names of relays that do not open when off and close when on."),
            LayoutKey(
                "shNodes", .sections(.gridworksNode), .optional,
                "What GridWorks knows nodes and things by; `layout import` writes it."),
            LayoutKey(
                "dataChannels", .sections(.gridworksChannel), .optional,
                "What GridWorks knows channels by; `layout import` writes it."),
            LayoutKey(
                "commandAge", .value(.duration(.seconds(1) ... .seconds(86_400))),
                .defaults(to: .text("1min")),
                "The longest age of a command; an older one is refused."),
        ])

    static let meteredPower = LayoutSection(
        noun: "a metered channel",
        keys: [
            LayoutKey(
                "channel", .text(.name(DataChannelTag.self)), .required,
                "A channel in watts."),
            LayoutKey(
                "nameplate", .value(.whole(0...1_000_000_000)), .required,
                "The device's largest power, in watts."),
        ])

    static let gridworksRelay = LayoutSection(
        noun: "the event and state names of a relay",
        keys: [
            LayoutKey(
                "node", .text(.name(ShNodeTag.self)), .required, "A relay that is on or off."),
            LayoutKey(
                "eventType", .value(.text), .defaults(to: .text("change.relay.state")),
                "The enumeration of the events."),
            LayoutKey(
                "deEnergizingEvent", .value(.text), .defaults(to: .text("OpenRelay")),
                "The event that switches off."),
            LayoutKey(
                "energizingEvent", .value(.text), .defaults(to: .text("CloseRelay")),
                "The event that switches on."),
            LayoutKey(
                "stateType", .value(.text), .defaults(to: .text("relay.closed.or.open")),
                "The enumeration of the states."),
            LayoutKey(
                "deEnergizedState", .value(.text), .defaults(to: .text("RelayOpen")),
                "The state when off."),
            LayoutKey(
                "energizedState", .value(.text), .defaults(to: .text("RelayClosed")),
                "The state when on."),
        ])
}

extension TextForm {
    /// On the wire a genuine peer takes every hyphen for a dot, and a dot ends the name.
    static let shortName = TextForm(
        words: "a short name: lower-case letters and digits, starting with a letter",
        schema: [("pattern", .text("^[a-z][a-z0-9]*$")), ("maxLength", .whole(64))]
    ) { text in
        let isWord =
            ShNodeName(text) != nil && !text.contains("-")
        return isWord
            ? nil
            : "\(JsonValue.text(text).quoted) is not a valid short name: lower-case letters and digits, "
                + "starting with a letter; GridWorks does not distinguish a hyphen from a dot"
    }

    static let uuid4 = TextForm(
        words: "a UUID of version 4",
        schema: [
            (
                "pattern",
                .text(
                    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-"
                        + "[0-9a-fA-F]{12}$")
            )
        ]
    ) { text in
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isUUID =
            parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts[2].hasPrefix("4")
            && parts[3].prefix(1).allSatisfy { "89abAB".contains($0) }
            && parts.joined().utf8.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
        return isUUID
            ? nil
            : "\(JsonValue.text(text).quoted) is not a UUID of version 4, "
                + "such as c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"
    }
}
