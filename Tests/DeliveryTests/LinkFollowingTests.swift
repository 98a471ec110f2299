import Health
import Testing
import Vocabulary

@testable import Delivery

@Suite struct `A lifecycle` {
    @Test func `goes along with a link that tries for ever, and says when its timeout is over`() {
        var (life, bench) = (LinkLifecycle(), LinkBench())
        let start = bench.now
        bench.take(.start)
        life.follow(bench.link, because: "", at: start)
        #expect(life.state == .connecting && life.nextLook == start.advanced(by: .seconds(60)))
        // A look in between changes nothing, and asks for no other.
        life.follow(bench.link, because: "refused", at: start.advanced(by: .seconds(30)))
        #expect(life.state == .connecting && life.nextLook == start.advanced(by: .seconds(60)))
        let late = start.advanced(by: .seconds(60))
        life.follow(bench.link, because: "nobody listens", at: late)
        #expect(life.state == .unreachable && life.nextLook == nil)
        #expect(life.cause == "open: timed out after 1min; nobody listens")
        life.follow(bench.link, because: "", at: late.advanced(by: .seconds(600)))
        #expect(life.state == .unreachable)
        bench.activate()
        life.follow(bench.link, because: "", at: late)
        #expect(life.state == .connected && life.cause == nil && life.nextLook == nil)
        bench.take(.disconnected("gone"))
        life.follow(bench.link, because: "gone", at: late)
        #expect(life.state == .connecting && life.nextLook == late.advanced(by: .seconds(60)))
        bench.take(.stop)
        life.follow(bench.link, because: "", at: late)
        #expect(life.state == .closed && life.nextLook == nil)
    }
}
