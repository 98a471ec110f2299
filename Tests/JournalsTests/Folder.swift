import Conformance
import Fakes
import Foundation
import Vocabulary

@testable import Journals

/// A folder of its own for each test, which goes with it.
final class Folder: Sendable {
    let url: URL
    let clock: ManualClock
    private let count = Guarded(0)

    init(clock: ManualClock = ManualClock()) {
        self.clock = clock
        url = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID())")
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func names() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
    }

    func unopened(
        _ upstreams: [UpstreamName],
        _ settings: JournalSettings = JournalSettings(commitInterval: .zero),
        name: String? = nil, bufferCapacity: Int = SqliteJournal.bufferCapacity,
        makeFolder: @escaping @Sendable () throws(JournalError) -> Void = {}
    ) -> SqliteJournal {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return SqliteJournal(
            path: path(name ?? "journal-\(number)"), upstreams: upstreams, settings: settings,
            session: JournalSession(boot: "boot", incarnation: "run \(number)"), clock: clock,
            bufferCapacity: bufferCapacity, makeFolder: makeFolder)
    }

    /// A journal that is open and commits at once.
    func journal(
        _ upstreams: [UpstreamName],
        _ settings: JournalSettings = JournalSettings(commitInterval: .zero),
        name: String? = nil, bufferCapacity: Int = SqliteJournal.bufferCapacity,
        makeFolder: @escaping @Sendable () throws(JournalError) -> Void = {}
    ) async -> SqliteJournal {
        let journal = unopened(
            upstreams, settings, name: name, bufferCapacity: bufferCapacity,
            makeFolder: makeFolder)
        do {
            try await journal.open(fresh: JournalIdentity(high: 0xABCD, low: 0x1234))
        } catch {
            fatalError("\(error)")
        }
        return journal
    }

    /// Copies a journal's files as they are right now.
    func copy(_ name: String, to other: String) -> String {
        for end in ["", "-wal"] where FileManager.default.fileExists(atPath: path(name + end)) {
            try? FileManager.default.copyItem(atPath: path(name + end), toPath: path(other + end))
        }
        return other
    }

    func bytes(_ name: String) -> [UInt8] {
        Array(FileManager.default.contents(atPath: path(name)) ?? Data())
    }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path(name)) }

    func write(_ bytes: [UInt8], to name: String) {
        try? Data(bytes).write(to: URL(filePath: path(name)))
    }

    /// Lets time pass, and the journal have a look.
    func pass(_ time: Duration, _ journal: SqliteJournal) async {
        clock.advance(by: time)
        // The thread looks around after each job.
        for _ in 0..<2 { _ = await journal.status() }
    }

    static func kept(_ journal: SqliteJournal) async -> [JournalOffset] { await journal.kept() }

    func kept(_ journal: SqliteJournal) async -> [JournalOffset] { await journal.kept() }
}

extension SqliteJournal {
    /// The offsets of all facts in the file.
    func kept() -> [JournalOffset] {
        (try? file?.facts(in: 1...(.max >> 1), limit: 100_000).rows.map(\.offset)) ?? []
    }

    /// Has SQLite find the disk full at so many pages; nil makes room again.
    func limit(pages: Int64?) { pageLimit = pages ?? 1_000_000 }

    /// Has it find the disk so; nil for how it is.
    func findDisk(_ room: DiskRoom?) { simulatedDisk = room }

    /// Has it refuse whoever would write; nil when it does no more.
    func refuse(_ failure: SqliteFailure?) { simulatedRefusal = failure }

    /// Pages in the file.
    func pages() -> Int64 { (try? file?.database.number("PRAGMA page_count")) ?? 0 }
}

/// Appends facts and returns once they are on disk.
@discardableResult
func keep(_ facts: [Fact], in journal: SqliteJournal) async -> [JournalEvent] {
    var news = journal.news.makeAsyncIterator()
    return await JournalConformance.keep(facts, in: journal, &news)
}

func fact(_ number: Int) -> Fact { JournalConformance.facts(Int64(number)...Int64(number))[0] }

func stamped(_ number: Int64, _ clock: ManualClock) -> Fact {
    let reading = Reading(channel: "tank-top", value: number)
    return Fact(node: "tank", at: clock.timestamp, matter: .readings([reading]))
}

/// One fact of each form.
let allSorts: [Fact] = {
    let at = Timestamp(
        wall: WallTime(nanoseconds: 1_795_240_357_110_023_503),
        monotonic: MonotonicInstant(nanoseconds: -5), isSynchronised: false)
    let readings = [
        Reading(channel: "tank-top", value: .max),
        Reading(channel: "tan", value: .min, quality: .bad),
        Reading(channel: "tank", value: 0, quality: .stale), Reading(channel: "pump", value: -1),
    ]
    return [
        Fact(node: "tank", at: at, matter: .readings(readings)),
        Fact(node: "tank", at: at, matter: .readings([])),
        Fact(node: "tank", at: at, matter: .readings(readings.map(\.simulated))),
        Fact(
            node: "tank", at: at,
            matter: .fault(
                Fault(channel: "tank-top", kind: .hung, isOn: true, detail: "ä\n\"x\""))),
        Fact(
            node: "tank", at: at,
            matter: .event(GatewayEvent(.periodEnded, link: "site", number: -300, detail: "")),
        ),
        Fact(node: .gateway, at: at, matter: .event(GatewayEvent(.started, detail: "run 1"))),
    ]
}()
