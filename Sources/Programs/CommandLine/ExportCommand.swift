import ArgumentParser
import Documents
import Glibc
import Host
import Journals
import Vocabulary

package struct ExportCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the readings in a gateway's journal.",
        discussion: """
            Also works while the gateway runs. Values are exact, in the unit beside them. A reading whose \
            quality is not good is not a measurement: its value is what the device showed, or showed last.

            --from and --to take a time before now (-1h, -30min, -7d), now, today, yesterday, a date, or a time \
            such as "2026-11-21 05:22": by this machine's clock and zone (TZ), or in the zone that follows \
            it, Z or +01:00. The output is UTC. Without layout and --state-directory the state directory on \
            this machine is used, also a service's, and printed on standard error.
            """)

    package enum Format: String, ExpressibleByArgument, CaseIterable { case csv, jsonl }

    @OptionGroup package var place: JournalOptions

    @Option(help: "csv, or jsonl for one JSON object a line.")
    package var format: Format = .csv

    // A time before now begins as an option does.
    @Option(
        parsing: .unconditional,
        help:
            "The first time: -1h, yesterday, 2026-11-21, \"2026-11-21 05:22\", 2026-11-21T04:22:07Z."
    )
    package var from: String?

    @Option(parsing: .unconditional, help: "The end, exclusive, in the same forms.")
    package var to: String?

    @Option(parsing: .upToNextOption, help: "Channels; all when none is named.")
    package var channel: [String] = []

    package init() {}

    package func validate() throws {
        let now = SystemClock().wallTime
        for text in [from, to].compactMap(\.self) where TypedTime.moment(text, at: now) == nil {
            throw ValidationError("\"\(text)\" must be \(TypedTime.form)")
        }
        for name in channel where DataChannelName(name) == nil {
            throw ValidationError("\"\(name)\" is not a valid channel name: \(DataChannelTag.form)")
        }
    }

    package func run() throws {
        // A reader that goes away, as `| head` does, ends the command.
        signal(SIGPIPE, SIG_DFL)
        let journal = try place.open()
        let channels = try withJournal { () throws(JournalError) in try journal.channels() }
        let meanings = Dictionary(grouping: channels, by: \.channel)
        let now = SystemClock().wallTime
        func moment(_ text: String?) -> WallTime? { text.flatMap { TypedTime.moment($0, at: now) } }
        let first = moment(from) ?? WallTime(nanoseconds: .min)
        let end = moment(to) ?? WallTime(nanoseconds: .max)
        let wanted = Set(channel.compactMap(DataChannelName.init))
        // Records whose meaning is not known any more have channels, too.
        var unheard = wanted.subtracting(meanings.keys)
        if format == .csv { Output.line(ExportRow.heads) }
        var after: JournalOffset = 0
        while let (entries, last) = try withJournal({ () throws(JournalError) in
            try journal.facts(after: after)
        }) {
            after = last
            var text = ""
            if !unheard.isEmpty { unheard.subtract(entries.flatMap(\.fact.channels)) }
            for entry in entries where entry.fact.at.wall >= first && entry.fact.at.wall < end {
                guard case .readings(let readings) = entry.fact.matter else { continue }
                for reading in readings where wanted.isEmpty || wanted.contains(reading.channel) {
                    let meaning = meanings[reading.channel]?.last { $0.from <= entry.offset }
                    let row = ExportRow(entry: entry, reading: reading, meaning: meaning)
                    text += (format == .csv ? row.csv : row.json) + "\n"
                }
            }
            guard Output.write(text, to: STDOUT_FILENO) else {
                Output.error(
                    "tidegate: the output is cut short, cannot write: \(errorDescription(errno))")
                throw ExitStatus.failure.code
            }
        }
        guard unheard.isEmpty else {
            let known = meanings.keys.map(\.text).sorted()
            for name in unheard.map(\.text).sorted() {
                Output.error(
                    "tidegate: no channel \(name) in this journal" + didYouMean(name, among: known))
            }
            throw ExitStatus.noInput.code
        }
    }
}

extension Fact {
    fileprivate var channels: [DataChannelName] {
        guard case .readings(let readings) = matter else { return [] }
        return readings.map(\.channel)
    }
}

/// One reading of the history, as text. No name or word in it needs quoting.
struct ExportRow {
    let entry: Entry
    let reading: Reading
    /// Nil when the journal does not know what the value means: it is in steps then.
    let meaning: ChannelRecord?

    static let heads = "time,synchronised,node,channel,value,unit,quality,offset,simulated"

    private var value: DecimalNumber {
        DecimalNumber(mantissa: reading.value, exponent: meaning?.exponent ?? 0)
    }

    private var unit: String { meaning?.unit.rawValue ?? "steps" }

    var csv: String {
        let fact = entry.fact
        return
            "\(fact.at.wall.iso8601),\(fact.at.isSynchronised),\(fact.node),\(reading.channel),\(value),"
            + "\(unit),\(reading.quality.rawValue),\(entry.offset),\(reading.isSimulated)"
    }

    var json: String {
        let fact = entry.fact
        return
            "{\"time\": \"\(fact.at.wall.iso8601)\", \"nanoseconds\": \(fact.at.wall.nanoseconds), "
            + "\"synchronised\": \(fact.at.isSynchronised), \"node\": \"\(fact.node)\", "
            + "\"channel\": \"\(reading.channel)\", \"value\": \(value), \"unit\": \"\(unit)\", "
            + "\"quality\": \"\(reading.quality.rawValue)\", \"offset\": \(entry.offset), "
            + "\"simulated\": \(reading.isSimulated)}"
    }
}
