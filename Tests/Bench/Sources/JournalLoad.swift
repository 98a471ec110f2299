import Glibc
import Journals
import Vocabulary

/// What the journal on disk costs and how fast it is, in a folder on the disk in question.
struct JournalLoad {
    private let folder: String
    private let clock = BenchClock()

    init(_ arguments: ArraySlice<String>) throws {
        guard let folder = arguments.first, arguments.count == 1 else {
            throw BenchError("bench journal FOLDER")
        }
        self.folder = folder
    }

    /// Prints: readings in, bytes of the file for each, readings per second in and out, RSS before and
    /// after in KiB, and the milliseconds of an open.
    func rates(count: Int) async throws {
        let before = Self.resident()
        var journal = try await open()
        var news = journal.news.makeAsyncIterator()
        let start = clock.now
        for first in stride(from: 0, to: count, by: 1_000) {
            let offsets = journal.append((first..<(first + 1_000)).map(fact))
            // As many ahead as fit into the buffer with ease.
            guard let offsets, offsets.upperBound % 10_000 == 0 else { continue }
            while let word = await news.next() {
                if case .committed(let through) = word, through >= offsets.upperBound { break }
            }
        }
        let written = clock.now
        await journal.close()
        let opening = clock.now
        journal = try await open()
        let opened = clock.now
        var (offset, seen): (JournalOffset, Int) = (0, 0)
        while true {
            let entries = try await journal.next(for: "site", after: offset, limit: 500)
            guard let last = entries.last else { break }
            (offset, seen) = (last.offset, seen + entries.count)
        }
        let read = clock.now
        guard seen == count else { throw BenchError("\(seen) readings of \(count) came back") }
        let resident = Self.resident()
        await journal.close()
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        _ = unsafe stat(path, &status)
        print(
            count, Int(status.st_size) / count, rate(count, start, written),
            rate(count, opened, read), before, resident,
            opening.duration(to: opened).wholeNanoseconds / 1_000_000)
    }

    /// Leaves a gateway's journal with `count` facts that wait for `upstream`, one a second until now.
    /// Readings come with the ends of GridWorks' five minutes.
    func backlog(for upstream: UpstreamName, count: Int, asFaults: Bool) async throws {
        let journal = SqliteJournal(
            path: "\(folder)/journal.sqlite", upstreams: [upstream],
            session: JournalSession(boot: "bench", incarnation: "bench"), clock: clock)
        try await journal.open(fresh: JournalIdentity(high: 1, low: 2))
        var news = journal.news.makeAsyncIterator()
        for number in 0..<count {
            let matter: Fact.Matter =
                asFaults
                ? .fault(Fault(kind: .notConnected, isOn: true, detail: "event \(number)"))
                : fact(number).matter
            let at = Timestamp(
                wall: clock.wallTime.advanced(by: .seconds(number - count)), monotonic: clock.now)
            var facts = [Fact(node: "tank-top", at: at, matter: matter)]
            if !asFaults, number % 300 == 299 {
                let end = GatewayEvent(.periodEnded, link: upstream, number: 300_000_000_000)
                facts.append(Fact(node: .gateway, at: at, matter: .event(end)))
            }
            let offsets = journal.append(facts)
            guard let offsets, number % 10_000 == 9_999 else { continue }
            while let word = await news.next() {
                if case .committed(let through) = word, through >= offsets.upperBound { break }
            }
        }
        await journal.close()
    }

    /// Prints the bytes that go to disk for each reading: `perSecond` of them for `seconds`.
    func writes(perSecond: Double, seconds: Double) async throws {
        let journal = try await open()
        let before = Self.writtenBytes()
        let total = Int(perSecond * seconds)
        for index in 0..<total {
            _ = journal.append([fact(index)])
            if index % 20 == 19 {
                try? await journal.advance("site", through: JournalOffset(max(0, index - 400)))
            }
            usleep(UInt32(1_000_000 / perSecond))
        }
        let bytes = Self.writtenBytes() - before
        await journal.close()
        print(total, bytes / max(1, total))
    }

    private var path: String { "\(folder)/bench-journal.sqlite" }

    private func open() async throws -> SqliteJournal {
        let journal = SqliteJournal(
            path: path, upstreams: ["site"],
            session: JournalSession(boot: "bench", incarnation: "bench"), clock: clock)
        try await journal.open(fresh: JournalIdentity(high: 1, low: 2))
        return journal
    }

    private func fact(_ number: Int) -> Fact {
        let reading = Reading(
            channel: "tank-top-temperature", value: Int64(20_000 + number % 5_000))
        let at = Timestamp(wall: clock.wallTime, monotonic: clock.now)
        return Fact(node: "tank-top", at: at, matter: .readings([reading]))
    }

    private func rate(_ count: Int, _ start: MonotonicInstant, _ end: MonotonicInstant) -> Int64 {
        Int64(count) * 1_000_000 / max(1, start.duration(to: end).wholeNanoseconds / 1_000)
    }

    private static func resident() -> Int { field("VmRSS:", of: "/proc/self/status") }

    private static func writtenBytes() -> Int { field("write_bytes:", of: "/proc/self/io") }

    private static func field(_ name: String, of path: String) -> Int {
        // Sound: the file is closed once, and the buffer is as long as it says.
        guard let file = unsafe fopen(path, "r") else { return 0 }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            guard text.hasPrefix(name) else { continue }
            return Int(text.dropFirst(name.count).filter(\.isNumber)) ?? 0
        }
        return 0
    }
}
