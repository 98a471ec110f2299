import ArgumentParser
import Glibc
import Host
import Peers
import Vocabulary

package struct PeerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "peer",
        abstract: "Talk to a gateway directly, without a broker.",
        discussion: """
            On the same machine this needs no setup. From another one, make a key on both (keygen), pair \
            both (pair), and give the layout a "peers" section.
            """,
        subcommands: [
            PeerAskCommand.self, PeerKeygenCommand.self, PeerPairCommand.self,
            PeerServeCommand.self, PeerPingCommand.self,
        ])

    package init() {}
}

/// How a test node speaks.
struct PeerSpeech: ParsableArguments {
    @Option(
        help: "sync counts a message as sent when the peer has released it, async when it has left."
    )
    var mode = "sync"

    @Option(help: "The most messages in work on one connection, 1 to 32; async only.")
    var slots = 16

    @Flag(help: "Use TLS on this machine too.")
    var tls = false

    func validate() throws {
        guard PeerSettings.Mode(rawValue: mode) != nil else {
            throw ValidationError("--mode must be sync or async")
        }
        guard (1...32).contains(slots) else { throw ValidationError("--slots must be 1 to 32") }
    }

    /// - Parameter echoes: Whether plain messages are sent back.
    func settings(echoes: Bool = false) -> PeerSettings {
        PeerSettings(
            mode: PeerSettings.Mode(rawValue: mode) ?? .synchronous, slots: slots, echoes: echoes)
    }
}

struct PeerServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Send back every message, to test links and cables.",
        discussion: """
            Prints the address it listens on. A gateway listens with its "peers" section, not with \
            this. Ends on SIGINT or SIGTERM.
            """)

    @Option(help: "HOST:PORT to listen on; port 0 chooses a free one.")
    var listen = "127.0.0.1:2998"

    @Option(help: "The most connections.")
    var connections = 32

    @OptionGroup var speech: PeerSpeech
    @OptionGroup var options: PeerOptions

    func run() async throws {
        let address = try PeerArguments.address(listen)
        var settings = speech.settings(echoes: true)
        settings.connectionLimit = max(1, connections)
        Machine.raiseDescriptorLimit()
        let node = try PeerArguments.node(settings, options, speech, reaching: address)
        let lines = Task { for await line in node.notices { Output.error("tidegate: \(line)") } }
        let port = try await PeerArguments.ending { () throws(PeerError) in
            try await node.listen(on: address)
        }
        Output.line("listening on \(PeerAddress(host: address.host, port: port))")
        for await _ in ProcessSignal.all(.interrupt, .terminate, on: SystemClock()) { break }
        await node.stop()
        lines.cancel()
    }
}

/// What the peer commands have in common.
enum PeerArguments {
    static func address(_ text: String) throws -> PeerAddress {
        guard let address = PeerAddress(text) else {
            throw ValidationError("\"\(text)\" must be HOST or HOST:PORT")
        }
        return address
    }

    /// A node for one command, with TLS where the address or the options ask for it.
    static func node(
        _ settings: PeerSettings, _ options: PeerOptions, _ speech: PeerSpeech?,
        reaching address: PeerAddress
    ) throws -> PeerNode {
        signal(SIGPIPE, SIG_IGN)
        let wantsTls = speech?.tls ?? false
        var (settings, tls) = (settings, PeerTls?.none)
        if wantsTls || !address.isLoopback {
            let files = try options.files()
            settings.pairing = files.words
            do throws(MachineError) {
                tls = try files.tls { Output.error("tidegate: \($0)") }
            } catch {
                Output.error("tidegate: \(error)")
                throw ExitStatus.configuration.code
            }
        }
        return PeerNode(
            settings: settings, tls: tls, usesTlsOnLoopback: wantsTls, clock: SystemClock(),
            chance: SystemChance())
    }

    /// Does `work`; reports what went wrong and ends the command otherwise.
    static func ending<Result: Sendable>(
        _ work: () async throws(PeerError) -> Result
    ) async throws -> Result {
        do throws(PeerError) {
            return try await work()
        } catch {
            Output.error("tidegate: \(error)")
            throw ExitStatus(error).code
        }
    }
}

extension ExitStatus {
    /// How a command ends that failed on the direct link.
    package init(_ error: PeerError) {
        switch error.kind {
        case .unreachable, .busy, .cancelled, .stopped: self = .unavailable
        case .timedOut, .lost: self = .timedOut
        case .notTrusted, .malformed, .tooLarge: self = .failure
        case .setting: self = .configuration
        }
    }
}
