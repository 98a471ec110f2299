import Vocabulary

/// The topics of a GridWorks link.
///
/// On the wire every `.` of a name becomes a `-`, and on receipt a genuine peer makes every `-` a `.`:
/// `a-b` and `a.b` are the same name there. So names are compared as they stand on the wire, and a short
/// name with either in it is refused by the layout check.
package enum GridworksTopics {
    /// Who takes the relays over by hand, in names as in handles.
    package static let admin = "admin"

    /// `gw/d1-house-scada/to/ltn`, below which the types stand.
    package static func root(from source: String, to destination: String) -> String {
        "gw/\(onWire(source))/to/\(onWire(destination))"
    }

    package static func topic(_ type: String, from source: String, to destination: String) -> String
    {
        "\(root(from: source, to: destination))/\(onWire(type))"
    }

    package static func all(from source: String, to destination: String) -> String {
        "\(root(from: source, to: destination))/#"
    }

    /// Whether `topic` is `root` or below. A genuine peer does not look at what stands there.
    package static func isTopic(_ topic: String, of root: String) -> Bool {
        guard topic.utf8.starts(with: root.utf8) else { return false }
        let rest = topic.utf8.dropFirst(root.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }

    private static func onWire(_ name: String) -> String {
        String(
            decoding: name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "-") : $0 },
            as: UTF8.self)
    }
}
