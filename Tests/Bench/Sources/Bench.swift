import Glibc
import Vocabulary

/// What `run.sh` cannot measure from outside. Prints one line of numbers for each measurement.
///
///     bench late NODES HANGING SECONDS     worst lateness of the others, in µs
///     bench stack LAYOUT                   what each driver uses of its thread's stack, in KiB
///     bench echo PORT ASKED ANSWERED       answers every message until it is ended
///     bench journal FOLDER [COUNT]         600,000 readings on disk: bytes of each, readings per second
///                                          in and out, KiB resident before and after, ms to open
///     bench writes FOLDER PER-SECOND SECONDS
///                                          bytes that go to disk for each reading
///     bench backlog FOLDER UPSTREAM COUNT readings|faults
///                                          a gateway's journal with so many facts that wait
///     bench child PORT FOLDER EVENTS ROUND-TRIPS COMMIT-MILLISECONDS
///                                          events acknowledged per second, seconds of processor for
///                                          10,000, median and 99th percentile of a round trip in µs
///     bench ask PORT ASKED ANSWERED COUNT PAYLOAD...
///                                          median and 99th percentile of the round trip, in µs
///     bench switch NODES COMMANDS          an order beside so many polling nodes, in one process: median
///                                          and 99th percentile to the line's level, to the answer, and
///                                          of one thread waking another, in tenths of µs
///     bench channels MESSAGES RUNS         elements a second of each shape, ours and a peer's
///     bench close LINKS                    direct links that both ends close at once: median and longest
///                                          time, and that of the processor for each, in µs
@main
enum Bench {
    static func main() async {
        do {
            var arguments = CommandLine.arguments.dropFirst()
            switch arguments.popFirst() {
            case "late": try await Lateness(arguments).run()
            case "stack": try await StackUse(arguments).run()
            case "echo": try await RoundTrip(arguments).echo()
            case "ask": try await RoundTrip(arguments).ask()
            case "journal":
                let count = arguments.dropFirst().first.map { Int($0) ?? 0 } ?? 600_000
                guard count > 0, count.isMultiple(of: 1_000) else {
                    throw BenchError("bench journal FOLDER [COUNT], in thousands")
                }
                try await JournalLoad(arguments.prefix(1)).rates(count: count)
            case "writes":
                let numbers = arguments.dropFirst().compactMap { Double($0) }
                guard numbers.count == 2 else {
                    throw BenchError("bench writes FOLDER PER-SECOND SECONDS")
                }
                try await JournalLoad(arguments.prefix(1))
                    .writes(perSecond: numbers[0], seconds: numbers[1])
            case "switch": try await SwitchTime(arguments).run()
            case "backlog":
                let words = Array(arguments.dropFirst())
                guard words.count == 3, let upstream = UpstreamName(words[0]),
                    let count = Int(words[1])
                else {
                    throw BenchError("bench backlog FOLDER UPSTREAM COUNT readings|faults")
                }
                try await JournalLoad(arguments.prefix(1)).backlog(
                    for: upstream, count: count, asFaults: words[2] == "faults")
            case "channels": try await ChannelRates(arguments).run()
            case "close": try await CloseTime(arguments).run()
            case "child": try await LinkLoad(arguments).run()
            default:
                throw BenchError(
                    "bench late, stack, journal, writes, backlog, child, echo, ask, switch or channels"
                )
            }
        } catch {
            print("bench: \(error)")
            exit(1)
        }
    }
}
