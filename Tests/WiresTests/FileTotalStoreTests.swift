import DriverKit
import Foundation
import Testing
import Vocabulary

@testable import Wires

/// Each test has a folder of its own.
final class FileTotalStoreTests {
    private let state: String
    private var folder: String { state + "/totals" }
    private var file: String { folder + "/meter.total" }

    init() throws {
        state = NSTemporaryDirectory() + "tidegate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: state) }

    private var store: FileTotalStore { FileTotalStore(folder: folder, name: "meter") }

    private func write(_ text: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
    }

    @Test func `what was never saved is nil, not zero`() throws {
        #expect(try store.load() == nil)
    }

    @Test func `what was saved is loaded by another store`() throws {
        for pulses in [0, 1, 12_345_678_901, Int64.max, .min] {
            for start in ["0", "7", "1234567.895"] {
                let total = RunningTotal(pulses: pulses, start: DecimalNumber(start)!)
                try store.save(total)
                #expect(try store.load() == total)
            }
        }
    }

    @Test func `a save leaves one file, readable by people`() throws {
        try store.save(41)
        try store.save(42)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["meter.total"])
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "42\n")
    }

    @Test func `a number written by hand is taken, with a line feed or without`() throws {
        try write("77")
        #expect(try store.load() == 77)
        try write("78\n")
        #expect(try store.load() == 78)
    }

    @Test(arguments: [
        "", "\n", "12x", "1 ", "1 2 3", "1 x", "0x10", "99999999999999999999", "1.5", "12\n13\n",
    ])
    func `garbage is named with its file and never taken for a total`(garbage: String) throws {
        try write(garbage)
        #expect {
            _ = try self.store.load()
        } throws: {
            guard let error = $0 as? DriverError else { return false }
            return error.kind == .malformedReply && error.detail.contains(self.file)
                && error.detail.contains("is not a total")
        }
    }

    @Test func `a draft that a power cut left behind does not matter`() throws {
        try store.save(7)
        try "8".write(toFile: file + ".new", atomically: false, encoding: .utf8)
        #expect(try store.load() == 7)
        try store.save(9)
        #expect(try store.load() == 9)
    }

    @Test func `a folder that cannot be made is reported with the file`() throws {
        let store = FileTotalStore(folder: state + "/absent/totals", name: "meter")
        let path = state + "/absent/totals/meter.total"
        #expect(throws: DriverError(.notConnected, "\(path): No such file or directory")) {
            try store.save(1)
        }
    }

    @Test func `a draft that cannot be written leaves the old total`() throws {
        try store.save(7)
        try FileManager.default.createDirectory(
            atPath: file + ".new", withIntermediateDirectories: true)
        #expect(throws: DriverError.self) { try store.save(8) }
        #expect(try store.load() == 7)
    }

    @Test func `a link in the place of the draft is not written through`() throws {
        let other = state + "/other"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: other))
        try store.save(7)
        try FileManager.default.createSymbolicLink(
            atPath: file + ".new", withDestinationPath: other)
        try store.save(8)
        #expect(try store.load() == 8)
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "precious")
    }

    @Test func `a folder where the total should be is no total`() throws {
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        #expect(throws: DriverError(.malformedReply, "\(file): Is a directory")) {
            _ = try store.load()
        }
        #expect(throws: DriverError(.notConnected, "\(file): Is a directory")) {
            try store.save(1)
        }
    }
}
