import Documents
import Testing
import Vocabulary

@Suite struct JsonParserTests {
    private func parse(_ text: String) -> (document: JsonNode?, problems: ProblemList) {
        JsonParser.parse(Array(text.utf8))
    }

    @Test func `every kind of value is read, with members in the order of the text`() throws {
        let (document, problems) = parse(
            #"{"b": [1, -2.50, 1e3], "a": {"t": true, "f": false, "n": null}, "s": "x"}"#)
        #expect(problems == [])
        let node = try #require(document)
        #expect(node.group?.map { $0.name } == ["b", "a", "s"])
        #expect(
            node["b"]?.list?.map { $0.number } == [
                DecimalNumber(mantissa: 1), DecimalNumber(mantissa: -250, exponent: -2),
                DecimalNumber(mantissa: 1, exponent: 3),
            ])
        #expect(node["a"]?["t"]?.flag == true)
        #expect(node["a"]?["f"]?.flag == false)
        #expect(node["a"]?["n"]?.value == .null)
        #expect(node["s"]?.text == "x")
        #expect(node["absent"] == nil)
    }

    @Test func `comments and trailing commas are welcome`() {
        let (document, problems) = parse(
            """
            // a house
            { // starts
              "a": [1, 2,], // "not": "read"
              "b": "// no comment",
            } // ends
            //
            """)
        #expect(problems == [])
        #expect(document?["a"]?.list?.count == 2)
        #expect(document?["b"]?.text == "// no comment")
        #expect(document?.group?.count == 2)
    }

    @Test func `a byte order mark is skipped and does not count as a column`() {
        let (document, _) = JsonParser.parse([0xEF, 0xBB, 0xBF] + Array(#" "x""#.utf8))
        #expect(document?.text == "x")
        #expect(document?.place == Place(path: "", line: 1, column: 2))
    }

    @Test func `every value knows its line, its column in characters and its path`() throws {
        let (document, _) = parse("{\n  \"grüße\": [0, {\"b\": true}], \"z\":\t7\n}")
        let node = try #require(document)
        #expect(node.place == Place(path: "", line: 1, column: 1))
        #expect(node["grüße"]?.place == Place(path: "grüße", line: 2, column: 12))
        #expect(node["grüße"]?.list?[1].place == Place(path: "grüße[1]", line: 2, column: 16))
        #expect(
            node["grüße"]?.list?[1]["b"]?.place
                == Place(path: "grüße[1].b", line: 2, column: 22))
        #expect(node["z"]?.place == Place(path: "z", line: 2, column: 35))
        #expect(node.group?[1].namePlace == Place(path: "z", line: 2, column: 30))
        #expect("\(Place(path: "nodes[3].line", line: 7, column: 2))" == "nodes[3].line (line 7)")
        #expect("\(Place(path: "", line: 7, column: 2))" == "line 7")
        #expect(Place(path: "a", line: 1, column: 1).below("b").path == "a.b")
    }

    @Test func `a name given twice is a problem and its first value stands`() {
        let (document, problems) = parse(
            "{\"a\": 1,\n \"\\u0061\": 2, \"b\": {\"c\": 1, \"c\": 1}}")
        #expect(document?["a"]?.number == DecimalNumber(mantissa: 1))
        #expect(document?.group?.count == 2)
        #expect(
            problems.map { "\($0)" } == [
                "a (line 2): duplicate key (first in line 1)",
                "b.c (line 2): duplicate key (first in line 2)",
            ])
    }

    @Test func `escapes are read, pairs of surrogates included`() {
        let (document, problems) = parse(
            #""\"\\\/\b\f\n\r\t\u0000\u00e9\u20AC\ud83d\uDE00\uFFFD""#)
        #expect(problems == [])
        #expect(document?.text == "\"\\/\u{8}\u{c}\n\r\t\0é€😀\u{FFFD}")
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ude00""#, #""\ud83d\u0041""#,
        #""\ud83d\ud83d""#,
    ])
    func `half a pair of surrogates is refused`(_ text: String) {
        let (document, problems) = parse(text)
        #expect(document == nil)
        #expect(problems.map { $0.message } == ["\\u here is half of a pair"])
    }

    @Test(arguments: [
        (#""\u12""#, "four hexadecimal digits"), (#""\u+123""#, "four hexadecimal digits"),
        (#""\u12 4""#, "four hexadecimal digits"), (#""\x""#, "must be followed by one of"),
        ("\"a\nb\"", "must end on the line"), ("\"a\tb\"", "must end on the line"),
        ("\"a", "no closing quote"), (#""a\"#, "no closing quote"),
        ("'a'", "expected a value"),
        ("nul", "nul is not a value; a text needs double quotes"),
        ("True", "True is not a value"), ("NaN", "NaN is not a value"),
        ("", "the text ends where a value"),
        ("  // only a comment", "the text ends where a value"),
        ("1 2", "only one value is allowed"),
        ("{} x", "only one value is allowed"), ("[1 2]", "expected a comma or ]"),
        ("[,]", "expected a value"), ("[1,,2]", "expected a value"),
        ("[1", "expected a comma or ]"), ("[1}", "expected a comma or ]"),
        ("{a: 1}", "expected a member name in double quotes"),
        ("{,}", "expected a member name in double quotes"),
        ("{\"a\" 1}", "expected a colon after the name"), ("{\"a\":}", "expected a value"),
        ("{\"a\": 1 \"b\": 2}", "expected a comma or }"),
        ("/* no */ 1", "a comment starts with //"), ("1 /", "a comment starts with //"),
        ("+1", "expected a value"), (".5", "expected a value"),
        ("-", "- is not a number"), ("-x", "- is not a number"), ("007", "007 is not a number"),
        ("1.", "1. is not a number"), ("1e", "1e is not a number"), ("1-2", "1-2 is not a number"),
        ("99999999999999999999", "that fits in 64 bits"), ("\u{A0}1", "expected a value"),
    ])
    func `what is not JSON is refused in words`(_ text: String, words: String) throws {
        let (document, problems) = parse(text)
        #expect(document == nil)
        #expect(problems.count == 1)
        #expect(try #require(problems.last).message.contains(words), "\(problems)")
    }

    @Test func `a mistake is reported where it is`() {
        #expect(
            parse("{\n \"a\": [1,\n  007]}").problems.map { $0.place } == [
                Place(path: "a[1]", line: 3, column: 3)
            ])
        #expect(
            parse("{\"nodes\": [{\"line\": yes}]}").problems.map { $0.place } == [
                Place(path: "nodes[0].line", line: 1, column: 21)
            ])
    }

    @Test func `lists and objects may nest 64 deep and no deeper`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        }
        #expect(parse(nested(64)).document != nil)
        let (document, problems) = parse(nested(65))
        #expect(document == nil)
        #expect(problems.map { $0.place.column } == [65])
        #expect(problems.map { $0.message } == ["is nested deeper than 64 levels"])
        let bomb = parse(String(repeating: "{\"a\":", count: 1_000_000))
        #expect(bomb.document == nil)
    }

    @Test func `text that is not UTF-8 is refused where it stops being it`() {
        let (document, problems) = JsonParser.parse(
            Array("{\n \"ä".utf8) + [0xFF] + Array("\"}".utf8))
        #expect(document == nil)
        #expect(problems.map { $0.place } == [Place(path: "", line: 2, column: 4)])
        for bytes: [UInt8] in [
            [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22], [0xFE],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
        ] {
            #expect(JsonParser.parse(bytes).document == nil)
            #expect(JsonParser.parse(bytes).problems.count == 1)
        }
    }

    @Test func `a long line is read in one pass`() {
        let text = "[" + String(repeating: #"{"ä":0},"#, count: 50_000) + "x]"
        let (document, problems) = parse(text)
        #expect(document == nil)
        #expect(problems.map { $0.place.column } == [400_002])
    }
}
