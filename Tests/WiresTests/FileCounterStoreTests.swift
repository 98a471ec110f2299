import DriverKit
import Foundation
import Testing
import Vocabulary

@testable import Wires

/// Each test has a folder of its own.
final class FileCounterStoreTests {
    private let state: String
    private var file: String { state + "/totals/meter.counters" }
    private var store: FileCounterStore {
        FileCounterStore(folder: state + "/totals", name: "meter")
    }

    init() throws {
        state = NSTemporaryDirectory() + "tidegate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: state) }

    private let stands: [DataChannelName: CounterStand] = [
        "energy": CounterStand(shown: DecimalNumber("654.310")!, unit: .wattHour, turns: 3),
        "water": CounterStand(shown: DecimalNumber("-7")!, unit: .litre, turns: 0),
    ]

    @Test func `what was never saved is nothing`() throws {
        #expect(try store.load() == [:])
    }

    @Test func `what was saved is loaded by another store, and readable by people`() throws {
        try store.save(stands)
        #expect(try store.load() == stands)
        #expect(
            try String(contentsOfFile: file, encoding: .utf8)
                == "energy 3 654.310 wattHour\nwater 0 -7 litre\n")
    }

    @Test func `lines that are invalid cost themselves alone`() throws {
        try store.save(stands)
        let more =
            "\nx\nenergy 1\nenergy -1 5 wattHour\nenergy \(Int64.max) 5 wattHour\nenergy 1 5 furlong\nENERGY! 1 5 litre\n\0\n"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (more + text + more).write(toFile: file, atomically: false, encoding: .utf8)
        #expect(try store.load() == stands)
    }

    @Test func `a folder in its place is reported`() throws {
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        #expect(throws: DriverError.self) { try self.store.load() }
        #expect(throws: DriverError.self) { try self.store.save([:]) }
    }
}
