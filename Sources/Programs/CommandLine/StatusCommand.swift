import ArgumentParser
import Control
import Glibc
import Host
import Timing
import Vocabulary

package struct StatusCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status",
        abstract:
            "Show how a gateway on this machine stands: links, relays, faults, journal, clock, disk.",
        discussion: """
            Asks the gateway over its local control socket, as root, as the gateway's own user or as a member of \
            its group; no broker is needed.

            Ends with 0 when nothing is wrong, 1 with active faults or a failed link, 69 when the gateway is not \
            running or does not answer.
            """)

    @Argument(
        help: "The layout of the gateway, needed when several run; or name it with --gateway.",
        completion: .file(extensions: ["json"]))
    var layout: String?

    @Option(help: "The gateway's alias, needed when several gateways run.")
    var gateway: String?

    @Flag(help: "Print the status as one JSON object.")
    var json = false

    @Option(help: "Timeout of the answer, in seconds.")
    var timeout: Int = 5

    package init() {}

    package func validate() throws {
        if let gateway, GatewayName(gateway) == nil {
            throw ValidationError("\"\(gateway)\" is not a valid gateway alias: \(GatewayTag.form)")
        }
        guard layout == nil || gateway == nil else {
            throw ValidationError("name a layout or a gateway, not both")
        }
        guard (1...600).contains(timeout) else {
            throw ValidationError("--timeout must be 1 to 600")
        }
    }

    package func run() async throws {
        let name = try layout.map { try LoadedLayout.valid($0).gateway }
        let place = try LocalGateways().chosen(name ?? gateway.flatMap(GatewayName.init))
        let clock = SystemClock()
        let text = try await LocalRequest(.question(.status), of: place)
            .answer(within: .seconds(timeout), on: clock)
        guard let status = LocalStatus(text) else {
            Output.error("tidegate: \(place.gateway): its status cannot be understood")
            throw ExitStatus.unavailable.code
        }
        if json {
            Output.line(String(decoding: text, as: UTF8.self).jsonLine)
        } else {
            let window = LiveTable.Window(
                width: Machine.terminalWidth, hasColours: Output.hasColours)
            let lines = LocalStatusText(status: status).lines(in: window, at: clock.timestamp)
            // As it is: the table has escaped what is foreign, the rest are its own colours.
            _ = Output.write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO)
        }
        if !status.isWell { throw ExitStatus.failure.code }
    }
}
