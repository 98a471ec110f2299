import Foundation
import Glibc
import Testing

@testable import Brokers

// Its folder, which keeps everybody else out.
extension EmbeddedBrokerTests {
    @Test func `a folder that cannot be used is named, and used once it can be`() async throws {
        try "".write(toFile: folder, atomically: true, encoding: .utf8)
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let error = try await failure(&news)
        #expect(error.kind == .badFolder)
        #expect(error.detail.contains(folder))
        try FileManager.default.removeItem(atPath: folder)
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.restarting.first)
        _ = try await place(&news)
        await broker.stop()
    }

    @Test func `a link in the folder's place is not followed`() async throws {
        let trap = freshPath()
        try FileManager.default.createDirectory(atPath: trap, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: trap)
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: trap)
        }
        let broker = makeBroker()
        var news = broker.news.makeAsyncIterator()
        broker.start()
        #expect(try await failure(&news).kind == .badFolder)
        await broker.stop()
        #expect(try FileManager.default.contentsOfDirectory(atPath: trap) == [])
    }

    @Test func `a folder in one that others can write to is not used`() async throws {
        let open = freshPath()
        try FileManager.default.createDirectory(atPath: open, withIntermediateDirectories: true)
        chmod(open, 0o777)
        defer { try? FileManager.default.removeItem(atPath: open) }
        let broker = EmbeddedBroker(
            folder: "\(open)/broker", clock: clock, using: SystemRandomNumberGenerator())
        var news = broker.news.makeAsyncIterator()
        broker.start()
        #expect(try await failure(&news).kind == .badFolder)
        await broker.stop()
    }

    @Test func `a path that is too long for a socket is refused in plain words`() async throws {
        let broker = EmbeddedBroker(
            folder: folder + String(repeating: "x", count: 100), clock: clock,
            using: SystemRandomNumberGenerator())
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let error = try await failure(&news)
        #expect(error.kind == .badFolder)
        #expect(error.detail.contains("107"))
        await broker.stop()
    }

    @Test func `two gateways of one name do not share a broker`() async throws {
        let (first, second) = (makeBroker(), makeBroker())
        var (firstNews, secondNews) = (
            first.news.makeAsyncIterator(), second.news.makeAsyncIterator()
        )
        first.start()
        let place = try await place(&firstNews)
        second.start()
        #expect(try await failure(&secondNews).kind == .badFolder)
        await second.stop()
        #expect(
            await enter(place.address, listener: place.process)
                == .connected(sessionPresent: false))
        await first.stop()
    }
}
