import NIOSSL
import Vocabulary

/// From when to when a certificate may be used, as it says itself.
struct PeerValidity: Hashable, Sendable {
    /// In seconds since 1970, the last one included.
    private let (first, last): (Int64, Int64)

    init(_ certificate: NIOSSLCertificate) {
        (first, last) = (Int64(certificate.notValidBefore), Int64(certificate.notValidAfter))
    }

    /// Why it may not be used now: `expired on 2026-01-31`; nil when it may.
    func problem(on clock: any GatewayClock) -> String? {
        let now = clock.wallTime
        let second = now.nanoseconds / 1_000_000_000
        let unsure = clock.isWallTimeSynchronised ? "" : ", which is not synchronised"
        if second > last {
            let hint = unsure.isEmpty ? "" : " by the clock of this machine\(unsure)"
            return "expired on \(Self.date(last))\(hint)"
        }
        guard second < first else { return nil }
        return "is not valid before \(Self.date(first)); the clock of this machine is at "
            + "\(Self.date(second))\(unsure)"
    }

    private static func date(_ second: Int64) -> Substring {
        let (nanoseconds, overflow) = second.multipliedReportingOverflow(by: 1_000_000_000)
        return WallTime(nanoseconds: overflow ? .max : nanoseconds).iso8601.prefix(10)
    }
}
