import CLinux
import Glibc
import Vocabulary

/// Whether the system vouches for its wall clock. Any one of these is enough:
///
/// - the kernel says that its clock is synchronised, as NTP programs have it say;
/// - systemd-timesyncd has set the clock since the machine was switched on;
/// - the hardware clock gave the kernel its time at the start and still agrees with it;
/// - there is no device tree: a PC, a virtual machine or a container, whose firmware or host keeps time.
///
/// The last two count only after `earliest`: a battery that is empty has clocks start years ago. A board
/// without a hardware clock has a device tree and none of the others until NTP has put it right;
/// that `fake-hwclock` or systemd gave it the time of its last stop vouches for nothing.
///
/// Source: adjtimex(2); systemd-timesyncd(8), /run/systemd/timesync/synchronized; Linux,
/// Documentation/ABI/testing/sysfs-class-rtc, hctosys.
package struct ClockEvidence: Sendable {
    /// 2026-01-01, before which this program did not exist.
    static let earliest = WallTime(nanoseconds: 1_767_225_600_000_000_000)
    /// The hardware clock counts whole seconds, and the two drift apart.
    static let agreement = Duration.seconds(10)

    /// Where the system's files are: empty, but for tests.
    package let root: String
    private let kernelSaysSo: @Sendable () -> Bool

    init(root: String = "", kernelSaysSo: @escaping @Sendable () -> Bool = Self.isSynchronised) {
        (self.root, self.kernelSaysSo) = (root, kernelSaysSo)
    }

    func vouches(for wall: WallTime) -> Bool {
        if kernelSaysSo() || exists("/run/systemd/timesync/synchronized") { return true }
        guard wall > Self.earliest else { return false }
        return !exists("/sys/firmware/devicetree") || hardwareClockAgrees(with: wall)
    }

    private func hardwareClockAgrees(with wall: WallTime) -> Bool {
        guard word("/sys/class/rtc/rtc0/hctosys") == "1",
            let seconds = word("/sys/class/rtc/rtc0/since_epoch").flatMap(Int64.init)
        else { return false }
        let difference = wall.nanoseconds / 1_000_000_000 - seconds
        return abs(difference) <= Self.agreement.components.seconds
    }

    private func word(_ path: String) -> String? {
        guard let bytes = try? Machine.bytes(of: root + path, limit: 4096) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first
            .map(String.init)
    }

    private func exists(_ path: String) -> Bool {
        // Sound: the path lives for the length of the call.
        unsafe access(root + path, F_OK) == 0
    }

    private static let isSynchronised: @Sendable () -> Bool = {
        tidegate_clock_is_synchronised() != 0
    }
}
