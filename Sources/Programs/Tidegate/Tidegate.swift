import ArgumentParser
import CommandLine
import Gateway
import Host

struct Tidegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidegate",
        abstract: "An edge gateway for relays, sensors and meters on a small Linux board.",
        discussion: """
            Ends with 0 when done or stopped by a signal; 1 when a layout has problems or a command was \
            refused or failed; 64 for a wrong command line; 65 for a layout with problems where 1 means \
            a difference, or a malformed file; 66 for an unreadable file; 69 when a \
            broker or another dependency is unavailable; 70 for an internal fault, a machine without \
            threads, files or memory for it, or a relay that did not confirm its safe state; \
            71 when the watchdog of an essential part expired; 75 after a timeout \
            of an answer; 78 for an invalid setting; 130 when a second signal cut the stop \
            short.
            """,
        version: Machine.version,
        subcommands: [
            RunCommand.self, StatusCommand.self, LayoutCommand.self, DriversCommand.self,
            WatchCommand.self, ReloadCommand.self, LogLevelCommand.self,
            SetCommand.self, ReleaseCommand.self, JournalCommand.self, ExportCommand.self,
            UpstreamCommand.self, PeerCommand.self, ServiceCommand.self, TapCommand.self,
            WebPasswordCommand.self,
        ])
}
