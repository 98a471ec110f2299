import Fakes
import Foundation
import Glibc
import TestMachine
import Threads
import Vocabulary

@testable import Brokers

/// A mosquitto with settings of a test's own. It ends with its thread, so no test leaves one behind.
actor TestBroker {
    let port: UInt16
    let folder: String
    private let lines: [String]
    private let thread = SyncThread(name: "test-broker", clock: ManualClock())
    private var child: ChildProcess?

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    nonisolated var address: BrokerAddress { BrokerAddress(host: "127.0.0.1", port: port) }
    nonisolated var tlsAddress: BrokerAddress {
        BrokerAddress(host: "127.0.0.1", port: port, usesTls: true)
    }

    /// - Parameters:
    ///   - lines: Of the configuration, below the listener. `FOLDER` stands for the broker's folder.
    ///   - files: Name and text of files in the folder.
    init(_ lines: [String] = ["allow_anonymous true"], files: [String: String] = [:]) throws {
        port = try reservedPort()
        folder = try Scratch.makeFolder()
        for (name, text) in files {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        let folder = folder
        self.lines = lines.map { $0.replacing("FOLDER", with: folder) }
    }

    deinit {
        thread.end()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Returns once it accepts connections.
    func start() throws {
        let head = [
            "listener \(port) 127.0.0.1", "persistence false", "user root", "log_dest stderr",
        ]
        let file = "\(folder)/mosquitto.conf"
        try (head + lines).joined(separator: "\n").appending("\n")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let started = try ChildProcess([
            "/usr/bin/setpriv", "--pdeathsig", "KILL", "--", "/usr/sbin/mosquitto", "-c", file,
        ])
        var log = ""
        while !log.contains(" running\n") {
            _ = started.awaitOutput(milliseconds: 10_000)
            guard let bytes = started.read() else {
                throw BrokerError(kind: .failed, detail: log)
            }
            log += String(decoding: bytes, as: UTF8.self)
        }
        child = consume started
    }

    /// Kills it without a word to its clients.
    func kill() { child = nil }
}

enum Scratch {
    /// A new empty folder for this test.
    static func makeFolder() throws -> String {
        var template = Array("\(NSTemporaryDirectory())/tidegate-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return path
    }
}

/// Certificates of an authority of the tests' own in a folder.
struct TestCertificates {
    let folder: String

    /// Name and text of the files that each folder has. Made once, by openssl.
    private static let made = Result { try TestCertificates.make() }

    init() throws {
        let files = try Self.made.get()
        folder = try Scratch.makeFolder()
        for (name, text) in files {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    private init(in folder: String) { self.folder = folder }

    private static func make() throws -> [(String, String)] {
        let own = Self(in: try Scratch.makeFolder())
        defer { own.remove() }
        try own.makeAll()
        return try FileManager.default.contentsOfDirectory(atPath: own.folder).map {
            ($0, try String(contentsOfFile: "\(own.folder)/\($0)", encoding: .utf8))
        }
    }

    private func makeAll() throws {
        try makeAuthority("authority")
        try makeAuthority("stranger")
        try make("server", by: "authority", extensions: "subjectAltName=IP:127.0.0.1")
        try make("elsewhere", by: "authority", extensions: "subjectAltName=DNS:elsewhere.example")
        try make("named", by: "authority", extensions: "subjectAltName=DNS:localhost")
        try make("127.0.0.1", by: "authority", extensions: "extendedKeyUsage=serverAuth")
        try make("gateway", by: "authority", extensions: "extendedKeyUsage=clientAuth")
    }

    /// One that is valid for other days than today, in the form YYMMDDHHMMSSZ.
    func make(_ name: String, from start: String, to end: String) throws {
        let settings = """
            [ca]
            default_ca = own
            [own]
            database = \(folder)/index
            serial = \(folder)/serial
            new_certs_dir = \(folder)
            certificate = \(certificate("authority"))
            private_key = \(key("authority"))
            default_md = sha256
            policy = any
            copy_extensions = copy
            [any]
            commonName = supplied

            """
        for (file, text) in [("ca", settings), ("index", ""), ("serial", "01\n")] {
            try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
        }
        let request = "\(folder)/\(name).csr"
        try openssl(
            ["req", "-subj", "/CN=\(name)", "-out", request] + newKey(name)
                + ["-addext", "subjectAltName=IP:127.0.0.1"])
        try openssl([
            "ca", "-batch", "-notext", "-config", "\(folder)/ca", "-in", request,
            "-out", certificate(name), "-startdate", start, "-enddate", end,
        ])
    }

    func certificate(_ name: String) -> String { "\(folder)/\(name).crt" }
    func key(_ name: String) -> String { "\(folder)/\(name).key" }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func makeAuthority(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-subj", "/CN=\(name)", "-days", "2", "-out", certificate(name)]
                + newKey(name) + ["-addext", "basicConstraints=critical,CA:TRUE"])
    }

    private func make(_ name: String, by ca: String, extensions: String) throws {
        try openssl(
            ["req", "-x509", "-subj", "/CN=\(name)", "-days", "2", "-out", certificate(name)]
                + newKey(name)
                + [
                    "-CA", certificate(ca), "-CAkey", key(ca),
                    "-addext", "basicConstraints=critical,CA:FALSE", "-addext", extensions,
                ])
    }

    private func newKey(_ name: String) -> [String] {
        [
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            key(name),
        ]
    }

    private func openssl(_ arguments: [String]) throws {
        var tool = try ChildProcess(["/usr/bin/openssl"] + arguments)
        guard tool.reap(within: 20_000) == "exit status 0" else {
            throw BrokerError(
                kind: .failed, detail: String(decoding: tool.read() ?? [], as: UTF8.self))
        }
    }
}
