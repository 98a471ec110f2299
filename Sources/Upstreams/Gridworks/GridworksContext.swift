import Codecs
import Documents
import Vocabulary

/// What the answer to a command has to repeat. It travels in the reply's correlation data.
struct GridworksContext: Hashable, Sendable {
    /// Whom the command was for; the others of the same message only change hands.
    let target: ShNodeName?
    /// The handle that the target had for it.
    let handle: String
    /// Nil for an output that takes a number.
    let eventType: String?
    let event: String?
    /// In steps, as far as it was known.
    let before: Int64?

    init(
        target: ShNodeName?, handle: String = "", eventType: String? = nil, event: String? = nil,
        before: Int64? = nil
    ) {
        (self.target, self.handle) = (target, handle)
        (self.eventType, self.event, self.before) = (eventType, event, before)
    }

    var bytes: [UInt8] {
        JsonText.object([
            "target": target.map { .text($0.text) } ?? .null, "handle": .text(handle),
            "eventType": eventType.map { .text($0) } ?? .null,
            "event": event.map { .text($0) } ?? .null,
            "before": before.map { .number($0) } ?? .null,
        ]).bytes
    }

    init?(_ bytes: [UInt8]?) {
        guard let bytes, let document = JsonParser.document(bytes, .python) else { return nil }
        self.init(
            target: document["target"]?.text.flatMap(ShNodeName.init),
            handle: document["handle"]?.text ?? "", eventType: document["eventType"]?.text,
            event: document["event"]?.text, before: document["before"]?.strictInteger)
    }
}
