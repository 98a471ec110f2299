import Testing

@testable import Host

@Suite struct `Pages of the start` {
    private func mapping(_ head: String, anonymous: Int = 0, swap: Int = 0) -> String {
        """
        \(head)
        Size:                 64 kB
        Rss:                  64 kB
        Anonymous:      \(anonymous) kB
        AnonHugePages:         0 kB
        Swap:                \(swap) kB
        SwapPss:               0 kB
        VmFlags: rd ex mr mw me sd

        """
    }

    @Test func `are released where they are a file's own and cannot have changed`() {
        let text =
            mapping("1000-5000 r-xp 00000000 08:01 42   /usr/bin/tidegate")
            + mapping("5000-6000 r--p 00004000 08:01 42   /usr/bin/tidegate", anonymous: 4)
            + mapping("6000-7000 rw-p 00005000 08:01 42   /usr/bin/tidegate")
            + mapping("7000-9000 r--p 00000000 08:01 43   /usr/lib/libssl.so.3")
            + mapping("9000-a000 r--p 00000000 08:01 43   /usr/lib/libssl.so.3", swap: 8)
            + mapping("a000-b000 r--s 00000000 00:05 44   /dev/shm/shared")
            + mapping("b000-c000 r--p 00000000 00:00 0")
            + mapping("c000-d000 r-xp 00000000 00:00 0    [vdso]")
        #expect(StartUpPages.unchanged(in: text) == [0x1000..<0x5000, 0x7000..<0x9000])
        #expect(StartUpPages.unchanged(in: "") == [])
        #expect(StartUpPages.unchanged(in: "nonsense\n1-2-3 r-xp\n5000-1000 r-xp 0 0 0 /a") == [])
    }

    @Test func `come back when they are used`() {
        StartUpPages.release()
        #expect("\(5.5 + 1)".count == 3)
    }
}
