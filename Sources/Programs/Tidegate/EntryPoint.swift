import Dispatch
import Gateway
import Glibc
import Host
import Threads

/// Begins on the main thread alone, because tasks need threads that the system may not have: one who waits
/// for one then waits for ever, without a word.
@main
enum EntryPoint {
    static func main() {
        Machine.forbidCoreDumps()
        // What every command needs to begin with, the direct link's event loops included.
        let cores = Machine.cores
        if let problem = Spare.problem(
            threads: 4 + cores, descriptors: 12 + 3 * cores, bytes: 256 << 20)
        {
            // A command line that is invalid has nothing to make safe.
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
