import Channels
import Testing

@Suite(.timeLimit(.minutes(1))) struct `A mailbox` {
    @Test func `gives all that lies in it at once, each sender's letters in their order`() async {
        let mailbox = Mailbox<String>(laneCapacity: 8)
        let (left, right) = (mailbox.sender(named: "left"), mailbox.sender(named: "right"))
        left.send("l1")
        right.send("r1")
        left.send("l2")
        right.send("r2")
        let batch = await mailbox.next()
        #expect(batch?.letters == ["l1", "l2", "r1", "r2"])
        #expect(batch?.losses.isEmpty == true)
    }

    @Test func `gives way a flooding sender's oldest letters, counts them, and no one else's`()
        async
    {
        let mailbox = Mailbox<Int>(laneCapacity: 3)
        let (flood, calm) = (mailbox.sender(named: "flood"), mailbox.sender(named: "calm"))
        calm.send(-1)
        for letter in 1...10 { flood.send(letter) }
        calm.send(-2)
        let batch = await mailbox.next()
        #expect(batch?.letters == [-1, -2, 8, 9, 10])
        #expect(batch?.losses.map(\.sender) == ["flood"])
        #expect(batch?.losses.map(\.count) == [7])
    }

    @Test func `counts losses anew after each batch`() async {
        let mailbox = Mailbox<Int>(laneCapacity: 1)
        let sender = mailbox.sender(named: "meter")
        sender.send(1)
        sender.send(2)
        #expect(await mailbox.next()?.losses.map(\.count) == [1])
        sender.send(3)
        let batch = await mailbox.next()
        #expect(batch?.letters == [3])
        #expect(batch?.losses.isEmpty == true)
    }

    @Test func `wakes a consumer that waits`() async {
        let mailbox = Mailbox<Int>(laneCapacity: 1)
        let sender = mailbox.sender(named: "meter")
        async let batch = mailbox.next()
        sender.send(1)
        #expect(await batch?.letters == [1])
    }

    @Test func `that is closed gives what lies in it, takes nothing more, and ends`() async {
        let mailbox = Mailbox<Int>(laneCapacity: 4)
        let sender = mailbox.sender(named: "meter")
        sender.send(1)
        mailbox.close()
        sender.send(2)
        #expect(await mailbox.next()?.letters == [1])
        #expect(await mailbox.next() == nil)
    }

    @Test func `ends for a consumer that waits when it is closed`() async {
        let mailbox = Mailbox<Int>(laneCapacity: 4)
        async let batch = mailbox.next()
        mailbox.close()
        #expect(await batch == nil)
    }

    @Test func `ends for a consumer whose task is cancelled, and keeps its letters`() async {
        let mailbox = Mailbox<Int>(laneCapacity: 4)
        let waiting = Task { await mailbox.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        mailbox.sender(named: "meter").send(1)
        #expect(await mailbox.next()?.letters == [1])
    }

    @Test func `keeps the letters of a sender that is gone, then forgets its lane`() async {
        let mailbox = Mailbox<Int>(laneCapacity: 2)
        var sender: Mailbox<Int>.Sender? = mailbox.sender(named: "meter")
        for letter in 1...3 { sender?.send(letter) }
        sender = nil
        #expect(mailbox.senderCount == 1)
        let batch = await mailbox.next()
        #expect(batch?.letters == [2, 3])
        #expect(batch?.losses.map(\.count) == [1])
        #expect(mailbox.senderCount == 0)
    }

    @Test func `forgets 1,000 senders that come and go`() {
        let mailbox = Mailbox<Int>(laneCapacity: 2)
        var senders = (0..<1_000).map { mailbox.sender(named: "\($0)") }
        #expect(mailbox.senderCount == 1_000)
        senders.removeAll()
        #expect(mailbox.senderCount == 0)
    }

    @Test func `loses and doubles nothing when many send at once`() async {
        let mailbox = Mailbox<(sender: Int, number: Int)>(laneCapacity: 2_000)
        await withTaskGroup { group in
            for sender in 0..<8 {
                group.addTask {
                    let lane = mailbox.sender(named: "\(sender)")
                    for number in 0..<2_000 { lane.send((sender, number)) }
                }
            }
            var next = Array(repeating: 0, count: 8)
            while next.reduce(0, +) < 16_000, let batch = await mailbox.next() {
                #expect(batch.losses.isEmpty)
                for letter in batch.letters {
                    #expect(letter.number == next[letter.sender])
                    next[letter.sender] = letter.number + 1
                }
            }
            #expect(next == Array(repeating: 2_000, count: 8))
        }
    }
}
