import ArgumentParser
import Documents
import Glibc
import Host
import Peers
import Vocabulary

struct PeerKeygenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make this side's key, or show the existing one.",
        discussion: """
            Prints the fingerprint, which identifies this side. An existing key is shown \
            and kept; --new replaces it, and then every peer must be paired again. With --gateway it is that \
            gateway's own key, else this user's. A key that root makes for a service belongs to the service.
            """)

    @Option(help: "This side's name in its certificate. Default: the host name.")
    var name: String?

    @Flag(help: "Replace an existing key.")
    var new = false

    @OptionGroup var options: PeerOptions

    func validate() throws {
        if let name, !PeerList.isName(name) {
            throw ValidationError("--name must be 1 to 64 letters, digits and .-_")
        }
    }

    func run() async throws {
        let files = try options.files()
        do {
            if new || !Machine.exists(files.key) { try make(files) }
            let pem = try Machine.bytes(of: files.key, limit: 1 << 20)
            guard let fingerprint = Fingerprint(pem: pem) else {
                throw MachineError("\(files.key): holds no certificate; --new replaces it")
            }
            Output.line("key          \(files.key)")
            Output.line("fingerprint  \(fingerprint)")
            Output.line("")
            Output.line("Pair on the other side:")
            // Two gateways may pair, but mostly the other one of a gateway is a user's laptop.
            let (place, rest) =
                options.gateway == nil
                ? (" --gateway ALIAS", "without --gateway where that side is no gateway")
                : ("", "with --gateway ALIAS where that side is a gateway")
            let name = options.gateway ?? name ?? Machine.hostName
            let known = PeerList.isName(name) ? name : "NAME"
            Output.line(
                "  tidegate peer pair \(known)\(place) --fingerprint \"\(fingerprint)\"   (\(rest))"
            )
        } catch let error as MachineError {
            Output.error("tidegate: \(error)")
            throw ExitStatus.noInput.code
        } catch let error as PeerError {
            Output.error("tidegate: \(error)")
            throw ExitStatus.software.code
        }
    }

    private func make(_ files: PeerFiles) throws {
        var chance = SystemChance()
        let host = Machine.hostName
        let key = try PeerKey(
            name: name ?? (PeerList.isName(host) ? host : "tidegate"), using: &chance)
        if files.key.hasPrefix(files.folder + "/") { try Machine.makeFolder(files.folder) }
        try Machine.write(key.secret, to: files.key)
    }
}

struct PeerPairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair", abstract: "Pair with another side, and set its rights.",
        discussion: """
            Pairing goes both ways: do it on each side. Give the other side's fingerprint, which its \
            keygen shows; or its certificate as a file; or --from, which asks it over the network, shows \
            the fingerprint and asks you to confirm it. A running gateway uses the list at once.
            """)

    @Argument(help: "The other side's name, in logs and to remove it from the list.")
    var name: String

    @Option(help: "Its fingerprint: 64 hexadecimal digits; spaces are ignored.")
    var fingerprint: String?

    @Option(help: "Its certificate as a PEM file.")
    var certificate: String?

    @Option(help: "HOST[:PORT] to ask for its certificate.")
    var from: String?

    @Option(help: "Its rights here: read, switch, read,switch or none.")
    var rights = "read"

    @Flag(help: "Do not ask to confirm the fingerprint found with --from.")
    var yes = false

    @Flag(help: "Remove it from the list.")
    var remove = false

    @OptionGroup var options: PeerOptions

    /// Something that the command line says and that is not so.
    private struct Mistake: Error {
        let status: ExitStatus
        let words: String
    }

    func validate() throws {
        if let fingerprint, Fingerprint(fingerprint) == nil {
            throw ValidationError(
                "--fingerprint must be the 64 hexadecimal digits that peer keygen shows")
        }
        guard PeerList.isName(name) else {
            throw ValidationError("\"\(name)\" must be 1 to 64 letters, digits and .-_")
        }
        let ways = [fingerprint, certificate, from].count { $0 != nil }
        guard ways == (remove ? 0 : 1) else {
            throw ValidationError(
                remove
                    ? "--remove needs the name alone"
                    : "give one of --fingerprint, --certificate and --from")
        }
        _ = try given()
    }

    private func given() throws -> Set<PeerRight> {
        guard rights != "none" else { return [] }
        return Set(
            try rights.split(separator: ",").map { word in
                guard let right = PeerRight(rawValue: String(word)) else {
                    throw ValidationError("--rights must be read, switch, read,switch or none")
                }
                return right
            })
    }

    func run() async throws {
        let files = try options.files()
        do {
            let list = try files.readList()
            if files.list.hasPrefix(files.folder + "/") { try Machine.makeFolder(files.folder) }
            guard !remove else { return try takeOff(list, files) }
            let fingerprint = try await theirs(files)
            let entry = PeerList.Entry(name: name, fingerprint: fingerprint, rights: try given())
            try Machine.write(list.adding(entry).text, to: files.list)
            for other in list.entries where other.name != name {
                guard other.fingerprint == fingerprint else { continue }
                Output.line("\(other.name) has the same key and is called \(name) from now on")
            }
            let may = entry.rights.sorted().map(\.rawValue).joined(separator: " and ")
            Output.line("\(name) may \(may.isEmpty ? "do nothing here" : may)")
            Output.line("fingerprint  \(fingerprint)")
            Output.line("list         \(files.list)")
        } catch let mistake as Mistake {
            Output.error("tidegate: \(mistake.words)")
            throw mistake.status.code
        } catch let error as MachineError {
            Output.error("tidegate: \(error)")
            throw ExitStatus.noInput.code
        } catch let error as PeerError {
            Output.error("tidegate: \(error)")
            throw ExitStatus(error).code
        }
    }

    private func takeOff(_ list: PeerList, _ files: PeerFiles) throws {
        let entries = list.entries.filter { $0.name != name }
        guard entries.count < list.entries.count else {
            let meant = didYouMean(name, among: list.entries.map(\.name))
            throw Mistake(status: .usage, words: "\(files.list): there is no \(name)\(meant)")
        }
        try Machine.write(
            PeerList(ca: list.ca, entries: entries).text, to: files.list)
        Output.line("\(name) is removed from the list")
    }

    private func theirs(_ files: PeerFiles) async throws -> Fingerprint {
        if let fingerprint = fingerprint.flatMap(Fingerprint.init) { return fingerprint }
        if let certificate {
            let pem = try Machine.bytes(of: certificate, limit: 1 << 20)
            guard let read = Fingerprint(pem: pem) else {
                throw Mistake(status: .data, words: "\(certificate): holds no certificate")
            }
            return read
        }
        let address = try PeerArguments.address(from ?? "")
        let own = try files.tls { _ in }
        // A node that knows no peer: one that answers is a stranger, and is shown.
        let tls = try PeerTls(
            pem: try Machine.bytes(of: files.key, limit: 1 << 20), ca: nil
        ) { PeerList() }
        let node = PeerNode(
            tls: tls, usesTlsOnLoopback: true, clock: SystemClock(), chance: SystemChance())
        let found = try await node.meet(address)
        await node.stop()
        Output.line("this side    \(own.fingerprint)")
        Output.line("\(address)")
        Output.line("             \(found)")
        if !yes {
            Output.line("Does the other side (tidegate peer keygen) show the same two? yes or no:")
            guard readLine()?.lowercased() == "yes" else {
                throw Mistake(status: .failure, words: "\(address): not paired")
            }
        }
        return found
    }
}
