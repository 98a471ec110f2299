import Conformance
import Testing

@Suite struct `The codec for GridWorks` {
    private typealias Site = GridworksHouse

    @Test(arguments: [true, false])
    func `keeps the promises of every codec`(hasAdmin: Bool) {
        let command = Site.said(
            "fsm.event", Site.event("CloseRelay", to: "a.relay1", from: "a"))
        #expect(
            CodecConformance.broken(
                by: Site.codec(hasAdmin: hasAdmin).codec, of: Site.profile, command: command) == [])
    }
}
