import Documents
import Vocabulary

/// The web server as a layout describes it.
public struct WebLayout: Hashable, Sendable {
    public let listen: ListenAddress
    /// Names of this machine, beside its address and those of loopback: `house.local`, `house.example:8443`.
    public let names: [String]
}

extension LayoutSection {
    static let web = LayoutSection(
        noun: "the web server",
        keys: [
            LayoutKey(
                "listen", .text(.peerAddress), .defaults(to: .text("127.0.0.1:2999")),
                "HOST:PORT to listen on, of this machine alone."),
            LayoutKey(
                "names", .texts(.webName), .optional,
                "Names that browsers may use for the server beside localhost and the address of listen, as "
                    + "a reverse proxy has one; with its port where that is another one than the usual."
            ),
        ])
}

extension TextForm {
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
        let place = section.place(of: "listen")
        if !PeersLayout.isLoopback(address.host) {
            report(
                place,
                "\(address.host) is not on this machine; the web server has no login yet and answers "
                    + "this machine alone")
        }
        if address.port != 0, address.port == peersPort {
            report(place, "port \(address.port) is already in use by peers")
        }
        return WebLayout(
            listen: ListenAddress(host: address.host, port: address.port),
            names: section["names"]?.list?.compactMap(\.text) ?? [])
    }

    /// The port of the direct link; nil when it is off.
    private var peersPort: UInt16? {
        document.section("peers", .peers)?.text("listen").flatMap(PeersLayout.address)?.port
    }
}
