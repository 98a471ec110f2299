import Documents
import DriverKit
import Vocabulary

/// The web server as a layout describes it.
public struct WebLayout: Hashable, Sendable {
    public let listen: ListenAddress
    /// Names of this machine, beside its address and those of loopback: `house.local`, `house.example:8443`.
    public let names: [String]
    /// What requesters may do without a login: `read`, `switch`, `metrics`.
    public let rights: Set<String>
    /// The password of the page; nil for none.
    public let password: SecretSource?
    /// In layout order.
    public let tokens: [Token]
    /// Nil for plain HTTP.
    public let tls: Tls?

    /// A secret by which a program is known.
    public struct Token: Hashable, Sendable {
        public let name: String
        public let secret: SecretSource
        public let rights: Set<String>
    }

    /// What browsers are shown.
    public struct Tls: Hashable, Sendable {
        public let certificate: String
        public let key: SecretSource
    }
}

extension LayoutSection {
    static let webRights = ["read", "switch", "metrics"]

    static let web = LayoutSection(
        noun: "the web server",
        keys: [
            LayoutKey(
                "listen", .text(.peerAddress), .defaults(to: .text("127.0.0.1:2999")),
                "HOST:PORT to listen on. On the network a password or a token, and TLS, are required."
            ),
            LayoutKey(
                "names", .texts(.webName), .optional,
                "Names that browsers may use for the server beside localhost and the address of listen, "
                    + "as a reverse proxy has one; with its port where that is another one than the usual."
            ),
            LayoutKey(
                "rights", .value(.list(.choice(webRights))), .optional,
                "The rights without a login; read and metrics when left out and there is neither password "
                    + "nor token, else none."),
            LayoutKey(
                "password", .secret, .optional,
                "Where the password of the page is kept, plain or as tidegate web-password prints it. It "
                    + "gives all rights."),
            LayoutKey(
                "tokens", .sections(.webToken, most: 32), .optional, "Secrets of programs."),
            LayoutKey(
                "certificate", .text(.path), .optional, "The certificate for TLS, in PEM."),
            LayoutKey("key", .secret, .optional, "Where the certificate's private key is kept."),
        ])

    static let webToken = LayoutSection(
        noun: "a token of the web server",
        keys: [
            LayoutKey(
                "name", .text(.tokenName), .required,
                "Its name, in logs and in the history of commands."),
            LayoutKey(
                "token", .secret, .required,
                "Where the token is kept: 20 characters or more that a program made."),
            LayoutKey(
                "rights", .value(.list(.choice(webRights))), .required, "What it may do."),
        ])
}

extension TextForm {
    static let tokenName = TextForm(
        words: "a name of lower-case letters, digits and hyphens",
        schema: [("pattern", .text("^[a-z][a-z0-9-]*$")), ("maxLength", .whole(40))]
    ) { text in
        let isName =
            (1...40).contains(text.utf8.count)
            && text.first.map { ("a"..."z").contains($0) } == true
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            }
        return isName
            ? nil
            : "\(JsonValue.text(text).quoted) must be a name of lower-case letters, digits and hyphens"
    }

    /// `NAME` or `NAME:PORT`.
    static let webName = TextForm(
        words: "a name, or a name with a port",
        schema: [("pattern", .text("^[A-Za-z0-9.-]+(:[0-9]{1,5})?$")), ("maxLength", .whole(255))]
    ) { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isName =
            !parts[0].isEmpty && text.utf8.count <= 255
            && parts[0].allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || ".-".contains($0))
            }
        let isPort = parts.count == 1 || parts.count == 2 && UInt16(parts[1]) != nil
        return isName && isPort
            ? nil
            : "\(JsonValue.text(text).quoted) must be a name such as house.local, or with a port "
                + "house.example:8443"
    }
}

extension LayoutReader {
    mutating func readWeb() -> WebLayout? {
        guard let section = document.section("web", .web),
            let address = section.text("listen").flatMap(PeersLayout.address)
        else { return nil }
        let tokens = readTokens(section)
        let tls = readTls(ofWeb: section)
        let password = section.secret("password")
        let hasLogin = password != nil || !tokens.isEmpty
        let place = section.place(of: "listen")
        let rights = section["rights"]?.list.map { Set($0.compactMap(\.text)) }
        if !PeersLayout.isLoopback(address.host) {
            if !hasLogin || !section.says("certificate") {
                report(
                    place,
                    "\(address.host) is not on this machine; password or tokens, and certificate and "
                        + "key are required there")
            }
            if rights?.contains("switch") == true {
                report(
                    section.place(of: "rights"),
                    "switch without a login is possible on this machine only, and \(address.host) is not"
                )
            }
        }
        if address.port != 0, address.port == peersPort {
            report(place, "port \(address.port) is already in use by peers")
        }
        return WebLayout(
            listen: ListenAddress(host: address.host, port: address.port),
            names: section["names"]?.list?.compactMap(\.text) ?? [],
            rights: rights ?? (hasLogin ? [] : ["read", "metrics"]), password: password,
            tokens: tokens, tls: tls)
    }

    private mutating func readTokens(_ web: Section) -> [WebLayout.Token] {
        var names = KnownNames("token")
        var tokens: [WebLayout.Token] = []
        for section in web.sections("tokens", .webToken) {
            guard let name = section.text("name") else { continue }
            if let taken = names.take(name, at: section.place) {
                report(section.place(of: "name"), "\(taken)")
            }
            guard let secret = section.secret("token"), let rights = section["rights"]?.list else {
                continue
            }
            tokens.append(
                WebLayout.Token(
                    name: name, secret: secret, rights: Set(rights.compactMap(\.text))))
        }
        return tokens
    }

    private mutating func readTls(ofWeb section: Section) -> WebLayout.Tls? {
        if section.says("certificate") != section.says("key") {
            report(section.place, "certificate and key go together")
        }
        guard let certificate = section.text("certificate"), let key = section.secret("key") else {
            return nil
        }
        return WebLayout.Tls(certificate: certificate, key: key)
    }

    /// The port of the direct link; nil when it is off.
    private var peersPort: UInt16? {
        document.section("peers", .peers)?.text("listen").flatMap(PeersLayout.address)?.port
    }
}
