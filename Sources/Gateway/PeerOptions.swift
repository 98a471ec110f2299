import ArgumentParser
import Peers
import Vocabulary

/// Where this user's key and list of peers are, and how the link is spoken.
struct PeerOptions: ParsableArguments {
    @Option(help: "Where the key and the list of peers are kept.")
    var stateDirectory: String?

    @Option(help: "The gateway on this machine whose key and list are meant.")
    var gateway: String?

    @Option(help: "A certificate and its key as a PEM file. STATE/peer-key.pem when not given.")
    var key: String?

    @Option(help: "The list of peers. STATE/peers.json when not given.")
    var list: String?

    /// The files that the options name, whether they are there or not.
    func files() throws -> PeerFiles {
        for path in [stateDirectory, key, list] {
            if let path, !path.hasPrefix("/") {
                Output.error("tidegate: \"\(path)\" must be a path that starts with /")
                throw ExitStatus.configuration.code
            }
        }
        var name = "peer"
        if let gateway {
            guard let alias = GatewayName(gateway) else {
                Output.error("tidegate: \"\(gateway)\" is no gateway alias: \(GatewayTag.form)")
                throw ExitStatus.configuration.code
            }
            name = alias.text
        }
        let folder =
            stateDirectory ?? Machine.environment("TIDEGATE_STATE_DIRECTORY")
            ?? ResolvedSettings.standardStateDirectory(Machine.environment, name: name)
        return PeerFiles(folder: folder, key: key, list: list)
    }
}

/// The files of one node on the direct link.
struct PeerFiles: Sendable {
    /// Certificate and key; nobody else may read it.
    let key: String
    let list: String
    let folder: String

    init(folder: String, key: String?, list: String?) {
        self.folder = folder
        self.key = key ?? "\(folder)/peer-key.pem"
        self.list = list ?? "\(folder)/peers.json"
    }

    /// The list as it is now; nobody is on one that does not exist.
    ///
    /// - Throws: When it cannot be read or understood, with its first problem.
    func readList() throws(MachineError) -> PeerList {
        guard Machine.exists(list) else { return PeerList() }
        let (read, problems) = PeerList.read(try Machine.bytes(of: list, limit: 1 << 20))
        guard let read else {
            throw MachineError("\(list), \(problems.first?.description ?? "is no list of peers")")
        }
        return read
    }

    /// The list, read again only when its file has changed.
    private func list(in memory: ListMemory) throws(MachineError) -> PeerList {
        guard let stamp = Machine.stamp(of: list) else { return PeerList() }
        if let known = memory.newest.withLock({ $0 }), known.stamp == stamp { return known.list }
        let list = try readList()
        memory.newest.withLock { $0 = (stamp, list) }
        return list
    }

    private final class ListMemory: Sendable {
        let newest = Guarded<(stamp: FileStamp, list: PeerList)?>(nil)
    }

    /// TLS with this key and this list.
    ///
    /// - Parameter broken: Told when the list cannot be used; nobody is let in then.
    func tls(broken: @escaping @Sendable (String) -> Void) throws(MachineError) -> PeerTls {
        guard Machine.exists(key) else {
            throw MachineError("\(key): is not there; make it with tidegate peer keygen")
        }
        let pem = try Machine.bytes(of: key, limit: 1 << 20)
        let authority = try readList().authority
        let roots: [UInt8]?
        if let authority {
            roots = try Machine.bytes(of: authority, limit: 1 << 20)
        } else {
            roots = nil
        }
        let memory = ListMemory()
        do throws(PeerError) {
            return try PeerTls(pem: pem, authority: roots) {
                do throws(MachineError) {
                    return try list(in: memory)
                } catch {
                    broken("\(error)")
                    return PeerList()
                }
            }
        } catch {
            throw MachineError("\(key): \(error.detail)")
        }
    }
}
