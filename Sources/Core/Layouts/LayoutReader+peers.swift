import DriverKit
import Vocabulary

extension LayoutReader {
    mutating func readPeers() -> PeersLayout? {
        guard let section = document.section("peers", .peers), let listen = section.text("listen"),
            let address = PeersLayout.address(listen), let mode = section.text("mode"),
            let connections = section.whole("connections"), let echoes = section.flag("echo")
        else { return nil }
        let isLoopback = PeersLayout.isLoopback(address.host)
        if !isLoopback {
            if section.flag("tls") == false {
                report(
                    section.place(of: "tls"),
                    "\(address.host) is not on this machine; TLS is required there")
            }
            if section.says("rights") {
                report(
                    section.place(of: "rights"),
                    "is for peers without TLS; on the network each peer's rights are "
                        + "in the list of peers")
            }
        }
        if mode == "sync", section.says("slots"), section.whole("slots") != 1 {
            report(section.place(of: "slots"), "sync has one slot; more need \"mode\": \"async\"")
        }
        let rights = section["rights"]?.list?.compactMap(\.text) ?? []
        return PeersLayout(
            host: address.host, port: address.port, mode: mode,
            slots: section.whole("slots").map { Int($0) }, connections: Int(connections),
            rights: Set(rights), usesTls: !isLoopback || section.flag("tls") == true,
            key: section.text("key"), list: section.text("list"), echoes: echoes)
    }
}
