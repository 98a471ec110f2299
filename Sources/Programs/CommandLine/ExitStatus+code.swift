import ArgumentParser
import Host

extension ExitStatus {
    /// What a command throws to end with it.
    package var code: ExitCode { ExitCode(rawValue) }
}
