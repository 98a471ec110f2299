import Drivers
import Layouts
import StandardCodecs
import Testing

/// What a layout may say wrongly of the names that a GridWorks parent knows.
@Suite struct `In shNodes and dataChannels` {
    private static let id = "c0ffee00-0000-4000-8000-000000000001"

    @Test(arguments: [
        (#"{"name": "s"}, {"name": "s"}"#, "", "node s is already in use by"),
        (#"{"name": "a", "id": "x"}"#, "", "is not a UUID of version 4"),
        (
            #"{"name": "a", "id": "\#(id)"}, {"name": "b", "id": "\#(id)"}"#, "",
            "id \(id) is already in use by"
        ),
        ("", #"{"channel": "pumps"}"#, "there is no channel pumps; did you mean pump"),
        ("", #"{"channel": "pump", "about": "well"}"#, "there is no node well; a thing"),
        (
            #"{"name": "mux"}"#, #"{"channel": "pump", "capturedBy": "mux"}"#,
            "mux needs an actorClass"
        ),
        (
            #"{"name": "pump", "actorClass": "NoActor"}"#, "",
            "node pump is a NoActor there; channel pump needs capturedBy"
        ),
    ])
    func `a mistake among them is reported`(nodes: String, channels: String, message: String) {
        let text = """
            {"gateway": "d1.demo.scada", "nodes": [
              {"name": "pump", "kind": "relay", "safeState": "off",
               "component": {"driver": "gpio-relay", "line": "demo/17"}}],
             "upstreams": [{"name": "p", "broker": "mqtt://127.0.0.1", "codec": "gridworks",
              "gridworks": {"parent": "d1.demo", "instance": "\(Self.id)",
               "shNodes": [\(nodes)], "dataChannels": [\(channels)]}}]}
            """
        let problems = LayoutReader.read(
            Array(text.utf8), registry: .standard, codecs: .standard
        ).problems.map(\.description)
        #expect(problems.count == 1 && problems[0].contains(message), "\(problems)")
    }
}
