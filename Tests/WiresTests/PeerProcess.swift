import Foundation

/// A program that a test talks to, ended with the test.
final class PeerProcess {
    private let process = Process()
    private let output = Pipe()

    /// Starts `program`, looked up in the path, and returns when it has written a line with `sign`.
    ///
    /// - Throws: When it cannot be started, or ends before it is ready.
    init(_ program: String, _ arguments: [String], readyAt sign: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var heard = ""
        while !heard.contains(sign) {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw PeerFailure(what: "\(program) ended: \(heard)") }
            heard += String(decoding: data, as: UTF8.self)
        }
        // What it says later must not fill the pipe and stop it.
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    deinit { end() }

    /// Ends the program and returns when it has ended.
    func end() {
        guard process.isRunning else { return }
        // Not SIGTERM: the threads of a test run block it, and a child inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        output.fileHandleForReading.readabilityHandler = nil
        try? output.fileHandleForReading.close()
    }
}

struct PeerFailure: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
