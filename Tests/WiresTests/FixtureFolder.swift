import DriverKit
import Fakes
import Foundation
import Vocabulary
import Wires

/// A folder on disk that stands in for the root of the kernel's files, and goes with its owner.
final class FixtureFolder {
    let path: String

    var files: SystemFiles { SystemFiles(root: path) }

    /// - Parameter tree: What each path holds.
    init(_ tree: [String: String]) throws {
        path = try FileManager.default.url(
            for: .itemReplacementDirectory, in: .userDomainMask,
            appropriateFor: FileManager.default.temporaryDirectory, create: true
        ).path
        for (name, text) in tree {
            let file = URL(fileURLWithPath: path + name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension RealWiring {
    /// The machine's files, or those of a fixture, and no other wires.
    static func only(_ files: SystemFiles) -> RealWiring {
        RealWiring(
            bus: { (bus: BusName) throws(DriverError) -> any ModbusBus in
                throw DriverError(.invalidComponent, "bus \(bus): there is none here")
            }, files: files, clock: ManualClock(), stateDirectory: "/nowhere")
    }
}
