import Foundation
import Testing
import Vocabulary

@testable import Host

/// A folder with the files by which a machine vouches for its time.
private final class MachineFiles {
    let root = NSTemporaryDirectory() + "tidegate-clock-\(UUID().uuidString.prefix(8))"

    deinit { try? FileManager.default.removeItem(atPath: root) }

    @discardableResult
    func with(_ path: String, _ text: String = "") throws -> Self {
        let file = URL(fileURLWithPath: root + path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return self
    }

    func vouch(for wall: WallTime, kernelSaysSo: Bool = false) -> Bool {
        ClockEvidence(root: root, kernelSaysSo: { kernelSaysSo }).vouches(for: wall)
    }
}

@Suite struct `A machine vouches for its time` {
    private let now = WallTime(nanoseconds: 1_795_000_000_000_000_000)
    private let longAgo = WallTime(nanoseconds: 1_577_836_800_000_000_000)
    private static let tree = "/sys/firmware/devicetree/base/model"

    @Test func `when its kernel is synchronised, or timesyncd has set the clock`() throws {
        let board = try MachineFiles().with(Self.tree, "Raspberry Pi 4 Model B")
        #expect(board.vouch(for: now, kernelSaysSo: true))
        #expect(!board.vouch(for: now))
        try board.with("/run/systemd/timesync/synchronized")
        #expect(board.vouch(for: now))
    }

    @Test func `not when a board without a hardware clock only goes on from its last stop`() throws
    {
        let board = try MachineFiles().with(Self.tree, "Raspberry Pi Zero 2 W")
            .with("/etc/fake-hwclock.data", "2026-11-20 20:17:01")
        #expect(!board.vouch(for: now))
    }

    @Test func `when its hardware clock gave it the time and still agrees`() throws {
        let board = try MachineFiles().with(Self.tree, "Raspberry Pi 5")
            .with("/sys/class/rtc/rtc0/hctosys", "1\n")
        #expect(!board.vouch(for: now))
        for (seconds, agrees) in [(0, true), (9, true), (-9, true), (60, false), (-60, false)] {
            try board.with("/sys/class/rtc/rtc0/since_epoch", "\(1_795_000_000 + seconds)\n")
            #expect(board.vouch(for: now) == agrees, "\(seconds)")
        }
        try board.with("/sys/class/rtc/rtc0/since_epoch", "\(1_795_000_000)\n")
            .with("/sys/class/rtc/rtc0/hctosys", "0\n")
        #expect(!board.vouch(for: now))
    }

    @Test func `not when the battery of its hardware clock is empty`() throws {
        let board = try MachineFiles().with(Self.tree, "Raspberry Pi 5")
            .with("/sys/class/rtc/rtc0/hctosys", "1\n")
            .with("/sys/class/rtc/rtc0/since_epoch", "42\n")
        #expect(!board.vouch(for: WallTime(nanoseconds: 42_000_000_000)))
        // systemd starts no earlier than the day it was built.
        #expect(!board.vouch(for: now))
        #expect(!MachineFiles().vouch(for: longAgo))
    }

    @Test func `when it is a PC, a virtual machine or a container`() {
        #expect(MachineFiles().vouch(for: now))
    }

    @Test func `as this one does, whose clock goes on and does not jump`() throws {
        let clock = SystemClock()
        let before = clock.timestamp
        #expect(clock.look() == [])
        let after = clock.timestamp
        #expect(before.wall <= after.wall)
        #expect(before.monotonic <= after.monotonic)
        #expect(before.isSynchronised == clock.isWallTimeSynchronised)
    }
}
