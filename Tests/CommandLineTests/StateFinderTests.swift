import Testing
import Vocabulary

@testable import CommandLine

@Suite struct `A state directory that is not given` {
    private func finder(_ files: [String: Int64], _ folders: [String: [String]] = [:])
        -> StateFinder
    {
        StateFinder(
            written: { files[$0] }, names: { folders[$0] ?? [] },
            environment: { ["HOME": "/home/anna"][$0] }, service: "/var/lib/tidegate")
    }

    private let own = "/home/anna/.local/state/tidegate"

    @Test func `is this user's or the service's, whichever was written last`() {
        let files = [
            "\(own)/d1.a.scada/j": Int64(1), "/var/lib/tidegate/j": 2, "\(own)/d1.b.scada/j": 3,
        ]
        #expect(
            finder(files).directories(with: "j", of: "d1.a.scada")
                == ["/var/lib/tidegate", "\(own)/d1.a.scada"])
        #expect(finder([:]).directories(with: "j", of: "d1.a.scada") == [])
    }

    @Test func `is looked for among all gateways when none is named`() {
        let files = ["\(own)/d1.a.scada/j": Int64(1), "/var/lib/tidegate/d1.b.scada/j": 2]
        let folders = [
            "\(own)/": ["d1.a.scada", "peer"], "/var/lib/tidegate": ["d1.b.scada", "j"],
        ]
        #expect(
            finder(files, folders).directories(with: "j", of: nil)
                == ["/var/lib/tidegate/d1.b.scada", "\(own)/d1.a.scada"])
    }

    @Test func `is the service's for a gateway's key, unless this user runs that gateway`() {
        let service = ["/var/lib/tidegate/.": Int64(1)]
        #expect(finder(service).home(of: "d1.a.scada") == "/var/lib/tidegate")
        #expect(finder([:]).home(of: "d1.a.scada") == "\(own)/d1.a.scada")
        let both = service.merging(["\(own)/d1.a.scada": 1]) { first, _ in first }
        #expect(finder(both).home(of: "d1.a.scada") == "\(own)/d1.a.scada")
    }
}
