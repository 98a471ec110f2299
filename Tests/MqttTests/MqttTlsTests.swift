import Fakes
import TestMachine
import Testing
import Vocabulary

@testable import Mqtt

/// Sessions over TLS with an authority of the test's own.
@Suite(.ownThread, .timeLimit(.minutes(10)))
struct MqttTlsTests {
    let clock = ManualClock()

    func broker(_ certificates: TestCertificates, server: String = "server") throws -> TestBroker {
        try TestBroker(
            [
                "allow_anonymous false", "cafile \(certificates.certificate("authority"))",
                "certfile \(certificates.certificate(server))",
                "keyfile \(certificates.key(server))", "require_certificate true",
                "use_identity_as_username true", "acl_file FOLDER/acl",
            ], files: ["acl": "user gateway\ntopic readwrite own/#\n"])
    }

    /// The first news of a session with these files, and the session.
    func firstNews(
        _ address: BrokerAddress, _ tls: MqttTls?
    ) async -> (MqttEvent?, MqttSession, NewsReader) {
        let session = MqttSession(
            settings: MqttSettings(broker: address, clientID: "one", tls: tls), clock: clock)
        let news = NewsReader(session)
        session.connect()
        return (await news.next(), session, news)
    }

    /// Why the broker was not reached.
    func problem(_ address: BrokerAddress, _ tls: MqttTls?) async -> String {
        let (news, session, _) = await firstNews(address, tls)
        session.close()
        if case .unreachable(let reason) = news { return reason }
        return "\(String(describing: news))"
    }

    @Test func `a client certificate logs in under its name`() async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try broker(files)
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (first, session, news) = await firstNews(
            broker.tlsAddress,
            MqttTls(
                ca: files.certificate("authority"),
                certificate: files.certificate("gateway"), key: files.key("gateway")))
        #expect(first == .connected(sessionPresent: false))
        let id = try session.publish(
            MqttMessage(topic: "own/a", payload: Array(repeating: 7, count: 50_000)))
        #expect(await news.next() == .acknowledged(id))
        let denied = try session.publish(MqttMessage(topic: "other/a", payload: [1]))
        guard case .publishRefused(denied, _, _, _) = await news.next() else {
            Issue.record("the access list did not hold")
            return
        }
        session.close()
        #expect(await news.next() == nil)
    }

    @Test func `a broker of another authority is not trusted`() async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try broker(files)
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let words = await problem(
            broker.tlsAddress,
            MqttTls(
                ca: files.certificate("stranger"),
                certificate: files.certificate("gateway"), key: files.key("gateway")))
        #expect(
            words.contains(
                "the broker's certificate is not from the CA in "
                    + files.certificate("stranger")), "\(words)")
    }

    @Test func `a broker with another host's certificate is not trusted`() async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try broker(files, server: "elsewhere")
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let words = await problem(
            broker.tlsAddress,
            MqttTls(
                ca: files.certificate("authority"),
                certificate: files.certificate("gateway"), key: files.key("gateway")))
        #expect(words.contains("is not for 127.0.0.1"), "\(words)")
    }

    @Test func `a broker that wants a client certificate and gets none says so`() async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try broker(files)
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let words = await problem(
            broker.tlsAddress, MqttTls(ca: files.certificate("authority")))
        // The broker's reason is lost when it hangs up before it is read.
        #expect(
            words.contains("requires a client certificate")
                || words.contains("may ask for a client certificate"), "\(words)")
    }

    @Test func `a broker without TLS is distinguished from one that is down`() async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        let tls = MqttTls(ca: files.certificate("authority"))
        let down = await problem(broker.tlsAddress, tls)
        #expect(down.contains("refused"), "\(down)")
        try await broker.start()
        let words = await problem(broker.tlsAddress, tls)
        #expect(words.contains("check that the broker speaks TLS on port"), "\(words)")
    }

    @Test func `a file that is not there is named`() async {
        let words = await problem(
            BrokerAddress(host: "127.0.0.1", port: 1, usesTls: true),
            MqttTls(ca: "/nowhere/ca.pem"))
        #expect(
            words
                == "mqtts://127.0.0.1:1: tls file /nowhere/ca.pem: No such file or directory")
    }

    @Test func `a broker without a public certificate is not trusted by the system's list`()
        async throws
    {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try broker(files)
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let words = await problem(broker.tlsAddress, nil)
        #expect(words.contains("is not from the CA in /etc/ssl/certs"), "\(words)")
    }

    @Test func `a certificate of another time is distinguished from one of a stranger`()
        async throws
    {
        let files = try TestCertificates()
        defer { files.remove() }
        try files.make("early", from: "390101000000Z", to: "400101000000Z")
        try files.make("expired", from: "200101000000Z", to: "210101000000Z")
        for (name, words) in [
            ("early", "not valid before 2039-01-01; check this machine's clock"),
            ("expired", "expired on 2021-01-01"),
        ] {
            let broker = try broker(files, server: name)
            defer { withExtendedLifetime(broker) {} }
            try await broker.start()
            let problem = await problem(
                broker.tlsAddress, MqttTls(ca: files.certificate("authority")))
            #expect(problem.contains(words), "\(problem)")
        }
    }

    @Test(arguments: [("named", "localhost"), ("127.0.0.1", "127.0.0.1")])
    func `a certificate is for the name that was asked for, or for the address in its place`(
        _ certificate: String, _ host: String
    ) async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let broker = try broker(files, server: certificate)
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let tls = MqttTls(
            ca: files.certificate("authority"), certificate: files.certificate("gateway"),
            key: files.key("gateway"))
        let (first, session, _) = await firstNews(
            BrokerAddress(host: host, port: broker.port, usesTls: true), tls)
        #expect(first == .connected(sessionPresent: false))
        session.close()
        // The other way about it is for another host.
        let other = host == "localhost" ? "127.0.0.1" : "localhost"
        let words = await problem(
            BrokerAddress(host: other, port: broker.port, usesTls: true), tls)
        #expect(words.contains("is not for \(other)"), "\(words)")
    }

    @Test func `a file that holds no certificate or key is named`() async throws {
        let files = try TestCertificates()
        defer { files.remove() }
        let (good, key) = (files.certificate("gateway"), files.key("gateway"))
        for (tls, culprit) in [
            (MqttTls(ca: key), key), (MqttTls(certificate: key, key: key), key),
            (MqttTls(certificate: good, key: good), good),
            (MqttTls(certificate: good, key: files.key("server")), files.key("server")),
        ] {
            let words = await problem(
                BrokerAddress(host: "127.0.0.1", port: 1, usesTls: true), tls)
            #expect(words.contains("tls file \(culprit): must hold"), "\(words)")
        }
    }
}
