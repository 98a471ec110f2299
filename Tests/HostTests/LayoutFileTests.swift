import Foundation
import Layouts
import Testing
import Vocabulary

@testable import Host

@Suite(.timeLimit(.minutes(10))) struct `A layout's file` {
    private let folder = NSTemporaryDirectory() + "tidegate-watch-\(UUID().uuidString.prefix(8))"
    private var path: String { folder + "/house.json" }

    /// Runs `body` with a file that is watched, and takes the folder away afterwards.
    private func watching(
        _ path: String? = nil,
        _ body: (inout AsyncStream<LayoutWatch.News>.Iterator) async throws -> Void
    ) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write("0")
        let file = LayoutFile(
            path: path ?? self.path, content: Array("0".utf8), clock: SystemClock())
        await file.start()
        var news = file.news.makeAsyncIterator()
        try await body(&news)
        await file.stop()
        try FileManager.default.removeItem(atPath: folder)
    }

    private func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func replace(_ text: String, _ path: String? = nil) throws {
        let draft = folder + "/.house.json.draft"
        try Data(text.utf8).write(to: URL(fileURLWithPath: draft))
        try #require(rename(draft, path ?? self.path) == 0)
    }

    private func changed(_ text: String) -> LayoutWatch.News { .changed(Array(text.utf8)) }

    @Test func `is news each time that another is renamed onto its name, in order`() async throws {
        try await watching { news in
            for number in 1...100 {
                try replace("\(number)")
                #expect(await news.next() == changed("\(number)"))
            }
        }
    }

    @Test func `is news when it is written in place, goes, and comes back`() async throws {
        try await watching { news in
            // The first look of all does not wait, and may come between the two steps of a writer.
            try replace("first")
            #expect(await news.next() == changed("first"))
            try write("1")
            #expect(await news.next() == changed("1"))
            try FileManager.default.removeItem(atPath: path)
            #expect(await news.next() == .missing)
            try write("2")
            #expect(await news.next() == changed("2"))
            // Nothing is heard of what says the same, nor of the file's neighbours.
            try write("2")
            try Data("9".utf8).write(to: URL(fileURLWithPath: folder + "/other.json"))
            try write("3")
            #expect(await news.next() == changed("3"))
        }
    }

    @Test func `is heard of again when its folder was taken away and made again`() async throws {
        try await watching { news in
            try FileManager.default.removeItem(atPath: folder)
            #expect(await news.next() == .missing)
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try write("1")
            #expect(await news.next() == changed("1"))
            try write("2")
            #expect(await news.next() == changed("2"))
        }
    }

    @Test func `is news too behind a symbolic link, where the kernel reports nothing`() async throws
    {
        let links = folder + "-links"
        try FileManager.default.createDirectory(atPath: links, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: links) }
        try FileManager.default.createSymbolicLink(
            atPath: links + "/house.json", withDestinationPath: path)
        try await watching(links + "/house.json") { news in
            try replace("1")
            #expect(await news.next() == changed("1"))
        }
    }
}
