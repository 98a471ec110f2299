import Foundation
import Journals
import Testing
import Vocabulary

@testable import Host

/// `tidegate journal` and `tidegate export`, on a journal as a gateway leaves it.
@Suite(.timeLimit(.minutes(10))) struct `The journal's commands` {
    private let home: TestHome
    private let state: String

    /// Five readings of one minute each from 06:00 on, the first acknowledged, the third and fourth set
    /// aside, and a fault.
    init() async throws {
        home = try TestHome()
        state = "\(home.path)/state"
        let clock = SystemClock()
        let start = try #require(WallTime(iso8601: "2026-11-21T06:00:00Z"))
        let channel = DataChannel(
            name: "tank-top", node: "tank", source: "temperature", unit: .celsius, exponent: -3,
            pollPeriod: .seconds(1), capture: CaptureRule(period: .seconds(60), delta: nil))
        let journal = SqliteJournal(
            path: "\(state)/journal.sqlite", upstreams: ["site"],
            settings: JournalSettings(commitInterval: .zero),
            session: JournalSession(boot: "boot", incarnation: "run", channels: [channel]),
            clock: clock)
        try await journal.open(fresh: JournalIdentity(high: 0xABCD, low: 0x1234))
        var facts = (0..<5).map { minute in
            let at = Timestamp(
                wall: start.advanced(by: .seconds(60 * minute)), monotonic: clock.now,
                isSynchronised: true)
            let reading = Reading(
                channel: minute == 4 ? "pump" : "tank-top", value: Int64(21_500 + minute),
                quality: minute == 3 ? .bad : .good, isSimulated: minute == 1)
            return Fact(node: "tank", at: at, matter: .readings([reading]))
        }
        let fault = Fault(kind: .hung, isOn: true, detail: "it hangs")
        facts.append(Fact(node: "tank", at: facts[4].at, matter: .fault(fault)))
        let places = try #require(journal.append(facts))
        var news = journal.news.makeAsyncIterator()
        while let word = await news.next() {
            if case .committed(let through) = word, through >= places.upperBound { break }
        }
        try await journal.deadLetter(3...4, for: "site", because: "never acknowledged")
        try await journal.advance("site", through: 1)
        await journal.close()
    }

    private func run(_ arguments: String...) async throws -> Program {
        let program = try home.start(arguments + ["--state-directory", state])
        _ = await program.end()
        return program
    }

    private func ends(_ arguments: String...) async throws -> (status: Int32?, text: String) {
        let program = try home.start(arguments)
        return (await program.end(), program.text)
    }

    /// The cells of the line after the one that begins with `head`.
    private func cells(after head: String, in program: Program) -> [String] {
        guard let index = program.output.firstIndex(where: { $0.hasPrefix(head) }),
            index + 1 < program.output.count
        else { return [] }
        return program.output[index + 1].split(whereSeparator: { $0 == " " }).map(String.init)
    }

    @Test(arguments: [["journal"], ["journal", "show"]])
    func `show size, cursors and what was dead-lettered`(words: [String]) async throws {
        let program = try home.start(words + ["--state-directory", state])
        #expect(await program.end() == 0)
        #expect(program.errors == [])
        #expect(program.output.contains("records   6, offsets 1 to 6"), "\(program.text)")
        #expect(
            program.output.contains("oldest    2026-11-21T06:00:00.000000000Z"), "\(program.text)")
        let cursor = cells(after: "UPSTREAM", in: program)
        #expect(
            cursor.prefix(5) == ["site", "1", "0", "5", "2026-11-21T06:01:00.000000000Z"],
            "\(program.text)")
        #expect(cursor.last == "2", "\(program.text)")
        let deadLetters = program.output.filter { $0.contains("never acknowledged") }
        #expect(deadLetters.count == 2 && deadLetters.allSatisfy { $0.contains("tank-top") })
    }

    @Test func `distinguish what is in flight from what waits, in a layout's own time`()
        async throws
    {
        let folder = "\(home.path)/fresh"
        let clock = SystemClock()
        let journal = SqliteJournal(
            path: "\(folder)/journal.sqlite", upstreams: ["site"],
            settings: JournalSettings(commitInterval: .zero),
            session: JournalSession(boot: "boot", incarnation: "run", channels: []), clock: clock)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try await journal.open(fresh: JournalIdentity(high: 0xABCD, low: 0x1234))
        /// Facts of so many minutes ago, on disk.
        func check(_ minutes: [Int]) async throws {
            let facts = minutes.map { minutes in
                let at = Timestamp(
                    wall: clock.wallTime.advanced(by: .seconds(-60 * minutes)),
                    monotonic: clock.now, isSynchronised: true)
                return Fact(
                    node: "tank", at: at,
                    matter: .fault(Fault(kind: .hung, isOn: true, detail: "it hangs")))
            }
            let places = try #require(journal.append(facts))
            var news = journal.news.makeAsyncIterator()
            while let word = await news.next() {
                if case .committed(let through) = word, through >= places.upperBound { break }
            }
        }
        try await check([0])
        let healthy = try home.start("journal", "--state-directory", folder)
        _ = await healthy.end()
        #expect(
            cells(after: "UPSTREAM", in: healthy) == ["site", "0", "1", "0", "-", "-", "0"],
            "\(healthy.text)")
        try await journal.advance("site", through: 1)
        try await check([20, 10, 9, 0, 0])
        let stuck = try home.start("journal", "--state-directory", folder)
        _ = await stuck.end()
        let cursor = cells(after: "UPSTREAM", in: stuck)
        #expect(cursor.prefix(4) == ["site", "1", "2", "3"] && cursor.count == 7, "\(stuck.text)")
        #expect(cursor.dropFirst(5).first?.hasPrefix("20") == true, "\(stuck.text)")
        let layout = try home.file(
            "reports.json",
            """
            {"gateway": "d1.a.scada", "settings": {"stateDirectory": "\(folder)"},
             "nodes": [{"name": "host", "kind": "sensor", "component": {"driver": "host-health"}}],
             "upstreams": [{"name": "site", "broker": "embedded", "codec": "gridworks",
               "gridworks": {"parent": "d1.a", "reportPeriod": "15min",
                 "instance": "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"}}]}
            """)
        let gathered = try home.start("journal", layout)
        _ = await gathered.end()
        #expect(
            cells(after: "UPSTREAM", in: gathered).prefix(4) == ["site", "1", "4", "1"],
            "\(gathered.text)")
        await journal.close()
    }

    @Test func `have one fact that was dead-lettered come back, and forget the other`() async throws
    {
        let back = try await run("journal", "requeue", "--number", "1")
        #expect(
            back.output.first?.hasPrefix("1 record requeued: sent within ") == true, "\(back.text)")
        let waiting = try await run("journal").output.filter { $0.contains("never acknowledged") }
        #expect(waiting.count == 2 && waiting.contains { $0.contains("1 (requeued)") })
        #expect(
            try await run("journal", "discard", "--number", "2").output == [
                "1 dead letter discarded"
            ])
        let left = try await run("journal").output.filter { $0.contains("never acknowledged") }
        #expect(left.count == 1 && left[0].contains("requeued"))
        #expect(try await run("journal", "discard", "--all").output == ["1 dead letter discarded"])
        #expect(!(try await run("journal").text.contains("never acknowledged")))
    }

    @Test(arguments: ["requeue", "discard"])
    func `refuse facts that are not dead-lettered, and say which`(command: String) async throws {
        let program = try home.start(
            "journal", command, "--number", "1", "7", "--state-directory", state)
        #expect(await program.end() == 1)
        #expect(program.errors == ["tidegate: there is no dead letter 7"])
        let all = try await run("journal")
        #expect(all.output.count { $0.contains("never acknowledged") } == 2)
        #expect(!all.text.contains("requeued"))
    }

    @Test(arguments: ["requeue", "discard"])
    func `want facts or all of them, not neither or both`(command: String) async throws {
        for words in [[], ["--all", "--number", "1"], ["--number", "one"]] {
            let program = try home.start(
                ["journal", command] + words + ["--state-directory", state])
            #expect(await program.end() == 64, "\(words): \(program.text)")
        }
    }

    @Test func `write history as CSV, exact and in units`() async throws {
        let program = try await run("export")
        #expect(
            program.output == [
                "time,synchronised,node,channel,value,unit,quality,offset,simulated",
                "2026-11-21T06:00:00.000000000Z,true,tank,tank-top,21.500,celsius,good,1,false",
                "2026-11-21T06:01:00.000000000Z,true,tank,tank-top,21.501,celsius,good,2,true",
                "2026-11-21T06:02:00.000000000Z,true,tank,tank-top,21.502,celsius,good,3,false",
                "2026-11-21T06:03:00.000000000Z,true,tank,tank-top,21.503,celsius,bad,4,false",
                "2026-11-21T06:04:00.000000000Z,true,tank,pump,21504,steps,good,5,false",
            ])
    }

    @Test func `write history as JSON lines that any reader takes`() async throws {
        let program = try await run("export", "--format", "jsonl", "--channel", "tank-top")
        let objects = try program.output.map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.compactMap { $0["offset"] as? Int } == [1, 2, 3, 4])
        #expect(objects.first?["value"] as? Double == 21.5)
        #expect(objects.first?["nanoseconds"] as? Int == 1_795_240_800_000_000_000)
        #expect(objects.first?["synchronised"] as? Bool == true)
        #expect(objects.last?["quality"] as? String == "bad")
        #expect(objects.map { $0["simulated"] as? Bool } == [false, true, false, false])
    }

    @Test func `export what lies from one time to before another, of the channels named`()
        async throws
    {
        func places(_ arguments: String...) async throws -> [String] {
            let program = try home.start(
                ["export"] + arguments + ["--state-directory", state], with: ["TZ": "XXX-1"])
            #expect(await program.end() == 0, "\(program.text)")
            return program.output.dropFirst().map {
                String($0.split(separator: ",").dropLast().last ?? "")
            }
        }
        let (second, fourth) = ("2026-11-21T06:01:00Z", "2026-11-21T06:03:00Z")
        #expect(try await places("--from", second, "--to", fourth) == ["2", "3"])
        #expect(try await places("--from", second) == ["2", "3", "4", "5"])
        // An hour ahead of UTC, as the test has it.
        #expect(
            try await places("--from", "2026-11-21 07:01", "--to", "2026-11-21T07:03") == [
                "2", "3",
            ])
        #expect(try await places("--to", "2026-11-21") == [])
        #expect(try await places("--to", "-1h").count <= 5)
        #expect(try await places("--from", "2026-11-21", "--channel", "pump") == ["5"])
        #expect(try await places("--channel", "pump", "tank-top") == ["1", "2", "3", "4", "5"])
        let unheard = try home.start(
            "export", "--channel", "tank-top", "tank-tpo", "--state-directory", state)
        #expect(await unheard.end() == 66)
        #expect(unheard.text.contains("no channel tank-tpo") && unheard.output.count > 1)
    }

    @Test func `refuse options that are invalid, in plain words`() async throws {
        for (words, why) in [
            (["--from", "someday"], "must be a time"),
            (["--to", "2026-13-01"], "must be a time"),
            (["--channel", "Tank Top"], "not a valid channel name"), (["--format", "xml"], "xml"),
        ] {
            let program = try home.start(["export"] + words + ["--state-directory", state])
            #expect(await program.end() == 64, "\(words)")
            #expect(program.text.contains(why), "\(program.text)")
            #expect(program.output == [])
        }
    }

    @Test(arguments: [["journal"], ["journal", "requeue", "--all"], ["export"]])
    func `end with 66 where there is no journal, where one is named and where none is`(
        words: [String]
    ) async throws {
        let folder = "\(home.path)/nothing"
        let missing = try home.start(words + ["--state-directory", folder])
        #expect(await missing.end() == 66)
        #expect(missing.errors.count == 1 && missing.text.contains("\(folder)/journal.sqlite"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/journal.sqlite"))
        let nowhere = try home.start(words)
        #expect(await nowhere.end() == 66)
        #expect(nowhere.text.contains("--state-directory"))
        #expect(try await home.start(words + ["\(home.path)/none.json"]).end() == 66)
    }

    @Test func `find the state of the only gateway, and print its directory`() async throws {
        let place = "\(home.path)/state/tidegate"
        func keep(_ name: String) throws {
            try FileManager.default.createDirectory(
                atPath: "\(place)/\(name)", withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: "\(state)/journal.sqlite", toPath: "\(place)/\(name)/journal.sqlite")
        }
        try keep("d1.a.scada")
        let program = try home.start("export")
        #expect(await program.end() == 0)
        #expect(program.output.count == 6, "\(program.text)")
        #expect(program.errors == ["tidegate: state directory \(place)/d1.a.scada"])
        try keep("d1.b.scada")
        let several = try home.start("journal")
        #expect(await several.end() == 78)
        for name in ["d1.a.scada", "d1.b.scada"] {
            #expect(several.text.contains("\(place)/\(name)"), "\(several.text)")
        }
    }

    @Test func `say so when the file is no journal, and leave it as it is`() async throws {
        let path = "\(state)/journal.sqlite"
        try Data("this is no journal at all\n".utf8).write(to: URL(fileURLWithPath: path))
        for words in [["journal"], ["export"], ["journal", "discard", "--all"]] {
            let program = try home.start(words + ["--state-directory", state])
            let status = await program.end()
            #expect(status == 66 || status == 69, "\(words): \(program.text)")
            #expect(program.text.contains("journal.sqlite"), "\(program.text)")
        }
        #expect(
            try String(contentsOfFile: path, encoding: .utf8) == "this is no journal at all\n")
    }

    @Test func `find the journal by the gateway's layout`() async throws {
        let layout = try home.file(
            "layout.json",
            """
            {"gateway": "d1.a.scada", "settings": {"stateDirectory": "\(state)"},
             "nodes": [{"name": "host", "kind": "sensor", "component": {"driver": "host-health"}}]}
            """)
        let program = try home.start("journal", layout)
        #expect(await program.end() == 0)
        #expect(program.output.contains("records   6, offsets 1 to 6"), "\(program.text)")
    }
}
