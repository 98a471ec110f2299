import Foundation
import Testing
import Vocabulary

@testable import Host

/// Secrets as editors save them.
@Suite struct `A secret` {
    private func text(_ bytes: [UInt8]) throws -> String {
        let path = NSTemporaryDirectory() + "tidegate-secret-\(UUID().uuidString.prefix(8))"
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try Secrets.text(of: .file(path))
    }

    @Test func `is the first line, without the mark and the line end of an editor`() throws {
        let word = "gr\u{fc}n #1 %40:/@\"\\$ \u{20ac} {x}"
        for end in ["", "\n", "\r\n", "\nsecond line\n"] {
            #expect(try text(Array((word + end).utf8)) == word)
            #expect(try text([0xEF, 0xBB, 0xBF] + Array((word + end).utf8)) == word)
        }
        // Only before everything else is it a mark.
        #expect(try text(Array("a\u{feff}".utf8)) == "a\u{feff}")
    }

    @Test(
        arguments: [
            [], [0x0A, 0x61], [0xEF, 0xBB, 0xBF], [0xEF, 0xBB, 0xBF, 0x0D, 0x0A], [0x61, 0xFF],
            // "a" as UTF-16, either way about.
            [0xFF, 0xFE, 0x61, 0], [0xFE, 0xFF, 0, 0x61],
        ] as [[UInt8]])
    func `is refused when its first line is none or no UTF-8`(_ bytes: [UInt8]) {
        #expect(throws: MachineError.self) { try text(bytes) }
    }

    @Test(.timeLimit(.minutes(10)))
    func `is not waited for where a pipe or a device stands in the place of its file`() throws {
        let pipe = NSTemporaryDirectory() + "tidegate-secret-\(UUID().uuidString.prefix(8))"
        try #require(mkfifo(pipe, 0o600) == 0)
        defer { unlink(pipe) }
        for (path, what) in [
            (pipe, "a pipe"), ("/dev/ptmx", "a device"), ("/dev/zero", "a device"),
        ] {
            let error = #expect(throws: MachineError.self) {
                try Secrets.text(of: .file(path))
            }
            #expect(error?.detail == "\(path): is \(what); must be a file")
        }
    }
}
