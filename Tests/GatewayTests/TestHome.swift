import Foundation
import Glibc
import TestMachine

/// A home of its own for every program of one test: state, run files and layouts. It goes with the test.
final class TestHome {
    let path: String

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let demo = repository.appendingPathComponent("hardware-layouts/demo.json").path

    init() throws {
        path = NSTemporaryDirectory() + "tidegate-\(UUID().uuidString.prefix(8))"
        for folder in ["run", "state"] {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(folder)", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Starts `tidegate`, with nothing of the tester's own settings.
    func start(_ arguments: String..., with variables: [String: String] = [:]) throws -> Program {
        try start(arguments, with: variables)
    }

    func start(
        _ arguments: [String], with variables: [String: String] = [:], under wrapper: [String] = []
    ) throws -> Program {
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("TIDEGATE_") && !name.hasPrefix("XDG_")
                && !["RUNTIME_DIRECTORY", "STATE_DIRECTORY"].contains(name)
        }
        environment["HOME"] = path
        environment["XDG_RUNTIME_DIR"] = "\(path)/run"
        environment["XDG_STATE_HOME"] = "\(path)/state"
        // A gateway is one of this user. The other commands would find the services of this machine, too, were
        // they not in a unit, which has a run folder of its own.
        if arguments.first != "run" { environment["RUNTIME_DIRECTORY"] = "\(path)/run/tidegate" }
        return try Program(
            arguments + Self.timeout(for: arguments), environment.merging(variables) { $1 },
            under: wrapper)
    }

    /// Those that wait for an answer would give up after seconds, which a busy machine may take.
    private static func timeout(for arguments: [String]) -> [String] {
        let waits =
            ["set", "release"].contains(arguments.first) || arguments.starts(with: ["peer", "ask"])
        guard waits, !arguments.contains("--timeout") else { return [] }
        return ["--timeout", "\(Int(Program.timeout))"]
    }

    /// Writes a file into the home.
    /// - Returns: Its path.
    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    /// What the gateway that runs in this home leaves for other commands.
    func runFile(_ gateway: String) throws -> [String: String] {
        let data = try Data(
            contentsOf: URL(fileURLWithPath: "\(path)/run/tidegate/\(gateway).json"))
        return try JSONDecoder().decode([String: String].self, from: data)
    }

    /// A private broker's TCP port of the gateway that runs in this home, and how to log in there.
    func login(_ gateway: String) throws -> (broker: String, user: String, password: String) {
        let file = try runFile(gateway)
        return (
            file["listener"] ?? "", file["listenerUser"] ?? "", file["listenerPassword"] ?? ""
        )
    }

    /// The demonstration, whose private broker listens on a TCP port as well.
    func demoWithPort() throws -> String {
        let port = try reservedPort()
        let layout = try String(contentsOfFile: Self.demo, encoding: .utf8)
        return try file(
            "demo-with-port.json",
            layout.replacingOccurrences(
                of: #""broker": "embedded""#,
                with: #""broker": "embedded", "listen": "127.0.0.1:\#(port)""#))
    }
}

/// The living children of a process, by their parents' own lists.
func children(of pid: Int32) -> [Int32] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return tasks.flatMap { task in
        let list = try? String(
            contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)
        return (list ?? "").split(separator: " ").compactMap { Int32($0) }
    }
}

/// Whether a process runs; one that only waits to be buried does not.
func runs(_ pid: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        let state = text.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z"
}
