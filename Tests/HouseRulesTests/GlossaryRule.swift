/// Words that users, operators and other programs never read: topics, keys, help, logs, errors and pages use the
/// words of the field instead. Comments may use plain English.
enum GlossaryRule {
    /// A phrase of lower-case words, what to write, and why.
    struct LeftOut: Sendable {
        let phrases: [String]
        let instead: String
        let reason: String
        /// Whether pages are held to it as well, where a person may be unsure and a key may say why.
        let isForPages: Bool

        init(
            _ phrases: [String], _ instead: String, because reason: String, isForPages: Bool = true
        ) {
            (self.phrases, self.instead, self.reason) = (phrases, instead, reason)
            self.isForPages = isForPages
        }
    }

    static let words: [LeftOut] = [
        LeftOut(
            ["tell", "tells", "told", "telling"], "log, publish, record, report, notify or answer",
            because: "five jobs share the word"),
        LeftOut(
            ["says", "said"], "what is shown, set or read",
            because: "programs and files do not talk", isForPages: false),
        LeftOut(
            ["hear", "hears", "heard"], "receive",
            because: "parts do not listen"),
        LeftOut(
            ["somebody", "nobody", "anybody", "everybody", "whoever"],
            "user, client, peer, requester or controller",
            because: "the reader must know which program or person is meant"),
        LeftOut(
            ["anew"], "again, or the verb: reload, restart, resend",
            because: "the verb with re- is what people search for"),
        LeftOut(
            ["trouble", "troubles"], "fault",
            because: "faults are raised and cleared, and monitoring knows them by that name"),
        LeftOut(
            ["sign of life", "signs of life"], "heartbeat",
            because: "heartbeat is the term, with watchdog beside it"),
        LeftOut(
            ["set aside", "sets aside"], "dead letter, dead-lettered",
            because: "message brokers call it so"),
        LeftOut(
            ["give way", "gives way", "gave way", "given way"], "evicted or dropped",
            because: "data that is gone must sound like it"),
        LeftOut(
            ["let go", "lets go"], "released, stopped, closed or removed",
            because: "lines are released, nodes are stopped"),
        LeftOut(
            [
                "take over", "takes over", "taken over", "took over", "take it over",
                "give back", "gives back", "gave back", "given back",
            ],
            "override and release",
            because: "control by hand for a time is an override"),
        LeftOut(
            ["sure", "unsure"], "synchronised",
            because: "a clock is synchronised or it is not", isForPages: false),
        LeftOut(
            ["patience"], "timeout",
            because: "a limit in time is a timeout or a deadline"),
        LeftOut(
            ["senseless", "nonsense", "makes no sense", "made no sense", "make sense of"],
            "malformed or invalid",
            because: "the first is about bytes, the second about values"),
        LeftOut(
            ["asker", "askers"], "requester",
            because: "a request has a requester"),
        LeftOut(
            ["wish", "wishes"], "queued command",
            because: "a command that waits for a limit is queued"),
        LeftOut(
            ["farewell", "goodbye", "greeting"], "offline status, birth, hello",
            because: "MQTT, Sparkplug and chirp have their own words"),
        LeftOut(
            ["under way"], "in flight, in use or in work",
            because: "a record is in flight, an identity in use"),
        LeftOut(
            ["authority", "authorities"], "control; certificate authority",
            because: "who may command is control; only TLS has authorities"),
        LeftOut(
            ["for ever"], "without a limit, or the limit as a number",
            because: "limits are numbers"),
        LeftOut(
            ["facts"], "records",
            because: "users read journals of records, where tables are named otherwise"),
    ]

    /// Before one of these the phrase is another term.
    private static let terms = ["certificate authority", "certificate authorities"]

    /// Where old words must stand: what refuses them.
    static let exempt: Set<String> = ["FormerKeys.swift"]

    /// Names in SQL stay, because files of earlier versions have them.
    private static let sqlFiles: Set<String> = [
        "JournalFile.swift", "JournalInspector.swift", "JournalSalvage.swift",
    ]

    /// The left-out words in a file's string literals.
    static func breaches(_ file: SourceFile) -> [String] {
        guard !exempt.contains(file.name) else { return [] }
        let words = words.filter { $0.phrases != ["facts"] || !sqlFiles.contains(file.name) }
        return file.literals.enumerated().flatMap { index, text in
            found(in: text, words).map { "\(file.place(index)): \($0)" }
        }
    }

    /// The left-out words on a page.
    static func breaches(page path: String, _ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .flatMap { index, line in
                found(in: String(line), words.filter(\.isForPages)).map {
                    "\(path):\(index + 1): \($0)"
                }
            }
    }

    private static func found(in text: String, _ leftOut: [LeftOut]) -> [String] {
        guard text.contains(where: \.isLetter) else { return [] }
        var words = " " + text.lowercased().words.joined(separator: " ") + " "
        for term in terms { words = words.replacing(" \(term) ", with: " ca ") }
        return leftOut.flatMap { left in
            left.phrases.filter { words.contains(" \($0) ") }.map {
                "\"\($0)\": write \(left.instead), because \(left.reason)"
            }
        }
    }
}
