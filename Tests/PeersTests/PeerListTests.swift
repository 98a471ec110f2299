import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import Peers

@Suite struct `A list of peers` {
    private let digits = String(repeating: "3f2a ", count: 16)

    @Test func `reads what it writes`() throws {
        let list = PeerList(
            ca: "/etc/ca.pem",
            entries: [
                .init(
                    name: "anna-laptop", fingerprint: Fingerprint(digits), rights: [.read, .switch]),
                .init(name: "gw2.house", fingerprint: nil, rights: []),
            ])
        #expect(PeerList.read(Array(list.text.utf8)).list == list)
    }

    @Test func `reports each mistake with its line, and is of no use with one`() {
        let text = """
            {
              "peers": [
                {"name": "a b", "fingerprint": "12", "rights": ["read"]},
                {"name": "one", "rights": ["read"]},
                {"name": "two", "fingerprint": "\(digits)", "rights": ["raed"]},
                {"name": "two", "fingerprint": "\(digits)", "rights": []},
                {"name": "three", "fingerprint": "\(digits)", "right": ["read"]},
                7
              ]
            }
            """
        let (list, problems) = PeerList.read(Array(text.utf8))
        #expect(list == nil)
        let lines = problems.map(\.description)
        for part in [
            "peers[0].name (line 3)", "peers[0].fingerprint (line 3): must be the 64",
            "peers[1] (line 4): fingerprint is missing", "peers[2].rights[0] (line 5)",
            "peers[3].fingerprint (line 6): another", "did you mean rights", "peers[5] (line 8)",
        ] {
            #expect(lines.contains { $0.contains(part) }, "\(part) in \(lines)")
        }
    }

    @Test(arguments: ["", "[]", "{}", #"{"peers": {}}"#, #"{"peers": [], "ca": "ca.pem"}"#])
    func `that is none says so in one line`(text: String) {
        let (list, problems) = PeerList.read(Array(text.utf8))
        #expect(list == nil)
        #expect(problems.count == 1)
    }

    @Test func `believes a name only where there is an authority`() throws {
        let print = try #require(Fingerprint(digits))
        let named = PeerList.Entry(name: "gw2", fingerprint: nil, rights: [.read])
        #expect(PeerList(entries: [named]).entry(print, names: ["gw2"]) == nil)
        let list = PeerList(ca: "/ca.pem", entries: [named])
        #expect(list.entry(print, names: ["gw2"]) == named)
        #expect(list.entry(print, names: ["gw3"]) == nil)
    }

    @Test func `has one entry for each name and each fingerprint`() throws {
        let print = try #require(Fingerprint(digits))
        let list = PeerList().adding(.init(name: "a", fingerprint: print, rights: []))
            .adding(.init(name: "b", fingerprint: print, rights: [.read]))
        #expect(list.entries.map(\.name) == ["b"])
    }

    @Test(.ownThread) func `survives any bytes`() {
        var chance = SeededGenerator(seed: 11)
        let sample = Array(
            #"{"ca": "/a", "peers": [{"name": "x", "rights": ["read"]}]}"#.utf8)
        for _ in 0..<Mangler.rounds(2_000) {
            var text = sample
            for _ in 0..<Int.random(in: 1...4, using: &chance) {
                text[Int.random(in: 0..<text.count, using: &chance)] = UInt8.random(
                    in: .min ... .max, using: &chance)
            }
            let (list, problems) = PeerList.read(text)
            #expect((list == nil) == !problems.isEmpty)
        }
    }

    @Test(arguments: [
        ("192.168.1.20", "192.168.1.20:2998", false), ("localhost:80", "localhost:80", true),
        ("[::1]:81", "[::1]:81", true), ("[fe80::1]", "[fe80::1]:2998", false),
        ("127.0.0.1", "127.0.0.1:2998", true), ("127.evil.org", "127.evil.org:2998", false),
    ])
    func `and an address are read as they are written`(
        text: String, written: String, isLoopback: Bool
    ) throws {
        let address = try #require(PeerAddress(text))
        #expect(address.description == written)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: ["", ":80", "a:", "a:b", "a:70000", "::1", "[::1", "a b", "a@b", "[a]:1"])
    func `and something that is no address are distinguished`(text: String) {
        #expect(PeerAddress(text) == nil)
    }
}
