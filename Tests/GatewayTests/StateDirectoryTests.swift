import Foundation
import Testing

@testable import Host

/// Where a gateway keeps what must outlive it, and what becomes of it when somebody meddles with it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `A state directory` {
    private let home: TestHome
    private let state: String

    init() throws {
        home = try TestHome()
        state = "\(home.path)/own"
    }

    private func start() throws -> Program {
        try home.start("run", TestHome.demo, "--state-directory", state)
    }

    private func running() async throws -> Program {
        let gateway = try start()
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        return gateway
    }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0, "\(path)")
        return status.st_mode & 0o777
    }

    private func end(_ gateway: Program) async {
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
    }

    @Test func `that is deleted is reported, made again, and kept from a second gateway`()
        async throws
    {
        let gateway = try await running()
        let file = "\(state)/journal.sqlite"
        try FileManager.default.removeItem(atPath: state)
        let second = try start()
        #expect(await second.end() == 69, "\(second.text)")
        #expect(second.text.contains("another gateway uses this state directory"))
        #expect(
            await gateway.error("was deleted or moved while in use") != nil,
            "\(gateway.text)")
        #expect(
            await gateway.error("are written to disk again") != nil, "\(gateway.text)")
        for path in [file, "\(state)/lock"] { #expect(try mode(path) == 0o600) }
        #expect(try mode(state) == 0o700)
        let third = try start()
        #expect(await third.end() == 69, "\(third.text)")
        await end(gateway)
        let journal = try home.start("journal", "--state-directory", state)
        #expect(await journal.end() == 0, "\(journal.text)")
        #expect(
            try !FileManager.default.contentsOfDirectory(atPath: state).contains {
                $0.contains("damaged")
            })
    }

    @Test func `holds nothing that others may read, under any umask`() async throws {
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755]
        )
        let old = umask(0)
        let gateway = try start()
        umask(old)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        // It was there, and whose it is has chosen its mode.
        #expect(try mode(state) == 0o755)
        for name in try FileManager.default.contentsOfDirectory(atPath: state) {
            let path = "\(state)/\(name)"
            #expect(try [0o600, 0o700].contains(mode(path)), "\(name)")
        }
        await end(gateway)
    }

    @Test func `is not shared by a simulated run, which goes to no broker of the layout`()
        async throws
    {
        let layout = try home.file(
            "house.json",
            """
            {"gateway": "d1.house.scada",
             "nodes": [{"name": "host", "kind": "sensor", "component": {"driver": "host-health"}}],
             "upstreams": [{"name": "house", "broker": "mqtt://127.0.0.1:1"},
               {"name": "again", "broker": "mqtt://127.0.0.1:2"}]}
            """)
        let gateway = try home.start(
            "run", layout, "--simulate", "--watch", "--state-directory", state)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        let first = try #require(gateway.errors.first)
        #expect(first.contains("simulated") && first.contains("house uses an embedded broker"))
        #expect(await gateway.line(#""simulated":true"#) != nil)
        await end(gateway)
        let names = try FileManager.default.contentsOfDirectory(atPath: state).sorted()
        #expect(names == ["lock", "simulated"])
        for (options, status) in [([], 66), (["--simulated"], 0)] as [([String], Int32)] {
            let journal = try home.start(["journal", "--state-directory", state] + options)
            #expect(await journal.end() == status, "\(journal.text)")
            #expect(journal.output.contains("readings  simulated") == (status == 0))
        }
        let real = try home.start("run", layout, "--state-directory", state, "--watch")
        let line = try #require(await real.line("host"))
        #expect(!line.contains("simulated"))
        await end(real)
    }

    @Test func `of another path is another gateway's`() async throws {
        let one = StateLock(directory: state)
        let other = StateLock(directory: "\(home.path)/other")
        try one.take()
        try other.take()
        try one.take()
        #expect(throws: StateLock.Failure.self) { try StateLock(directory: state).take() }
    }

    @Test func `that was deleted is locked again by its own gateway only`() throws {
        let one = StateLock(directory: state)
        try one.take()
        try FileManager.default.removeItem(atPath: state)
        #expect(throws: StateLock.Failure.self) { try StateLock(directory: state).take() }
        try one.take()
        #expect(FileManager.default.fileExists(atPath: "\(state)/lock"))
    }
}
