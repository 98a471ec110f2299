import Fakes
import NIOCore
import NIOSSL
import Testing
import Vocabulary

@testable import Peers

/// Certificates have dates. Here it is the 21st of November 2026.
@Suite(.timeLimit(.minutes(10))) struct `A certificate on the direct link` {
    private func key(_ name: String, from first: String, to last: String) throws -> PeerKey {
        var chance = SystemRandomNumberGenerator()
        return try PeerKey(
            name: name, from: "\(first)000000Z", to: "\(last)235959Z", using: &chance)
    }

    @Test(arguments: [
        ("20250101", "20251231", "expired on 2025-12-31"),
        ("20300101", "20301231", "not valid before 2030-01-01"),
    ])
    func `that is not valid now lets nobody in, paired or not`(
        first: String, last: String, why: String
    ) async throws {
        let (ours, theirs) = (try newKey("gateway"), try key("laptop", from: first, to: last))
        let service = ScriptedService()
        let gateway = try await Listening(
            tls: try .knowing(ours, theirs, may: [.read]), service: service)
        let laptop = requester(tls: try .knowing(theirs, ours))
        let error = await #expect(throws: PeerError.self) {
            try await laptop.ask(.status, of: gateway.address)
        }
        // The other side knows its own dates.
        #expect(error?.kind == .notTrusted && error?.detail.contains(why) == true)
        for await line in gateway.node.notices where line.contains("peer0") {
            #expect(line.contains(why), "\(line)")
            break
        }
        #expect(service.asked.withLock { $0.isEmpty })
        for node in [laptop, gateway.node] { await node.stop() }
    }

    @Test func `of a gateway that is not valid now is not spoken with`() async throws {
        let ours = try key("gateway", from: "20250101", to: "20251231")
        let theirs = try newKey("laptop")
        let gateway = try await Listening(
            PeerSettings(echoes: true), tls: try .knowing(ours, theirs, may: [.read]))
        let laptop = requester(tls: try .knowing(theirs, ours))
        let error = await #expect(throws: PeerError.self) {
            try await laptop.ask(.status, of: gateway.address)
        }
        #expect(error?.kind == .notTrusted)
        #expect(error?.detail.contains("its certificate expired on 2025-12-31") == true)
        for node in [laptop, gateway.node] { await node.stop() }
    }

    @Test func `that expires ends its connection at the next question`() async throws {
        let (ours, theirs) = (
            try newKey("gateway"), try key("laptop", from: "20250101", to: "20261121")
        )
        let clock = ManualClock.noon
        let gateway = try await Listening(
            tls: try .knowing(ours, theirs, may: [.read]), service: ScriptedService(), clock: clock)
        let laptop = requester(tls: try .knowing(theirs, ours))
        _ = try await laptop.ask(.status, of: gateway.address)
        clock.jump(by: .seconds(86_400))
        await #expect(throws: PeerError.self) {
            try await laptop.ask(.status, of: gateway.address)
        }
        for node in [laptop, gateway.node] { await node.stop() }
    }

    @Test func `that keygen makes is valid on a board that does not know the date`() throws {
        let made = try newKey("gateway")
        let certificate = try #require(
            try NIOSSLCertificate.fromPEMBytes(Array(made.certificate.utf8)).first)
        let validity = PeerValidity(certificate)
        for second: Int64 in [0, 1_767_225_600, 9_000_000_000] {
            let clock = ManualClock(
                wall: WallTime(nanoseconds: second * 1_000_000_000), isSynchronised: false)
            #expect(validity.problem(on: clock) == nil)
        }
    }

    @Test func `that is not valid by an unset clock is reported with the clock`()
        throws
    {
        let made = try key("laptop", from: "20250101", to: "20251231")
        let certificate = try #require(
            try NIOSSLCertificate.fromPEMBytes(Array(made.certificate.utf8)).first)
        let validity = PeerValidity(certificate)
        let early = ManualClock(wall: WallTime(nanoseconds: 0), isSynchronised: false)
        #expect(
            validity.problem(on: early)
                == "is not valid before 2025-01-01; the clock of this machine is at 1970-01-01, "
                + "which is not synchronised")
        #expect(validity.problem(on: ManualClock()) == "expired on 2025-12-31")
        #expect(
            validity.problem(on: ManualClock(isSynchronised: false))?.contains("not synchronised")
                == true)
    }
}
