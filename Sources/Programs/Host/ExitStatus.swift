/// How `tidegate` ends. Numbers from 64 on are those of sysexits.h.
package enum ExitStatus: Int32 {
    /// Done, or stopped as asked.
    case success = 0
    /// What was asked for was looked at and is not so: a layout with problems, a refused command.
    case failure = 1
    /// The command line is wrong.
    case usage = 64
    /// What was to be compared, or a file, is not what it should be.
    case data = 65
    /// A file cannot be read.
    case noInput = 66
    /// A broker or another part that is needed cannot be had.
    case unavailable = 69
    /// A part failed that should not have: a bug, or a machine out of resources.
    case software = 70
    /// A part that nothing else could help gave no heartbeat. Safe states were driven first.
    case lifeless = 71
    /// No answer in time; whether the command was carried out is not known.
    case timedOut = 75
    /// A setting on the command line, in the environment or in the layout is invalid.
    case configuration = 78
    /// A second signal ended the process before its orderly stop was over.
    case interrupted = 130
}
