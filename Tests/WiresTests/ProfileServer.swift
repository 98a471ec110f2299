import DriverKit
import Foundation
import TestMachine

/// A genuine pymodbus server that has every profile, a SunSpec inverter, and bits on unit 1.
///
/// It runs until `end()`.
///
/// Source: Tests/RealInput/modbus-profiles.py.
final class ProfileServer {
    /// A Python that has pymodbus; nil where none was named.
    static let python = ProcessInfo.processInfo.environment["TIDEGATE_PYMODBUS"]

    let line: Bus.Line
    private let server: PeerProcess

    /// - Parameter truth: The file in which the server leaves what each channel must show.
    init(truth: String = "/dev/null") throws {
        guard let python = Self.python else { throw PeerFailure(what: "no Python") }
        let port = try reservedPort()
        line = .tcp(host: "127.0.0.1", port: port)
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        server = try PeerProcess(
            python,
            [
                root.appending(path: "Tests/RealInput/modbus-profiles.py").path,
                root.appending(path: "profiles").path, "\(port)", truth,
            ], readyAt: "ready")
    }

    func end() { server.end() }
}
