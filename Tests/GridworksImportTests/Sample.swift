import Documents
import Foundation
import Gridworks
import Testing

/// The hand-written GridWorks layout with one of everything, and what may be done to it.
enum Sample {
    static let text: String = {
        let url = Bundle.module.url(forResource: "Samples/house", withExtension: "json")
        return (try? String(contentsOf: url!, encoding: .utf8)) ?? ""
    }()

    /// The form of June 2026: GNodes and Components in one list each, types of devices, no periods.
    static let listed = """
        {"TypeName": "gw.house0.layout", "GNodes": [
          {"Alias": "d1.demo", "BaseClass": "LeafTransactiveNode"},
          {"Alias": "d1.demo.ta", "BaseClass": "TerminalAsset"},
          {"Alias": "d1.demo.scada", "BaseClass": "Scada",
           "GNodeId": "0dbb2fb3-5db2-4391-bbd8-fc43e311fbce"}],
         "ShNodes": [
          {"Name": "s", "ActorClass": "PrimaryScada"},
          {"Name": "mux", "ActorClass": "I2cRelayMultiplexer", "ComponentId": "board"},
          {"Name": "vdc-relay", "ActorClass": "Relay", "ComponentId": "board"}],
         "Components": [
          {"ComponentId": "board", "DeviceType": "KridaDoubleRelayBoard16", "I2cAddressList": [32],
           "TypeName": "i2c.multichannel.dt.relay.component.gt", "ConfigList": [
            {"ActorName": "vdc-relay", "ChannelName": "vdc-relay", "RelayIdx": 1,
             "WiringConfig": "NormallyClosed", "EventType": "change.relay.state",
             "StateType": "relay.closed.or.open", "DeEnergizedState": "RelayClosed",
             "DeEnergizingEvent": "CloseRelay", "EnergizedState": "RelayOpen",
             "EnergizingEvent": "OpenRelay"}]}],
         "DataChannels": [
          {"Name": "vdc-relay", "AboutNodeName": "vdc-relay", "CapturedByNodeName": "mux",
           "TelemetryName": "RelayState"}]}
        """

    /// The sample with the first occurrence of one text in the place of another.
    static func with(_ old: String, _ new: String) -> String {
        guard let range = text.range(of: old) else {
            Issue.record("the sample does not hold \(old)")
            return text
        }
        return text.replacingCharacters(in: range, with: new)
    }

    static func problems(_ text: String) -> [String] {
        GridworksLayout.read(Array(text.utf8)).problems.map(\.description)
    }

    static func imported(_ text: String = text, hasUpstream: Bool = false) throws -> LayoutImport {
        let (layout, problems) = GridworksLayout.read(Array(text.utf8))
        #expect(problems.map(\.description) == [])
        return LayoutImport(try #require(layout), hasUpstream: hasUpstream)
    }
}

/// Reading what was written, as any reader of such text would.
enum JsonDocument {
    static func parse(_ text: String) -> (document: JsonNode?, problems: ProblemList) {
        JsonParser.parse(Array(text.utf8))
    }
}
