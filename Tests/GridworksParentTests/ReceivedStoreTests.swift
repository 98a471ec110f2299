import Fakes
import Foundation
import Journals
import Testing
import Vocabulary

@testable import GridworksParent

@Suite struct `A store of received events` {
    let folder = Folder()
    let clock = ManualClock()
    var path: String { folder.path("received.sqlite") }
    static let house: GatewayName = "d1.demo.house.scada"

    private func item(_ number: Int, of child: GatewayName = house, size: Int = 20) -> ReceivedItem
    {
        let line = "{\"number\":\(number)}" + String(repeating: " ", count: size)
        return ReceivedItem(
            key: .init(child, "id-\(number)"), at: clock.wallTime, line: Array(line.utf8))
    }

    private func opened(
        _ path: String? = nil, size: Int64 = 1_000_000_000, interval: Duration = .zero
    ) async throws -> ReceivedStore {
        let store = ReceivedStore(
            path: path ?? self.path, size: size, commitInterval: interval, clock: clock)
        try await store.open()
        return store
    }

    /// Waits until so many items are reported to be on disk.
    private func kept(_ count: Int, _ store: ReceivedStore) async -> [ReceivedEvent.Kept] {
        var found: [ReceivedEvent.Kept] = []
        for await _ in store.wakeup {
            found += store.takeNews().kept
            if found.count >= count { break }
        }
        return found
    }

    private func numbers(_ path: String? = nil) throws -> [Int] {
        let inspector = try ReceivedInspector(path: path ?? self.path)
        var (found, after): ([Int], Int64) = ([], 0)
        while let (lines, last) = try inspector.lines(after: after) {
            after = last
            found += lines.compactMap { line in
                Int(String(decoding: line, as: UTF8.self).filter(\.isNumber))
            }
        }
        return found
    }

    @Test func `has files for their owner alone`() async throws {
        let store = try await opened()
        #expect(!folder.names().isEmpty)
        for name in folder.names() {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        await store.close()
    }

    @Test func `reports what is on disk, in the order in which it came`() async throws {
        let store = try await opened()
        for number in 1...100 { #expect(store.append(item(number))) }
        let kept = await kept(100, store)
        #expect(kept.map(\.key.identity) == (1...100).map { "id-\($0)" })
        #expect(!kept.map(\.isNew).contains(false))
        #expect(try numbers() == Array(1...100))
    }

    @Test func `reports nothing before the commit`() async throws {
        let store = try await opened(interval: .milliseconds(200))
        #expect(store.append(item(1)))
        await clock.sleepers(1)
        #expect(store.takeNews() == ReceivedEvent())
        #expect(try numbers() == [])
        clock.advance(by: .milliseconds(200))
        #expect(await kept(1, store).count == 1)
        #expect(try numbers() == [1])
    }

    @Test func `keeps an event once, and reports each time that it has it`() async throws {
        let store = try await opened()
        #expect(store.append(item(1)))
        #expect(await kept(1, store).map(\.isNew) == [true])
        #expect(store.append(item(1)) && store.append(item(2)))
        #expect(await kept(2, store).map(\.isNew) == [false, true])
        #expect(store.append(item(1, of: "d1.other")))
        #expect(await kept(1, store).map(\.isNew) == [true])
        #expect(try numbers() == [1, 2, 1])
    }

    @Test func `reports an event that comes twice before the commit only once`() async throws {
        let store = try await opened(interval: .seconds(1))
        #expect(store.append(item(1)) && store.append(item(1)))
        await store.commit()
        #expect(store.takeNews().kept.map(\.isNew) == [true])
    }

    @Test func `has after a kill all that it reported, and knows it again`() async throws {
        let store = try await opened()
        for round in 0..<20 {
            for number in 1...10 { _ = store.append(item(round * 10 + number)) }
            let told = await kept(10, store)
            // What a killed process leaves: the files as they are at this moment.
            let copy = path + "-copy-\(round)"
            for end in ["", "-wal"] {
                try? FileManager.default.copyItem(atPath: path + end, toPath: copy + end)
            }
            #expect(told.count == 10)
            let again = try await opened(copy)
            #expect(try numbers(copy) == Array(1...(round * 10 + 10)))
            #expect(again.append(item(1)))
            #expect(await kept(1, again).map(\.isNew) == [false])
            await again.close()
        }
    }

    @Test func `evicts the oldest when it is full`() async throws {
        let store = try await opened(size: 3_000_000)
        for number in 1...6_000 { _ = store.append(item(number, size: 1_000)) }
        #expect(await kept(6_000, store).count == 6_000)
        let left = try numbers()
        #expect(left.last == 6_000 && left.count < 3_000 && left.count > 1_000)
        #expect(left == Array((left.first ?? 0)...6_000))
        await store.close()
        let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect((bytes ?? 0) < 3_500_000)
    }

    @Test func `takes no more into memory than it may, and what it did not take later`()
        async throws
    {
        let store = try await opened(interval: .seconds(1))
        let most = ReceivedStore.bufferCapacity
        for number in 1...most { #expect(store.append(item(number))) }
        #expect(!store.append(item(most + 1)))
        clock.advance(by: .seconds(1))
        #expect(await kept(most, store).count == most)
        #expect(store.append(item(most + 1)))
    }

    @Test func `keeps a damaged file aside and begins a new one`() async throws {
        let store = try await opened()
        _ = store.append(item(1))
        _ = await kept(1, store)
        await store.close()
        try Data(repeating: 0x55, count: 20_000).write(to: URL(filePath: path))
        let again = try await opened()
        #expect(again.takeNews().damage?.contains(".damaged-") == true)
        #expect(again.append(item(2)))
        #expect(await kept(1, again).map(\.isNew) == [true])
        #expect(folder.names().contains { $0.hasPrefix("received.sqlite.damaged-") })
    }

    @Test(.timeLimit(.minutes(10)))
    func `is healed of damage that only its use shows, whatever its size`() async throws {
        let store = try await opened()
        for number in 1...300 { _ = store.append(item(number, size: 1_000)) }
        _ = await kept(300, store)
        await store.close()
        var bytes = try Data(contentsOf: URL(filePath: path))
        for index in stride(from: 3 * 4_096, to: bytes.count, by: 4_096) { bytes[index] = 0x55 }
        try bytes.write(to: URL(filePath: path))
        let again = ReceivedStore(path: path, checkedSize: 0, clock: clock)
        try await again.open()
        #expect(again.takeNews().damage == nil)
        #expect(again.append(item(301)))
        var (damage, kept): (String?, Int) = (nil, 0)
        for await _ in again.wakeup {
            let news = again.takeNews()
            damage = news.damage ?? damage
            kept += news.kept.count
            if kept > 0 { break }
            if news.fault?.isOn == true { clock.advance(by: ReceivedStore.retryPeriod) }
        }
        #expect(damage?.contains(".damaged-") == true)
        await again.close()
    }

    @Test func `leaves alone what a later program wrote`() async throws {
        let store = try await opened()
        await store.close()
        let database = try SqliteDatabase(path: path, .writing)
        try database.execute("PRAGMA user_version=2")
        await #expect(throws: JournalError.self) { try await opened() }
        #expect(try database.number("PRAGMA user_version") == 2)
    }

    @Test func `reports a full disk, and keeps what waited once there is room`() async throws {
        let store = try await opened()
        await store.limit(pages: 20)
        for number in 1...200 { _ = store.append(item(number, size: 1_000)) }
        var (fault, kept): (ReceivedEvent.Fault?, Int) = (nil, 0)
        var wakeup = store.wakeup.makeAsyncIterator()
        func listen() async {
            guard await wakeup.next() != nil else { return }
            let news = store.takeNews()
            kept += news.kept.count
            fault = news.fault ?? fault
        }
        while fault == nil { await listen() }
        #expect(fault?.isOn == true && kept < 200)
        await store.limit(pages: 1_000_000)
        clock.advance(by: ReceivedStore.retryPeriod)
        while kept < 200 || fault?.isOn == true { await listen() }
        #expect(kept == 200 && fault?.isOn == false)
    }

    @Test func `is made again with all its content after it was deleted`() async throws {
        let store = try await opened()
        _ = store.append(item(1))
        _ = await kept(1, store)
        for end in ["", "-wal", "-shm"] { try FileManager.default.removeItem(atPath: path + end) }
        _ = store.append(item(2))
        _ = await kept(1, store)
        await store.close()
        #expect(try numbers(path) == [1, 2])
    }

    @Test func `is put back when it was deleted just before its end`() async throws {
        let store = try await opened()
        _ = store.append(item(1))
        _ = await kept(1, store)
        for end in ["", "-wal", "-shm"] { try FileManager.default.removeItem(atPath: path + end) }
        await store.close()
        #expect(try numbers(path) == [1])
    }

    @Test func `says what it has of each gateway`() async throws {
        let store = try await opened()
        for number in 1...3 { _ = store.append(item(number)) }
        _ = store.append(item(1, of: "d1.other"))
        _ = await kept(4, store)
        let overview = try ReceivedInspector(path: path).overview()
        #expect(overview.map(\.child.text) == ["d1.demo.house.scada", "d1.other"])
        #expect(overview.map(\.count) == [3, 1])
        #expect(overview[0].newest == clock.wallTime)
    }
}

extension ReceivedStore {
    /// Has SQLite find the disk full at so many pages.
    func limit(pages: Int64) { pageLimit = pages }
}
