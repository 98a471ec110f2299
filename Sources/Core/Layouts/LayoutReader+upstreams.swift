import Delivery
import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// - Returns: The upstreams that are complete, in layout order.
    mutating func readUpstreams(_ nodes: [NodeLayout]) -> [UpstreamLayout] {
        var embedded: Place?
        var claimed: [String: Place] = [:]
        var result: [UpstreamLayout] = []
        for section in document.sections("upstreams", .upstream(codecs)) {
            let name = section.name("name", UpstreamTag.self)
            if let name, let taken = upstreamNames.take(name.text, at: section.place) {
                report(section.place(of: "name"), "\(taken)")
            }
            let broker = section.text("broker")
            if broker == "embedded" {
                if let embedded {
                    report(
                        section.place(of: "broker"),
                        "\(embedded) already uses the embedded broker; one is the limit")
                }
                embedded = embedded ?? section.place
            }
            let upstream = broker.flatMap { readUpstream(section, name, broker: $0, nodes) }
            guard let upstream else { continue }
            result.append(upstream)
            for claim in claims(of: upstream, section) {
                if let first = claimed[claim.words] {
                    report(claim.place, "\(first) \(claim.words) already; \(claim.remedy)")
                    break
                }
                claimed[claim.words] = section.place
            }
        }
        return result
    }

    /// What no other upstream may do, or the two would receive each other's commands and acknowledgements.
    private func claims(
        of upstream: UpstreamLayout, _ section: Section
    ) -> [(words: String, place: Place, remedy: String)] {
        // A second embedded broker is reported for itself.
        guard case .address(let broker) = upstream.broker else { return [] }
        let way = "over \(broker.socket ?? "\(broker.host.lowercased()):\(broker.port)")"
        return upstream.codec.settings.claims(topic: upstream.topic).map { claim in
            let key = claim.path.first.flatMap { section.says($0) ? $0 : nil } ?? "broker"
            let place = claim.path.dropFirst().reduce(section.place(of: key)) { $0.below($1) }
            return ("\(claim.words.verb) \(way) \(claim.words.object)", place, claim.remedy)
        }
    }

    /// The words that an upstream speaks; nil when they are not complete.
    private mutating func readCodec(_ upstream: Section, _ nodes: [NodeLayout]) -> CodecChoice? {
        let named = upstream.node["codec"]?.text
        guard let codec = codecs[upstream.text("codec")] ?? codecs.standard else { return nil }
        // Of a codec that is misspelt it is not known which one it is.
        for other in codecs.codecs
        where other.name != codec.name && (named == nil || codecs[named] != nil) {
            for key in other.keys where upstream.says(key.name) {
                report(
                    upstream.place(of: key.name),
                    "has no effect without \"codec\": \"\(other.name)\"")
            }
        }
        return codec.read(&self, upstream, nodes).map {
            CodecChoice(name: codec.name, settings: $0)
        }
    }

    private mutating func readUpstream(
        _ section: Section, _ name: UpstreamName?, broker text: String, _ nodes: [NodeLayout]
    ) -> UpstreamLayout? {
        let broker: UpstreamLayout.Broker
        if text == "embedded" {
            broker = .embedded
            checkEmbedded(section)
        } else {
            guard let address = BrokerAddress(text) else { return nil }
            broker = .address(address)
            checkTls(section, address)
            if section.says("listen") {
                report(section.place(of: "listen"), "is for the embedded broker only")
            }
            if section.says("password"), !section.says("user") {
                report(section.place(of: "password"), "has no effect without user")
            }
        }
        let files = readTls(section)
        let codec = readCodec(section, nodes)
        guard let name, let codec, let topic = section.text("topic"),
            let keepAlive = section.duration("keepAlive"), let link = LinkRules(section, &self)
        else { return nil }
        return UpstreamLayout(
            name: name, broker: broker, listen: listenAddress(section), topic: topic,
            user: section.text("user"), password: section.secret("password"), tls: files,
            keepAlive: keepAlive, mqttVersion: section.text("mqttVersion"), codec: codec, link: link
        )
    }

    /// The embedded broker has logins for its TCP port only.
    private mutating func checkEmbedded(_ section: Section) {
        let isOpen = section.says("listen")
        for key in ["user", "password", "tls"] where section.says(key) {
            guard key == "tls" || !isOpen else { continue }
            report(
                section.place(of: key),
                "the embedded broker is private and needs no \(key)"
                    + (key == "tls" ? "" : " without listen"))
        }
        guard isOpen else { return }
        if section.says("user") != section.says("password") {
            report(section.place, "user and password of listen go together")
        }
        if let user = section.text("user"), user.contains(":") {
            report(section.place(of: "user"), "mosquitto takes no user with a colon")
        }
        guard let own = listenAddress(section) else { return }
        let place = section.place(of: "listen")
        if own.port == 0 { report(place, "needs a port from 1 on") }
        let peers = document.section("peers", .peers)?.text("listen").flatMap(PeersLayout.address)
        if own.port == peers?.port {
            report(place, "port \(own.port) is already in use by peers")
        }
    }

    private func listenAddress(_ section: Section) -> ListenAddress? {
        section.text("listen").flatMap(PeersLayout.address)
            .map { ListenAddress(host: $0.host, port: $0.port) }
    }

    private mutating func checkTls(_ section: Section, _ address: BrokerAddress) {
        if address.usesTls, !section.says("tls") {
            report(
                section.place,
                "tls is missing: mqtts needs {\"ca\": \"PATH\"}, for a public broker "
                    + "/etc/ssl/certs/ca-certificates.crt")
        }
        if !address.usesTls, section.says("tls") {
            report(section.place(of: "tls"), "needs a broker address with mqtts://")
        }
    }

    private mutating func readTls(_ section: Section) -> TlsFiles? {
        guard let tls = section.section("tls", .tls) else { return nil }
        if tls.says("certificate") != tls.says("key") {
            report(tls.place, "certificate and key go together")
        }
        guard let ca = tls.text("ca") else { return nil }
        return TlsFiles(
            ca: ca, certificate: tls.text("certificate"), key: tls.secret("key"))
    }
}
