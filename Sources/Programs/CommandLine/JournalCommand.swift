import ArgumentParser
import Host
import Journals
import Vocabulary

package struct JournalCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Show the journal of a gateway: in flight, backlog and dead letters.",
        discussion: "Also works while the gateway runs.",
        subcommands: [
            JournalShowCommand.self, JournalRequeueCommand.self, JournalDiscardCommand.self,
        ],
        defaultSubcommand: JournalShowCommand.self)

    package init() {}
}

struct JournalShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show size, backlog and dead letters.",
        discussion: """
            In flight are records at most \(JournalInspector.usualTime.layoutText) old whose \
            acknowledgement is not yet on disk. Older ones are the backlog: the link is down or slow. With \
            the layout, the reportPeriod of a GridWorks upstream is added to that time.
            """)

    @OptionGroup var place: JournalOptions

    func run() throws {
        let journal = try place.open()
        let now = SystemClock().wallTime
        let gathering = try place.gathering()
        let overview = try withJournal { () throws(JournalError) in
            try journal.overview(at: now, gathering: gathering)
        }
        let deadLetters = try withJournal { () throws(JournalError) in try journal.deadLetters() }
        Output.line("journal   \(overview.identity)")
        if place.simulated { Output.line("readings  simulated") }
        Output.line(
            "size      \(bytes(overview.size.used)) in a file of \(bytes(overview.size.file))")
        let offsets =
            overview.offsets.map { ", offsets \($0.lowerBound) to \($0.upperBound)" } ?? ""
        Output.line("records   \(overview.facts)\(offsets)")
        if let oldest = overview.oldest { Output.line("oldest    \(oldest.iso8601)") }
        var table = Table(
            "\nUPSTREAM", "ACKNOWLEDGED", "IN FLIGHT", "BACKLOG", "OLDEST", "AGE",
            "DEAD LETTERS")
        for cursor in overview.cursors {
            let lag = cursor.oldestWaiting.map {
                let seconds = (now.nanoseconds - $0.nanoseconds) / 1_000_000_000
                return Duration.seconds(max(0, seconds)).layoutText
            }
            table.add(
                "\(cursor.upstream)", "\(cursor.acknowledged)", "\(cursor.inFlight)",
                "\(cursor.waiting)",
                cursor.oldestWaiting?.iso8601 ?? "-", lag ?? "-", "\(cursor.deadLettered)")
        }
        if !table.isEmpty { table.lines.forEach(Output.line) }
        var list = Table("\nDEAD LETTER", "UPSTREAM", "OFFSET", "SINCE", "NODE", "WHAT", "REASON")
        for fact in deadLetters {
            list.add(
                "\(fact.number)" + (fact.isWanted ? " (requeued)" : ""), "\(fact.upstream)",
                "\(fact.offset)", fact.since.iso8601, fact.entry.map { "\($0.fact.node)" } ?? "-",
                fact.entry.map { words($0.fact) } ?? "unreadable", fact.reason)
        }
        if !list.isEmpty { list.lines.forEach(Output.line) }
    }

    private func words(_ fact: Fact) -> String {
        switch fact.matter {
        case .readings(let readings):
            readings.map(\.channel.text).joined(separator: " ")
                + (fact.isSimulated ? " (simulated)" : "")
        case .fault(let fault): "fault \(fault.kind.rawValue)"
        case .event(let event): "event \(event.kind.rawValue)"
        }
    }

    private func bytes(_ count: Int64) -> String {
        let (units, steps) = (["B", "kB", "MB", "GB", "TB"], [1, 1_000, 1_000_000, 1_000_000_000])
        let index = steps.lastIndex { count >= Int64($0) } ?? 0
        let tenths = count * 10 / Int64(steps[index])
        return index == 0 ? "\(count) B" : "\(tenths / 10).\(tenths % 10) \(units[index])"
    }
}

/// Which facts of those dead-lettered.
struct DeadLetterChoice: ParsableArguments {
    @Option(
        name: .customLong("number"), parsing: .upToNextOption,
        help: "Numbers of dead letters, first column of `tidegate journal`.")
    var facts: [Int64] = []

    @Flag(help: "All dead letters.")
    var all = false

    func validate() throws {
        guard all != !facts.isEmpty else {
            throw ValidationError("name dead letters with --number NUMBER…, or use --all")
        }
    }

    func numbers(in journal: JournalInspector) throws -> Set<Int64> {
        let known = try withJournal { () throws(JournalError) in try journal.deadLetters() }.map(
            \.number)
        if all { return Set(known) }
        if let stranger = facts.first(where: { !known.contains($0) }) {
            Output.error("tidegate: there is no dead letter \(stranger)")
            throw ExitStatus.failure.code
        }
        return Set(facts)
    }
}

struct JournalRequeueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue", abstract: "Requeue dead letters.",
        discussion: "They are sent as the newest records, with their own times.")

    @OptionGroup var choice: DeadLetterChoice
    @OptionGroup var place: JournalOptions

    func run() throws {
        let journal = try place.open(isWriting: true)
        let numbers = try choice.numbers(in: journal)
        let count = try withJournal { () throws(JournalError) in try journal.requeue(numbers) }
        Output.line(
            "\(count) \(count == 1 ? "record" : "records") requeued: sent within "
                + "\(SqliteJournal.lookPeriod.layoutText), or at the next start")
    }
}

struct JournalDiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Discard dead letters.")

    @OptionGroup var choice: DeadLetterChoice
    @OptionGroup var place: JournalOptions

    func run() throws {
        let journal = try place.open(isWriting: true)
        let numbers = try choice.numbers(in: journal)
        let count = try withJournal { () throws(JournalError) in try journal.discard(numbers) }
        Output.line("\(count) \(count == 1 ? "dead letter" : "dead letters") discarded")
    }
}
