import ArgumentParser
import Control
import Host
import Logging
import Vocabulary

package struct LogLevelCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Show the log level of the gateway on this machine, or change it for a time.",
        discussion: """
            The gateway goes back to its own level when the time has passed or it restarts. At trace it logs a line \
            for each MQTT message.
            """)

    @Argument(
        help: "trace, debug, info, notice, warning, error or critical; nothing to show the level.")
    var level: String?

    @Option(
        name: .customLong("for"),
        help: "For this time, 1s to 24h: 30s, 10min, 2h. Default: 10min.")
    var time: String?

    @OptionGroup var options: LocalOptions

    package init() {}

    package func validate() throws {
        if let level, Logger.Level(rawValue: level) == nil {
            throw ValidationError(
                "\"\(level)\" must be trace, debug, info, notice, warning, error or critical")
        }
        if let time {
            guard level != nil else { throw ValidationError("--for needs a level") }
            guard let duration = Duration(layoutText: time),
                (.seconds(1)...(.seconds(24 * 3_600))).contains(duration)
            else {
                throw ValidationError(
                    "--for \(time) must be a time like 30s, 10min or 2h, 1s to 24h")
            }
        }
    }

    package func run() async throws {
        let time = time.flatMap(Duration.init(layoutText:))
        let line = try await options.answer(to: .logLevel(level, for: time)) { answer in
            answer["logLevel"]?.text.map { level in
                let usual = answer["usual"]?.text ?? "?"
                let until = answer["seconds"]?.number?.wholeSteps(exponent: 0).map {
                    " for \(Duration.seconds($0).layoutText), then \(usual)"
                }
                return (level + (until ?? "")).printable(limit: 100)
            }
        }
        Output.line("log level \(line)")
    }
}
