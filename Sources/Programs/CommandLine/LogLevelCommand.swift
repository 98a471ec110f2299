import ArgumentParser
import Control
import Documents
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
        help: "For this time, at most 24h: 30s, 10min, 2h. Default: 10min.")
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
            guard let duration = Duration(layoutText: time), duration <= .seconds(24 * 3_600) else {
                throw ValidationError(
                    "--for \(time) must be a time like 30s, 10min or 2h, at most 24h")
            }
        }
    }

    package func run() async throws {
        let time = time.flatMap(Duration.init(layoutText:))
        let text = try await options.answer(to: .logLevel(level, for: time))
        let document = JsonParser.document(text, .strict)
        let now = document?["logLevel"]?.text?.printable(limit: 40) ?? "?"
        let usual = document?["usual"]?.text?.printable(limit: 40) ?? "?"
        let until = document?["seconds"]?.number?.wholeSteps(exponent: 0).map {
            " for \(Duration.seconds($0).layoutText), then \(usual)"
        }
        Output.line("log level \(now)\(until ?? "")")
    }
}
