import Codecs
import Host
import Vocabulary

/// The names under which brokers may keep what this gateway has said: `retained` in the state directory, one a
/// line, the newest last.
///
/// What a layout no longer has when the gateway starts is taken back by them, at whatever broker. Names are
/// never forgotten but for newer ones, for a broker may come back after any time.
struct RetainedNames: Sendable {
    /// How many of each kind are remembered beyond those of the layout.
    static let mostFormer = 1_000
    private static let longestFile = 1 << 20

    private let path: String

    init(directory: String) { path = "\(directory)/retained" }

    /// Remembers what `profile` will have brokers keep.
    ///
    /// - Returns: What is remembered and not of it, the newest last.
    func note(
        _ profile: GatewayProfile
    ) throws(MachineError) -> FormerNames {
        let (channels, nodes) = try read()
        let present = profile.nodes.flatMap(\.channels)
        let here = (channels: Set(present.map(\.name)), nodes: Set(profile.nodes.map(\.name)))
        let formerChannels = channels.filter { !here.channels.contains($0.name) }
            .suffix(Self.mostFormer)
        let formerNodes = nodes.filter { !here.nodes.contains($0) }.suffix(Self.mostFormer)
        let lines =
            formerChannels.map { channel in
                "channel \(channel.name)" + (channel.node.map { " \($0)" } ?? "") + "\n"
            } + present.map { "channel \($0.name) \($0.node)\n" }
            + (formerNodes + profile.nodes.map(\.name)).map { "node \($0)\n" }
        try Machine.write(lines.joined(), to: path)
        return FormerNames(
            channels: Dictionary(formerChannels.map { ($0.name, $0.node) }) { $1 ?? $0 },
            nodes: Set(formerNodes))
    }

    /// A channel, and the node that it was of, where that was noted.
    private typealias Channel = (name: DataChannelName, node: ShNodeName?)

    /// Lines that are no names are left out.
    private func read() throws(MachineError) -> ([Channel], [ShNodeName]) {
        guard Machine.exists(path) else { return ([], []) }
        let text = String(
            decoding: try Machine.bytes(of: path, limit: Self.longestFile), as: UTF8.self)
        var (channels, nodes): ([Channel], [ShNodeName]) = ([], [])
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch (words.first, words.count) {
            case ("channel", 2...3):
                guard let name = DataChannelName(words[1]) else { continue }
                channels.append((name, words.count == 3 ? ShNodeName(words[2]) : nil))
            // Earlier versions noted relays alone.
            case ("node", 2), ("actuator", 2): ShNodeName(words[1]).map { nodes.append($0) }
            default: continue
            }
        }
        return (channels, nodes)
    }
}
