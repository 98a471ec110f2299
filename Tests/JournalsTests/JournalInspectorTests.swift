import Testing
import Vocabulary

@testable import Journals

@Suite struct `A look into a journal that is open` {
    @Test func `shows cursors, and requeues dead letters as the newest`()
        async throws
    {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "open")
        await keep((1...5).map { fact($0) }, in: journal)
        try await journal.deadLetter(2...3, for: "site", because: "never acknowledged")
        try await journal.advance("site", through: 3)
        await keep([fact(6)], in: journal)

        let inspector = try JournalInspector(path: folder.path("open"), isWriting: true)
        let later = fact(6).at.wall.advanced(by: .seconds(3_600))
        let overview = try inspector.overview(at: later)
        #expect(overview.facts == 6)
        #expect(overview.offsets == 1...6)
        #expect(overview.cursors.map(\.acknowledged) == [3])
        #expect(overview.cursors.map(\.waiting) == [3])
        #expect(overview.cursors.map(\.inFlight) == [0])
        #expect(overview.cursors.map(\.oldestWaiting) == [fact(4).at.wall])
        let deadLetters = try inspector.deadLetters()
        #expect(deadLetters.map(\.offset) == [2, 3])
        #expect(deadLetters.map(\.reason) == ["never acknowledged", "never acknowledged"])

        #expect(try inspector.requeue([deadLetters[0].number]) == 1)
        #expect(try inspector.discard([deadLetters[1].number]) == 1)
        var news = journal.news.makeAsyncIterator()
        await folder.pass(SqliteJournal.lookPeriod, journal)
        #expect(await news.next() == .committed(through: 7))
        let entries = try await journal.next(for: "site", after: 6, limit: 9)
        #expect(entries == [Entry(offset: 7, fact: fact(2))])
        #expect(try inspector.deadLetters().isEmpty)
        #expect(await journal.status()["site"]?.deadLettered == 0)
        await journal.close()
    }

    /// The last fact is of `now`; each is 20 s older than the next.
    @Test(arguments: [
        // gathered for, seconds since the last fact, in flight, waiting
        (0, 0, 4, 6), (0, 60, 1, 9), (0, 61, 0, 10), (100, 0, 9, 1), (1_000, 0, 10, 0),
        (1_000, 1_061, 0, 10),
        // By a clock that was set back, nobody can know.
        (0, -61, 0, 10),
    ])
    func `distinguishes facts that are too young to be missed from those that wait`(
        gathering: Int, since: Int, inFlight: Int, waiting: Int
    ) async throws {
        let folder = Folder()
        let journal = await folder.journal(["site", "other"], name: "young")
        let facts = (0..<12).map { number in
            let at = fact(1).at
            return Fact(
                node: "tank",
                at: Timestamp(
                    wall: at.wall.advanced(by: .seconds(20 * number)), monotonic: at.monotonic),
                matter: fact(1).matter)
        }
        await keep(facts, in: journal)
        try await journal.advance("site", through: 2)
        try await journal.advance("other", through: 12)
        await journal.close()
        let now = facts[11].at.wall.advanced(by: .seconds(since))
        let overview = try JournalInspector(path: folder.path("young")).overview(
            at: now, gathering: ["site": .seconds(gathering)])
        let cursors = Dictionary(uniqueKeysWithValues: overview.cursors.map { ($0.upstream, $0) })
        #expect(cursors["site"]?.inFlight == inFlight)
        #expect(cursors["site"]?.waiting == waiting)
        #expect(cursors["site"]?.oldestWaiting == (waiting > 0 ? facts[2].at.wall : nil))
        #expect(cursors["other"]?.inFlight == 0 && cursors["other"]?.waiting == 0)
    }

    @Test func `shows what values mean, by the meaning of their time`() async throws {
        let folder = Folder()
        for (run, exponent) in [-3, -2].enumerated() {
            let channel = DataChannel(
                name: "tank-top", node: "tank", source: "temperature", unit: .celsius,
                exponent: exponent, pollPeriod: .seconds(1),
                capture: CaptureRule(period: .seconds(60), delta: nil))
            let journal = SqliteJournal(
                path: folder.path("channels"), upstreams: [],
                settings: JournalSettings(commitInterval: .zero),
                session: JournalSession(boot: "boot", incarnation: "\(run)", channels: [channel]),
                clock: folder.clock)
            try await journal.open(fresh: JournalIdentity(high: 1, low: 2))
            await keep([fact(run)], in: journal)
            await journal.close()
        }
        let channels = try JournalInspector(path: folder.path("channels")).channels()
        #expect(channels.map(\.exponent) == [-3, -2])
        #expect(channels.map(\.from) == [1, 2])
    }

    @Test func `shows what values mean after a layout has changed`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "changed")
        func channel(_ exponent: Int) -> DataChannel {
            DataChannel(
                name: "tank-top", node: "tank", source: "temperature", unit: .celsius,
                exponent: exponent, pollPeriod: .seconds(1),
                capture: CaptureRule(period: .seconds(60), delta: nil))
        }
        journal.change([channel(-3)])
        await keep([fact(1), fact(2)], in: journal)
        journal.change([channel(-3)])
        journal.change([channel(-2)])
        await journal.close()
        let channels = try JournalInspector(path: folder.path("changed")).channels()
        #expect(channels.map(\.exponent) == [-3, -2])
        #expect(channels.map(\.from) == [1, 3])
    }

    @Test(arguments: ["", "CREATE TABLE other (a, b)"])
    func `says of a file that is none, that it is none`(schema: String) throws {
        let folder = Folder()
        folder.write([], to: "other")
        try SqliteDatabase(path: folder.path("other"), .writing).execute(schema)
        let error = #expect(throws: JournalError.self) {
            try JournalInspector(path: folder.path("other"))
        }
        #expect(error?.kind == .storage)
        #expect(error?.detail.contains("not a Tidegate journal") == true)
    }

    @Test func `finds the offset before a time`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "open")
        let inspector = try JournalInspector(path: folder.path("open"))
        #expect(try inspector.offset(before: fact(1).at.wall) == 0)
        await keep((1...9).map { fact($0) }, in: journal)
        #expect(try inspector.offset(before: fact(1).at.wall) == 0)
        #expect(try inspector.offset(before: fact(5).at.wall) == 4)
        #expect(try inspector.offset(before: fact(5).at.wall.advanced(by: .nanoseconds(1))) == 5)
        #expect(try inspector.offset(before: fact(9).at.wall.advanced(by: .seconds(1))) == 9)
        await journal.close()
    }
}
