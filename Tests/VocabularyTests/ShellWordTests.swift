import Testing
import Vocabulary

@Suite struct `A word of a shell's command` {
    @Test(arguments: [
        ("/etc/tidegate/house.json", "/etc/tidegate/house.json"), ("maison-été", "maison-été"),
        ("", "''"), ("my house.json", "'my house.json'"), ("~/x", "'~/x'"), ("$HOME", "'$HOME'"),
        ("a'b", #"'a'\''b'"#), ("a;b", "'a;b'"), ("a*", "'a*'"),
    ]) func `is in quotation marks only where the shell would read more into it`(
        text: String, word: String
    ) {
        #expect(text.shellWord == word)
    }
}
