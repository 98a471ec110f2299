import Glibc

/// What `run.sh` cannot measure from outside. Prints one line of numbers for each measurement.
///
///     bench late NODES HANGING SECONDS     worst lateness of the others, in µs
///     bench stack LAYOUT                   what each driver uses of its thread's stack, in KiB
///     bench echo PORT ASKED ANSWERED       answers every message until it is ended
///     bench journal FOLDER                 600,000 readings on disk: bytes of each, readings per second
///                                          in and out, KiB resident before and after, ms to open
///     bench writes FOLDER PER-SECOND SECONDS
///                                          bytes that go to disk for each reading
///     bench ask PORT ASKED ANSWERED COUNT PAYLOAD...
///                                          median and 99th percentile of the round trip, in µs
///     bench switch NODES COMMANDS          an order beside so many polling nodes, in one process: median
///                                          and 99th percentile to the line's level, to the answer, and
///                                          of one thread waking another, in tenths of µs
///     bench channels MESSAGES RUNS         elements a second of each shape, ours and a peer's
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
            case "journal": try await JournalLoad(arguments).rates()
            case "writes":
                let numbers = arguments.dropFirst().compactMap { Double($0) }
                guard numbers.count == 2 else {
                    throw BenchError("bench writes FOLDER PER-SECOND SECONDS")
                }
                try await JournalLoad(arguments.prefix(1))
                    .writes(perSecond: numbers[0], seconds: numbers[1])
            case "switch": try await SwitchTime(arguments).run()
            case "channels": try await ChannelRates(arguments).run()
            default:
                throw BenchError(
                    "bench late, stack, journal, writes, echo, ask, switch or channels")
            }
        } catch {
            print("bench: \(error)")
            exit(1)
        }
    }
}
