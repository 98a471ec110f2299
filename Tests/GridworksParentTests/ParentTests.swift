import Fakes
import Foundation
import GridworksParent
import Journals
import PlainJson
import Testing
import Vocabulary

@Suite struct `A parent` {
    typealias Words = ChildWords
    let clock = ManualClock()
    let broker = SimulatedUpstream()
    let folder = Folder()
    var path: String { folder.path("parent.sqlite") }

    private func started(interval: Duration = .zero) async throws -> Parent {
        let store = ReceivedStore(path: path, commitInterval: interval, clock: clock)
        try await store.open()
        let parent = Parent(
            machine: ParentBench().machine, session: broker,
            presence: PlainPresence(of: "d1.demo.house", incarnation: "i7"), store: store,
            clock: clock, report: { _ in })
        await parent.start()
        broker.accept()
        // How it stands, twice, and a ping to each child, once the subscriptions are confirmed.
        await broker.published(4)
        return parent
    }

    private var acknowledged: [String] {
        broker.published.filter { $0.type == "gridworks-ack" }.compactMap {
            $0.word("AckMessageID")
        }
    }

    @Test func `acknowledges what is on disk`() async throws {
        let parent = try await started()
        for number in 0..<50 { broker.deliver(Words.event("e\(number)")) }
        await broker.published(54)
        #expect(acknowledged == (0..<50).map { "e\($0)" })
        let overview = try ReceivedInspector(path: path).overview()
        #expect(overview.map(\.count) == [50])
        await parent.stop()
    }

    @Test func `acknowledges what it has stored before it goes`() async throws {
        let parent = try await started(interval: .seconds(3_600))
        broker.deliver(Words.event("e1"))
        // Answered at once, after the event was taken in.
        broker.deliver(Words.ping())
        await broker.published(5)
        #expect(acknowledged == ["p"])
        await parent.stop()
        #expect(acknowledged == ["p", "e1"])
    }

    @Test func `says that it is closed before it goes`() async throws {
        let parent = try await started()
        await parent.stop()
        let last = try #require(broker.published.last)
        #expect(last.topic == "tidegate/d1.demo.house/status" && last.word("state") == "offline")
    }

    @Test func `pings a silent child when it is due`() async throws {
        let parent = try await started()
        broker.deliver(Words.ping())
        await broker.published(5)
        let before = broker.published.count
        clock.advance(by: .seconds(60))
        await broker.published(before + 2)
        #expect(broker.published.dropFirst(before).contains { $0.type == "gridworks-ping" })
        await parent.stop()
    }
}
