import Dispatch
import Glibc
import Threads

/// Begins on the main thread alone, because tasks need threads that the system may not have: whoever waits
/// for one then waits for ever, without a word.
@main
enum EntryPoint {
    /// What every command needs to begin with.
    private static let needs = (threads: 4, descriptors: 12, bytes: 128 << 20)

    static func main() {
        Machine.forbidCoreDumps()
        let problem = Spare.problem(
            threads: needs.threads, descriptors: needs.descriptors, bytes: needs.bytes)
        if let problem {
            // A command line that makes no sense has nothing to make safe.
            if let run = (try? Tidegate.parseAsRoot()) as? RunCommand { run.end(because: problem) }
            Output.error("tidegate: cannot start: \(problem)")
            exit(ExitStatus.software.rawValue)
        }
        // The priority of tasks that begin elsewhere: for each there is a pool of threads.
        Task(priority: .medium) {
            await Tidegate.main(nil)
            exit(ExitStatus.success.rawValue)
        }
        dispatchMain()
    }
}
