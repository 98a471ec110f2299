import Documents
import DriverKit
import Drivers
import Foundation
import Layouts
import StandardCodecs
import Testing

/// `Broken/NN-what.json` and, beside each, `NN-what.expected` with one line for each problem.
///
/// With `TIDEGATE_RECORD` in the environment the expectations are written again, to be read with care.
@Suite struct `A broken layout` {
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()

    private static let folder = Bundle.module.resourceURL!.appendingPathComponent("Broken")

    @Test func `is there for every kind of mistake`() {
        #expect(Self.names.count >= 40)
    }

    @Test(arguments: names) func `is refused with all of its problems`(name: String) throws {
        let bytes = [UInt8](
            try Data(contentsOf: Self.folder.appendingPathComponent("\(name).json")))
        let (layout, problems) = LayoutReader.read(bytes, registry: .standard, codecs: .standard)
        #expect(layout == nil)
        #expect(!problems.isEmpty)
        let told = problems.map { "\($0)\n" }.joined()
        #expect(!told.contains("hunter2"), "a message repeats a secret")
        if ProcessInfo.processInfo.environment["TIDEGATE_RECORD"] != nil {
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            try told.write(
                to: source.appendingPathComponent("Broken/\(name).expected"), atomically: true,
                encoding: .utf8)
            return
        }
        let expected = Self.folder.appendingPathComponent("\(name).expected")
        #expect(told == (try String(contentsOf: expected, encoding: .utf8)))
    }
}
