import Foundation
import Testing
import Threads
import Vocabulary

@testable import CommandLine
@testable import Host
@testable import Layouts

@Suite struct `A table` {
    @Test func `stands its columns under each other and ends no line in spaces`() {
        var table = Table("NAME", "VALUE", "")
        table.add("tank", "21.5 °C", "simulated")
        table.add("a-long-name", "on")
        #expect(
            table.lines == [
                "NAME         VALUE    ",
                "tank         21.5 °C  simulated",
                "a-long-name  on",
            ])
    }

    @Test func `without rows is its heads alone`() {
        let table = Table("A", "B")
        #expect(table.isEmpty)
        #expect(table.lines == ["A  B"])
    }
}

@Suite struct `An age` {
    @Test(
        arguments: [
            (0, "0s"), (119, "119s"), (120, "2min"), (7_199, "119min"), (7_200, "2h"),
            (-5, "0s"), (90_000, "25h"),
        ] as [(Int64, String)]) func `is shown in whole seconds, minutes or hours`(
            seconds: Int64, text: String
        )
    {
        let start = WallTime(nanoseconds: 1_000_000_000)
        #expect(
            LiveTable.age(from: start, to: start.advanced(by: .seconds(seconds))) == text)
    }
}

@Suite struct `A JSON text of the program's own` {
    @Test func `escapes what must be`() {
        #expect("a\"b\\c\nd\u{1}°".jsonQuoted == #""a\"b\\c\nd\u0001°""#)
    }
}

@Suite struct `Settings` {
    private static let silent = RunSettings(
        logLevel: nil, logFormat: nil, stateDirectory: nil, seed: nil, simulate: nil,
        watchdogDevice: nil)

    private func resolved(
        _ line: ResolvedSettings.CommandLine = .init(), _ environment: [String: String] = [:],
        isTerminal: Bool = false
    ) throws(ResolvedSettings.Mistakes) -> ResolvedSettings {
        try ResolvedSettings(
            line, environment: { environment[$0] }, layout: Self.silent,
            gateway: "d1.a.scada", isTerminal: isTerminal)
    }

    @Test func `log as text on a terminal and as JSON elsewhere`() throws {
        #expect(try resolved(isTerminal: true).logFormat.value == .text)
        #expect(try resolved().logFormat.value == .json)
    }

    @Test func `keep state where the service manager says, else the user, else the system`() throws
    {
        let all = ["STATE_DIRECTORY": "/a:/b", "XDG_STATE_HOME": "/x", "HOME": "/h"]
        #expect(try resolved(.init(), all).stateDirectory.value == "/a")
        #expect(
            try resolved(.init(), ["XDG_STATE_HOME": "/x", "HOME": "/h"]).stateDirectory.value
                == "/x/tidegate/d1.a.scada")
        #expect(
            try resolved(.init(), ["HOME": "/h"]).stateDirectory.value
                == "/h/.local/state/tidegate/d1.a.scada")
        #expect(try resolved().stateDirectory.value == "/var/lib/tidegate/d1.a.scada")
    }

    @Test func `take a folder from where the command was typed`() throws {
        let here = FileManager.default.currentDirectoryPath
        #expect(Machine.absolute("/a") == "/a")
        for (path, name) in [("a/b", "/a/b"), ("./a", "/a"), (".", "")] {
            #expect(Machine.absolute(path) == here + name)
        }
        var line = ResolvedSettings.CommandLine()
        line.stateDirectory = "state"
        #expect(try resolved(line).stateDirectory.value == here + "/state")
    }

    @Test func `give a simulated run a folder and a broker of its own`() throws {
        var line = ResolvedSettings.CommandLine()
        (line.stateDirectory, line.simulate) = ("/s", true)
        let apart = try resolved(line)
        #expect(apart.dataDirectory == "/s/simulated" && apart.isKeptApart)
        line.realUpstreams = true
        #expect(try resolved(line).dataDirectory == "/s/simulated")
        #expect(try !resolved(line).isKeptApart)
        (line.realUpstreams, line.broker) = (nil, "mqtt://host")
        #expect(try !resolved(line).isKeptApart)
        (line.broker, line.simulate) = (nil, nil)
        #expect(try resolved(line).dataDirectory == "/s" && !resolved(line).isKeptApart)
        let simulated = try resolved(line, ["TIDEGATE_SIMULATE": "true"])
        #expect(simulated.dataDirectory == "/s/simulated" && simulated.isKeptApart)
    }

    @Test func `report all mistakes at once`() {
        var line = ResolvedSettings.CommandLine()
        (line.logLevel, line.broker) = ("loud", "mqtt://user:hunter2@host")
        do {
            _ = try resolved(line, ["TIDEGATE_SEED": "-1", "TIDEGATE_SIMULATE": "yes"])
            Issue.record("nothing was wrong")
        } catch {
            #expect(error.lines.count == 4)
        }
    }

    @Test func `take the stronger layer's mistake for no reason to ask a weaker one`() {
        var line = ResolvedSettings.CommandLine()
        line.logLevel = "loud"
        #expect(throws: ResolvedSettings.Mistakes.self) {
            try resolved(line, ["TIDEGATE_LOG_LEVEL": "debug"])
        }
    }
}

@Suite struct `What is printed` {
    @Test func `comes whole, also where writing does not block`() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        try #require(fcntl(writing, F_SETFL, O_NONBLOCK) == 0)
        let text = String(repeating: "0123456789", count: 30_000)
        let (written, done) = AsyncStream<Bool>.makeStream()
        try startThread(ThreadPlan(name: "writer")) {
            done.yield(Output.write(text, to: writing))
            close(writing)
        }
        let read = FileHandle(fileDescriptor: reading, closeOnDealloc: true).readDataToEndOfFile()
        #expect(String(decoding: read, as: UTF8.self) == text)
        #expect(await written.first { _ in true } == true)
    }
}

@Suite struct `A log level for a time` {
    @Test func `has a time of a second to a day`() {
        for time in ["1s", "10min", "24h"] {
            #expect(throws: Never.self) { try LogLevelCommand.parse(["debug", "--for", time]) }
        }
        for time in ["0s", "999ms", "25h", "soon", "-1s"] {
            #expect(throws: (any Error).self, "\(time)") {
                try LogLevelCommand.parse(["debug", "--for=\(time)"])
            }
        }
    }
}
