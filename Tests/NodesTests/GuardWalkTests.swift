import Foundation
import Testing
import Vocabulary

@testable import Nodes

/// `GUARD_WALKS` asks for more of them, as a soak does.
private let walks = ProcessInfo.processInfo.environment["GUARD_WALKS"].flatMap(UInt64.init) ?? 12

@Suite struct `Guards and interlocks in a storm of orders and faults` {
    @Test(arguments: 0..<walks)
    func `never break a rule, answer every order once, and come to rest`(seed: UInt64) {
        var world = GuardWorld(seed: seed)
        for number in 0..<300 {
            world.step()
            if let breach = world.breaches.first {
                Issue.record("seed \(seed), step \(number): \(breach)")
                return
            }
        }
        // The faults are mended; with nobody commanding, everything is where it belongs.
        for name in world.names {
            world.relays[name]?.isStuck = false
            world.relays[name]?.hasBrokenContact = false
            world.relays[name]?.isPluggedIn = true
            world.relays[name]?.contactFollows = world.now.advanced(by: .milliseconds(100))
        }
        for name in world.names {
            world.relays[name]?.brain.stop()
        }
        world.pass(.seconds(120))
        #expect(world.breaches == [])
        for name in world.names where world.relays[name]?.safe != .hold {
            #expect(world.isOn(name) == (name == "frost"), "seed \(seed): \(name)")
        }
        #expect(world.asked.count == world.answered.count)
        #expect(world.outcomes["confirmed", default: 0] > 10, "the walk goes nowhere")
        #expect(world.outcomes["refused", default: 0] > 3)
    }
}
