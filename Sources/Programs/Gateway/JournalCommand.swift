import ArgumentParser
import Journals
import Vocabulary

struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Show what a gateway keeps, what waits, and what was dead-lettered.",
        discussion: "All of it also works while the gateway runs.",
        subcommands: [
            JournalShowCommand.self, JournalRequeueCommand.self, JournalDiscardCommand.self,
        ],
        defaultSubcommand: JournalShowCommand.self)
}

struct JournalShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show size, cursors, and facts that were dead-lettered.",
        discussion: """
            What is \(JournalInspector.usualTime.layoutText) old at most is under way to an upstream, or \
            its acknowledgement to the disk. What is older waits, and says that the link is down or slow. \
            With the layout, the time counts for which an upstream's facts are gathered for a report.
            """)

    @OptionGroup var place: JournalPlace

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
        let places = overview.places.map { ", places \($0.lowerBound) to \($0.upperBound)" } ?? ""
        Output.line("facts     \(overview.facts)\(places)")
        if let oldest = overview.oldest { Output.line("oldest    \(oldest.iso8601)") }
        var table = Table(
            "\nUPSTREAM", "ACKNOWLEDGED", "UNDER WAY", "WAITING", "OLDEST WAITING", "LAG",
            "SET ASIDE")
        for cursor in overview.cursors {
            let lag = cursor.oldestWaiting.map {
                let seconds = (now.nanoseconds - $0.nanoseconds) / 1_000_000_000
                return Duration.seconds(max(0, seconds)).layoutText
            }
            table.add(
                "\(cursor.upstream)", "\(cursor.acknowledged)", "\(cursor.underWay)",
                "\(cursor.waiting)",
                cursor.oldestWaiting?.iso8601 ?? "-", lag ?? "-", "\(cursor.deadLettered)")
        }
        if !table.isEmpty { table.lines.forEach(Output.line) }
        var list = Table("\nSET ASIDE", "UPSTREAM", "PLACE", "SINCE", "NODE", "WHAT", "REASON")
        for fact in deadLetters {
            list.add(
                "\(fact.number)" + (fact.isWanted ? " (comes back)" : ""), "\(fact.upstream)",
                "\(fact.sequence)", fact.since.iso8601, fact.entry.map { "\($0.fact.node)" } ?? "-",
                fact.entry.map { words($0.fact) } ?? "cannot be read", fact.reason)
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
        name: .customLong("fact"), parsing: .upToNextOption,
        help: "Numbers of facts, as `tidegate journal` shows them first in each line.")
    var facts: [Int64] = []

    @Flag(help: "All facts that are dead-lettered.")
    var all = false

    func validate() throws {
        guard all != !facts.isEmpty else {
            throw ValidationError("name facts by --fact NUMBER…, or take --all")
        }
    }

    func numbers(in journal: JournalInspector) throws -> Set<Int64> {
        let known = try withJournal { () throws(JournalError) in try journal.deadLetters() }.map(\.number)
        if all { return Set(known) }
        if let stranger = facts.first(where: { !known.contains($0) }) {
            Output.error("tidegate: no fact \(stranger) is dead-lettered")
            throw ExitStatus.failure.code
        }
        return Set(facts)
    }
}

struct JournalRequeueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue", abstract: "Have facts that were dead-lettered told again.",
        discussion: "They go out as the newest, with the time that they happened at.")

    @OptionGroup var choice: DeadLetterChoice
    @OptionGroup var place: JournalPlace

    func run() throws {
        let journal = try place.open(isWriting: true)
        let numbers = try choice.numbers(in: journal)
        let count = try withJournal { () throws(JournalError) in try journal.requeue(numbers) }
        Output.line(
            "\(count) \(count == 1 ? "fact goes" : "facts go") out again within "
                + "\(SqliteJournal.lookPeriod.layoutText), or when the gateway starts")
    }
}

struct JournalDiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Forget facts that were dead-lettered.")

    @OptionGroup var choice: DeadLetterChoice
    @OptionGroup var place: JournalPlace

    func run() throws {
        let journal = try place.open(isWriting: true)
        let numbers = try choice.numbers(in: journal)
        let count = try withJournal { () throws(JournalError) in try journal.discard(numbers) }
        Output.line("\(count) \(count == 1 ? "fact" : "facts") forgotten")
    }
}
