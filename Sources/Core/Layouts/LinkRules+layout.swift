import Delivery
import Documents
import DriverKit
import Vocabulary

// What a layout says of an upstream's link. A new key is described and read here.
extension LinkRules {
    private static let usual = LinkRules()

    static let keys = [
        LayoutKey(
            "window", .value(.whole(1...1000)), .defaults(to: .whole(usual.window)),
            "The most messages in flight, sent and not acknowledged."),
        LayoutKey(
            "ackTimeout", .value(.duration(.milliseconds(100) ... .seconds(600))),
            .defaults(to: .text(usual.ackTimeout.layoutText)),
            "The timeout of an acknowledgement."),
        LayoutKey(
            "pollPeriod", .value(.duration(.seconds(1) ... .seconds(3600))),
            .defaults(to: .text(usual.pollPeriod.layoutText)),
            "How long a peer beyond the broker may be silent before it is asked for a "
                + "heartbeat."),
        LayoutKey(
            "attempts", .value(.whole(1...100)), .defaults(to: .whole(usual.attempts)),
            "How often a message without an acknowledgement is sent before it is "
                + "dead-lettered."),
    ]

    /// - Returns: Nil when the section is not complete; its problems have been reported.
    init?(_ section: Section, _ reader: inout LayoutReader) {
        guard let window = section.whole("window"), let attempts = section.whole("attempts"),
            let ackTimeout = section.duration("ackTimeout"),
            let pollPeriod = section.duration("pollPeriod")
        else { return nil }
        self.init(
            window: Int(window), ackTimeout: ackTimeout, pollPeriod: pollPeriod,
            attempts: Int(attempts))
        guard pollPeriod < ackTimeout else { return }
        let problem = "must not be shorter than ackTimeout, \(ackTimeout.layoutText)"
        if section.says("pollPeriod") {
            reader.report(section.place(of: "pollPeriod"), "\(pollPeriod.layoutText) \(problem)")
        } else {
            reader.report(section.place, "pollPeriod, \(pollPeriod.layoutText), \(problem)")
        }
    }
}
