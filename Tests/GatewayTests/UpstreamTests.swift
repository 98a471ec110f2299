import Foundation
import Testing

/// Both ends of a link on one machine, as users run them.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Both ends` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private let layout = """
        {"gateway": "d1.demo.house.scada",
         "nodes": [
           {"name": "pump", "kind": "relay", "safeState": "off",
            "component": {"driver": "gpio-relay", "line": "demo/17", "simulated": true}},
           {"name": "host", "kind": "sensor", "component": {"driver": "host-health"}}],
         "upstreams": [
           {"name": "parent", "broker": "embedded", "codec": "gridworks",
            "gridworks": {"parent": "d1.demo.house", "reportPeriod": "1s",
                          "instance": "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"}}]}
        """

    @Test func `a gateway's events are stored, its relay is switched, and the end is in order`()
        async throws
    {
        let gateway = try home.start("run", try home.file("both-ends.json", layout))
        try #require(await gateway.error("broker.listening") != nil, "\(gateway.text)")
        let parent = try home.start(
            "upstream", "--alias", "d1.demo.house", "--child", "d1.demo.house.scada")
        try #require(await parent.shows(#""state":"connected""#), "\(parent.text)")
        #expect(await parent.shows(#""type":"gridworks.event.startup""#), "\(parent.text)")
        #expect(await parent.shows(#""type":"report.event""#), "\(parent.text)")
        parent.say("set d1.demo.house.scada pump on")
        let sent = try #require(await parent.line(#""kind":"sent""#), "\(parent.text)")
        let answer = try #require(await parent.line(#""kind":"answer""#), "\(parent.text)")
        #expect(answer.contains(#""outcome":"confirmed""#))
        #expect(word("id", in: sent) == word("id", in: answer))
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(await parent.shows("gridworks.event.shutdown"), "\(parent.text)")
        parent.signal(SIGTERM)
        #expect(await parent.end() == 0)
        let list = try home.start("upstream", "--alias", "d1.demo.house", "--list")
        #expect(await list.end() == 0)
        #expect(list.output.last?.hasPrefix("d1.demo.house.scada") == true, "\(list.text)")
    }

    @Test func `a tap on the parent's broker shows the parent's links to its children`()
        async throws
    {
        let parent = try home.start(
            "upstream", "--alias", "d1.demo.house", "--child", "d1.demo.house.scada", "--child",
            "d1.demo.barn.scada", "--broker", "embedded")
        try #require(await parent.error("private broker listens") != nil, "\(parent.text)")
        let broker = try #require(try home.runFile("d1.demo.house")["broker"])
        let place = "\"broker\": \"\(broker)\""
        let gateway = try home.start(
            "run",
            try home.file(
                "both-ends.json",
                layout.replacingOccurrences(of: #""broker": "embedded""#, with: place)))
        try #require(await parent.shows(#""state":"connected""#), "\(gateway.text)")
        let tap = try home.start("tap")
        let link = #""gateway":"d1.demo.house","link":"child d1.demo."#
        let up = try #require(
            await tap.line("\(link)house.scada\",\"state\":\"connected\",\"health\":\"up\""),
            "\(tap.text)")
        let counts = try #require(
            try JSONSerialization.jsonObject(with: Data(up.utf8)) as? [String: Any])
        #expect(counts["received"] as? Int ?? 0 > 0 && counts["sent"] as? Int ?? 0 > 0, "\(up)")
        #expect(counts["dropped"] as? Int == 0 && counts["unacknowledged"] as? Int == 0, "\(up)")
        // A child that was never heard has a link as well.
        #expect(await tap.shows("\(link)barn.scada\",\"state\":\"timedOut\""), "\(tap.text)")
        parent.signal(SIGKILL)
        _ = await parent.end()
        tap.signal(SIGTERM)
        #expect(await tap.end() == 0)
    }

    @Test func `a parent that dies is reported lost by its last will, and one that goes says so`()
        async throws
    {
        let gateway = try home.start("run", try home.file("both-ends.json", layout))
        try #require(await gateway.error("broker.listening") != nil, "\(gateway.text)")
        let tap = try home.start("tap")
        let words = ["upstream", "--alias", "d1.demo.house", "--child", "d1.demo.house.scada"]
        let own = #""gateway":"d1.demo.house","link":null,"state":"#
        for (end, state) in [
            (SIGKILL, #""unreachable","health":"unreachable""#), (SIGTERM, #""closed","#),
        ] {
            let parent = try home.start(words)
            #expect(await tap.line(own + #""connected","health":"up""#) != nil, "\(tap.text)")
            parent.signal(end)
            #expect(await tap.line(own + state) != nil, "\(tap.text)")
            _ = await parent.end()
        }
    }

    @Test func `a tap hears a parent of hundreds of children out`() async throws {
        let children = (0..<500).flatMap { ["--child", "d1.demo.house\($0).scada"] }
        let parent = try home.start(
            ["upstream", "--alias", "d1.demo.town", "--broker", "embedded"] + children)
        try #require(await parent.error("private broker listens") != nil, "\(parent.text)")
        let tap = try home.start("tap")
        #expect(await tap.shows(#""link":"child d1.demo.house499.scada""#))
        for program in [tap, parent] {
            program.signal(SIGTERM)
            #expect(await program.end() == 0)
        }
    }

    @Test func `a parent follows a gateway to where its broker comes back`() async throws {
        let file = try home.file("both-ends.json", layout)
        let first = try home.start("run", file)
        try #require(await first.error("broker.listening") != nil, "\(first.text)")
        let parent = try home.start(
            "upstream", "--alias", "d1.demo.house", "--child", "d1.demo.house.scada")
        let started = #""kind":"link""#
        let up = #""state":"connected""#
        try #require(await parent.line(up) != nil, "\(parent.text)")
        first.signal(SIGTERM)
        #expect(await first.end() == 0)
        #expect(await parent.line(#""connected":false"#) != nil, "\(parent.text)")
        let second = try home.start("run", file)
        #expect(await parent.line(#""connected":true"#) != nil, "\(parent.text)")
        #expect(await parent.line(up)?.contains(started) == true, "\(parent.text)")
        for program in [parent, second] {
            program.signal(SIGTERM)
            #expect(await program.end() == 0)
        }
    }

    @Test func `a parent takes the broker of no gateway that is not its child`() async throws {
        let gateway = try home.start("run", try home.file("both-ends.json", layout))
        try #require(await gateway.error("broker.listening") != nil, "\(gateway.text)")
        let parent = try home.start(
            "upstream", "--alias", "d1.demo.house", "--child", "d1.demo.barn.scada")
        #expect(await parent.end() == 78)
        #expect(parent.text.contains("d1.demo.house.scada"), "\(parent.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `a parent says on what it waits for a child that says nothing`() async throws {
        let parent = try home.start(
            "upstream", "--alias", "d1.demo.house", "--child", "d1.demo.barn.scada=barn",
            "--broker", "embedded")
        let line = await parent.line(#""state":"timedOut""#)
        #expect(line?.contains("gw/d1-demo-barn-scada/to/ltn/") == true, "\(parent.text)")
        parent.signal(SIGTERM)
        #expect(await parent.end() == 0)
    }

    private func word(_ name: String, in line: String) -> String? {
        let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return value?[name] as? String
    }

    @Test(arguments: [
        (["--child", "d1 house"], "is not a valid alias"),
        (["--child", "d1.a=S-1"], "not a valid short name"),
        (["--child", "d1.a", "--child", "d1.a"], "named once"),
        (["--child", "d1.a", "--ack-timeout", "5"], "must be a time"),
        (["--child", "d1.a", "--poll-period", "1s"], "must not be shorter"),
        (["--child", "d1.a", "--topic", "a/b"], "must be one level"), ([], "name a gateway"),
    ])
    func `a command line that is invalid is refused in plain words`(
        arguments: [String], why: String
    ) async throws {
        let program = try home.start(["upstream", "--alias", "d1.demo.house"] + arguments)
        #expect(await program.end() == 64)
        #expect(program.text.contains(why), "\(program.text)")
    }
}
