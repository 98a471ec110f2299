import ArgumentParser

struct Tidegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidegate",
        abstract: "An edge gateway for relays, sensors and meters on a small Linux board.",
        discussion: """
            Ends with 0 when done or stopped as asked; 1 when a layout has problems or a command was \
            refused or failed; 64 for a wrong command line; 65 for a layout with problems where 1 means \
            a difference, or a file that is not what it should be; 66 for a file that cannot be read; 69 when a \
            broker or another needed part cannot be had; 70 for a fault of its own, a machine without \
            threads, files or memory for it, or a relay that did not confirm its safe state; \
            71 when a part that nothing else could help gave no heartbeat; 75 when no answer came in \
            time; 78 for a setting that makes no sense; 130 when a second signal cut the stop \
            short.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, LayoutCommand.self, DriversCommand.self, WatchCommand.self,
            SetCommand.self, ReleaseCommand.self, JournalCommand.self, ExportCommand.self,
            UpstreamCommand.self, PeerCommand.self, ServiceCommand.self, TapCommand.self,
        ])}
