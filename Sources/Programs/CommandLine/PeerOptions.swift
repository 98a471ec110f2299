import ArgumentParser
import Host
import Peers
import Vocabulary

/// Where this user's key and list of peers are, and how the link is spoken.
struct PeerOptions: ParsableArguments {
    @Option(help: "The folder in which the key and the list of peers are kept.")
    var stateDirectory: String?

    @Option(
        help: """
            The gateway on this machine whose key and list are used, also one that runs as a service; default: this \
            user's own.
            """)
    var gateway: String?

    @Option(help: "A certificate and its key as a PEM file. Default: STATE/peer-key.pem.")
    var key: String?

    @Option(help: "The list of peers. Default: STATE/peers.json.")
    var list: String?

    /// The files that the options name, whether they are there or not.
    func files() throws -> PeerFiles {
        let (key, list) = (key.map(Machine.absolute), list.map(Machine.absolute))
        let alias = try gateway.map { text in
            guard let alias = GatewayName(text) else {
                Output.error(
                    "tidegate: \"\(text)\" is not a valid gateway alias: \(GatewayTag.form)")
                throw ExitStatus.configuration.code
            }
            return alias
        }
        let given = stateDirectory ?? Machine.environment("TIDEGATE_STATE_DIRECTORY")
        if let given {
            return PeerFiles(folder: Machine.absolute(given), key: key, list: list, words: words)
        }
        guard let alias else {
            let own = ResolvedSettings.standardStateDirectory(Machine.environment, name: "peer")
            return PeerFiles(folder: own, key: key, list: list, words: words)
        }
        let folder = StateFinder().home(of: alias)
        if folder != StateFinder.service, StateFinder.isServiceClosed {
            Output.error(
                "tidegate: a service keeps its state in \(StateFinder.service); for its key and list, run "
                    + "this as root. Using \(folder)")
        }
        return PeerFiles(folder: folder, key: key, list: list, words: words)
    }

    private var words: String {
        [
            ("--gateway", gateway), ("--state-directory", stateDirectory.map(Machine.absolute)),
            ("--key", key.map(Machine.absolute)), ("--list", list.map(Machine.absolute)),
        ].compactMap { option, value in value.map { " \(option) \($0.shellWord)" } }.joined()
    }
}

/// The files of one node on the direct link.
package struct PeerFiles: Sendable {
    /// Certificate and key; no other user may read it.
    package let key: String
    package let list: String
    package let folder: String
    /// The options of `tidegate peer` that name these files, for a command that a user is to type.
    package let words: String

    package init(folder: String, key: String?, list: String?, words: String = "") {
        (self.folder, self.words) = (folder, words)
        self.key = key ?? "\(folder)/peer-key.pem"
        self.list = list ?? "\(folder)/peers.json"
    }

    /// The list as it is now; no peer is on one that does not exist.
    ///
    /// - Throws: When it cannot be read or understood, with its first problem.
    func readList() throws(MachineError) -> PeerList {
        guard Machine.exists(list) else { return PeerList() }
        let (read, problems) = PeerList.read(try Machine.bytes(of: list, limit: 1 << 20))
        guard let read else {
            throw MachineError(
                "\(list), \(problems.first?.description ?? "is not a list of peers")")
        }
        return read
    }

    /// The list, read again only when its file has changed.
    private func list(in memory: ListMemory) throws(MachineError) -> PeerList {
        guard let stamp = Machine.stamp(of: list) else { return PeerList() }
        if let known = memory.newest.withLock({ $0 }), known.stamp == stamp { return known.list }
        let list = try readList()
        memory.newest.withLock { $0 = (stamp, list) }
        memory.problem.withLock { $0 = nil }
        return list
    }

    private final class ListMemory: Sendable {
        let newest = Guarded<(stamp: FileStamp, list: PeerList)?>(nil)
        /// What was reported of a list that cannot be used, so that it is reported once.
        let problem = Guarded<String?>(nil)
    }

    /// TLS with this key and this list.
    ///
    /// - Parameter broken: Reported once when the list cannot be used; no peer is let in then.
    package func tls(broken: @escaping @Sendable (String) -> Void) throws(MachineError) -> PeerTls {
        guard Machine.exists(key) else {
            throw MachineError("\(key): does not exist; make it with tidegate peer keygen\(words)")
        }
        let pem = try Machine.bytes(of: key, limit: 1 << 20)
        let ca = try readList().ca
        let roots: [UInt8]?
        if let ca {
            roots = try Machine.bytes(of: ca, limit: 1 << 20)
        } else {
            roots = nil
        }
        let memory = ListMemory()
        do throws(PeerError) {
            return try PeerTls(pem: pem, ca: roots) {
                do throws(MachineError) {
                    return try list(in: memory)
                } catch {
                    let isNews = memory.problem.withLock { last in
                        defer { last = error.detail }
                        return last != error.detail
                    }
                    if isNews { broken(error.detail) }
                    return PeerList()
                }
            }
        } catch {
            throw MachineError("\(key): \(error.detail)")
        }
    }
}
