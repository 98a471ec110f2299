import DriverKit
import Glibc
import Vocabulary

/// A real output line.
final class GpioOutputLine: OutputLine {
    private let address: LineAddress
    private let request: GpioRequest

    init(_ address: LineAddress, _ request: GpioRequest) {
        self.address = address
        self.request = request
    }

    func set(_ isActive: Bool) throws(DriverError) {
        do { try request.set(isActive) } catch { throw .ofClaimed(address, error) }
    }

    func isActive() throws(DriverError) -> Bool {
        do { return try request.isActive() } catch { throw .ofClaimed(address, error) }
    }
}

/// A real input line.
final class GpioInputLine: InputLine {
    private let address: LineAddress
    private let request: GpioRequest

    init(_ address: LineAddress, _ request: GpioRequest) {
        self.address = address
        self.request = request
    }

    var descriptor: Int32 { request.descriptor }

    var debouncesItself: Bool { request.debouncesItself }

    func isActive() throws(DriverError) -> Bool {
        do { return try request.isActive() } catch { throw .ofClaimed(address, error) }
    }

    func takeEdges() throws(DriverError) -> [Edge] {
        var edges: [Edge] = []
        do throws(SystemError) {
            // A line that never comes to rest must not hold its node for ever.
            for _ in 0..<16 {
                let more = try request.takeEdges()
                edges += more
                if more.isEmpty { break }
            }
        } catch {
            throw .ofClaimed(address, error)
        }
        return edges
    }
}

extension DriverError {
    /// What `error` means for a line that was claimed.
    fileprivate static func ofClaimed(_ line: LineAddress, _ error: SystemError) -> DriverError {
        switch error.number {
        case ENODEV, ENXIO: .chipVanished(line)
        case ETIMEDOUT: DriverError(.timeout, "line \(line): \(error.message)")
        // An expander on I2C answers with whatever its bus says, and often recovers.
        default: DriverError(.malformedReply, "line \(line): \(error.message)")
        }
    }
}
