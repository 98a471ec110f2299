import Channels
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A merge` {
    @Test func `gives all that lies in it at once, each source's elements in their order`() async {
        let merge = FanIn<String>(capacity: 8)
        let (left, right) = (merge.source(named: "left"), merge.source(named: "right"))
        left.send("l1")
        right.send("r1")
        left.send("l2")
        right.send("r2")
        let batch = await merge.nextBatch()
        #expect(batch?.elements == ["l1", "l2", "r1", "r2"])
        #expect(batch?.losses.isEmpty == true)
    }

    @Test func `evicts and counts a flooding source's oldest elements only`()
        async
    {
        let merge = FanIn<Int>(capacity: 3)
        let (flood, calm) = (merge.source(named: "flood"), merge.source(named: "calm"))
        calm.send(-1)
        for element in 1...10 { flood.send(element) }
        calm.send(-2)
        let batch = await merge.nextBatch()
        #expect(batch?.elements == [-1, -2, 8, 9, 10])
        #expect(batch?.losses.map(\.source) == ["flood"])
        #expect(batch?.losses.map(\.count) == [7])
    }

    @Test func `counts losses again after each batch`() async {
        let merge = FanIn<Int>(capacity: 1)
        let source = merge.source(named: "meter")
        source.send(1)
        source.send(2)
        #expect(await merge.nextBatch()?.losses.map(\.count) == [1])
        source.send(3)
        let batch = await merge.nextBatch()
        #expect(batch?.elements == [3])
        #expect(batch?.losses.isEmpty == true)
    }

    @Test func `wakes a reader that waits`() async {
        let merge = FanIn<Int>(capacity: 1)
        let source = merge.source(named: "meter")
        let waiting = Task.immediate { await merge.nextBatch() }
        source.send(1)
        #expect(await waiting.value?.elements == [1])
    }

    @Test func `that is closed gives what lies in it, takes nothing more, and ends`() async {
        let merge = FanIn<Int>(capacity: 4)
        let source = merge.source(named: "meter")
        source.send(1)
        merge.close()
        source.send(2)
        #expect(await merge.nextBatch()?.elements == [1])
        #expect(await merge.nextBatch()?.elements == nil)
    }

    @Test func `ends for a reader that waits when it is closed`() async {
        let merge = FanIn<Int>(capacity: 4)
        let waiting = Task.immediate { await merge.nextBatch() }
        merge.close()
        #expect(await waiting.value?.elements == nil)
    }

    @Test func `ends for a reader whose task is cancelled, and keeps its elements`() async {
        let merge = FanIn<Int>(capacity: 4)
        let waiting = Task.immediate { await merge.nextBatch() }
        waiting.cancel()
        #expect(await waiting.value?.elements == nil)
        merge.source(named: "meter").send(1)
        #expect(await merge.nextBatch()?.elements == [1])
    }

    @Test func `keeps the elements of a source that is gone, then forgets its place`() async {
        let merge = FanIn<Int>(capacity: 2)
        var source: FanIn<Int>.Source? = merge.source(named: "meter")
        for element in 1...3 { source?.send(element) }
        source = nil
        #expect(merge.sourceCount == 1)
        let batch = await merge.nextBatch()
        #expect(batch?.elements == [2, 3])
        #expect(batch?.losses.map(\.count) == [1])
        #expect(merge.sourceCount == 0)
    }

    @Test func `forgets 1,000 sources that come and go`() {
        let merge = FanIn<Int>(capacity: 2)
        var sources = (0..<1_000).map { merge.source(named: "\($0)") }
        #expect(merge.sourceCount == 1_000)
        sources.removeAll()
        #expect(merge.sourceCount == 0)
    }

    @Test func `loses and doubles nothing when many send at once`() async {
        let merge = FanIn<(sender: Int, number: Int)>(capacity: 2_000)
        await withTaskGroup { group in
            for sender in 0..<8 {
                group.addTask {
                    let source = merge.source(named: "\(sender)")
                    for number in 0..<2_000 { source.send((sender, number)) }
                }
            }
            var next = Array(repeating: 0, count: 8)
            while next.reduce(0, +) < 16_000, let batch = await merge.nextBatch() {
                #expect(batch.losses.isEmpty)
                for element in batch.elements {
                    #expect(element.number == next[element.sender])
                    next[element.sender] = element.number + 1
                }
            }
            #expect(next == Array(repeating: 2_000, count: 8))
        }
    }

    @Test func `ends with the cause of its close`() async {
        let merge = FanIn<Int>(capacity: 3)
        #expect(merge.cause == nil)
        merge.close(.failed("the gateway stops"))
        merge.close()
        #expect(await merge.nextBatch()?.elements == nil)
        #expect(merge.cause == .failed("the gateway stops"))
    }
}
