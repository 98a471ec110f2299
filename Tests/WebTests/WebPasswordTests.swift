import Testing
import Vocabulary

@testable import Web

@Suite struct `The line that a file keeps instead of a password` {
    /// Source: RFC 7914, 12, the third vector, cut to 32 bytes.
    @Test func `is made by scrypt as others make it`() {
        let key = WebDigest.scrypt(
            Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8),
            WebDigest.Cost(logN: 14, r: 8, p: 1))
        #expect(
            key?.map(\.hex).joined()
                == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    }

    @Test func `is read as it is written`() throws {
        var chance = SeededGenerator(seed: 3)
        let line = try #require(WebPasswordLine(of: "correct horse", using: &chance))
        #expect("\(line)".hasPrefix("$scrypt$ln=14,r=8,p=5$"))
        #expect(WebPasswordLine("\(line)") == line)
    }

    @Test(arguments: [
        "", "$scrypt$", "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAA$", "$scrypt$ln=30,r=8,p=5$AAAAAAAAAAA$A",
        "$bcrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=18,r=16,p=5$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,r=8,p=5,x=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,r=8,p=5$AAAA?AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ])
    func `is refused when it is another, or would take too long`(text: String) {
        #expect(WebPasswordLine(text) == nil)
    }

    @Test(arguments: [[], [0], [1, 2], [255, 254, 253], Array(0...255)])
    func `writes bytes as text and reads them back`(bytes: [UInt8]) {
        #expect(Base64.bytes(Base64.text(bytes)) == bytes)
        #expect(Base64.text(Array("fooba".utf8)) == "Zm9vYmE")
    }
}
