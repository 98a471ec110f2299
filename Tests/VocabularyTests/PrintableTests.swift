import Testing
import Vocabulary

@Suite struct PrintableTests {
    @Test func `ordinary text of any script is shown as it is`() {
        for text in ["", "tank1-top 21.5 °C", "Küche", "水温", "حرارة", "👩‍🔧", #"C:\new"#] {
            #expect(text.printable(limit: 100) == text)
        }
    }

    @Test func `nothing that a terminal obeys is left`() {
        #expect("a\u{1b}[2Jb".printable(limit: 100) == #"a\u{1b}[2Jb"#)
        #expect("a\nb\r\nc\td".printable(limit: 100) == #"a\nb\r\nc\td"#)
        #expect("\u{0}\u{7}\u{7f}\u{9b}31m".printable(limit: 100) == #"\u{0}\u{7}\u{7f}\u{9b}31m"#)
        #expect("a\u{2028}b\u{2029}".printable(limit: 100) == #"a\u{2028}b\u{2029}"#)
    }

    @Test func `no character that the order of letters depends on is left`() {
        let marks = [0x061C, 0x200E, 0x200F] + Array(0x202A...0x202E) + Array(0x2066...0x2069)
        for mark in marks.compactMap({ Unicode.Scalar(UInt32($0)) }) {
            let shown = "a\(Character(mark))b".printable(limit: 100)
            #expect(shown == "a\\u{\(String(mark.value, radix: 16))}b")
        }
    }

    @Test func `what is too long ends with an ellipsis within the limit`() {
        #expect("abcdef".printable(limit: 6) == "abcdef")
        #expect("abcdefg".printable(limit: 6) == "abcde…")
        #expect("ab\u{1b}".printable(limit: 8) == #"ab\u{1b}"#)
        #expect("ab\u{1b}".printable(limit: 7) == "ab…")
        #expect("abc\u{1b}".printable(limit: 3) == "ab…")
        #expect("ab".printable(limit: 1) == "…")
        // One visible character of a thousand scalars is long as well.
        let tower = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(tower.printable(limit: 10).unicodeScalars.count == 10)
    }
}

@Suite struct `JSON that others wrote` {
    @Test func `is one line that says the same and holds nothing that a terminal obeys`() {
        #expect(#"{"a":"ä"}"#.jsonLine == #"{"a":"ä"}"#)
        #expect(
            "{\n\t\"a\":\r\n\"\u{7f}\u{9b}31m\u{2028}\u{202e}\"}".jsonLine
                == #"{  "a":  "\u007f\u009b31m\u2028\u202e"}"#)
    }

    @Test func `is quoted with everything escaped that a terminal obeys`() {
        #expect("plain".jsonQuoted == #""plain""#)
        #expect(
            "a\"\\\n\r\t\u{0}\u{1b}\u{7f}\u{9b}\u{2028}\u{202e}ä👩‍🔧".jsonQuoted
                == #""a\"\\\n\r\t\u0000\u001b\u007f\u009b\u2028\u202eä👩‍🔧""#)
    }
}
