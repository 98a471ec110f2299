import ArgumentParser
import Host
import Web

package struct WebPasswordCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "web-password",
        abstract: "Print the line that a file keeps instead of the page's password.",
        discussion: """
            Reads the password from the first line of standard input. Keep what it prints in the file that the \
            layout names in web.password.
            """)

    package init() {}

    package func run() throws {
        guard let password = readLine(), password.utf8.count >= WebPassword.shortest else {
            Output.error(
                "tidegate: the password on standard input must have \(WebPassword.shortest) bytes or more"
            )
            throw ExitStatus.usage.code
        }
        var chance = SystemChance()
        guard let line = WebPasswordLine(of: password, using: &chance) else {
            Output.error("tidegate: not enough memory to stretch a password")
            throw ExitStatus.software.code
        }
        Output.line("\(line)")
    }
}
