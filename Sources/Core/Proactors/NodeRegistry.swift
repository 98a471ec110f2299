import Channels
import Mqtt
import Nodes
import Vocabulary

/// Who works in a gateway: its nodes, and where its actuators are asked.
struct NodeRegistry: Sendable {
    var profile: GatewayProfile
    private(set) var nodes: [ShNodeName: ShNode] = [:]
    /// Actuators that have left the layout and are not known to be safe. They are tried for on.
    private(set) var orphaned: [ShNodeName: ShNode] = [:]
    /// Where nodes that take commands are asked.
    private(set) var requestQueues: [ShNodeName: RequestQueue<PendingCommand, CommandOutcome>] = [:]

    /// The session of each upstream, for its watcher.
    var sessions: [UpstreamName: any Upstream] = [:]

    init(profile: GatewayProfile, nodes: [ShNode], clock: any GatewayClock) {
        self.profile = profile
        for node in nodes { add(node, clock: clock) }
    }

    /// How much the watch may say at once: it speaks of each channel at most once a look, so nothing of
    /// it is ever dropped.
    var watchCapacity: Int {
        16 * (nodes.values.reduce(0) { $0 + $1.component.channels.count } + nodes.count + 1)
    }

    mutating func add(_ node: ShNode, clock: any GatewayClock) {
        nodes[node.name] = node
        guard node.takesCommands else { return }
        requestQueues[node.name] = RequestQueue<PendingCommand, CommandOutcome>(
            "node \(node.name)", bound: Proactor.commandsPerNode, clock: clock)
    }

    /// The node that goes on in the place of one that was no actuator.
    /// - Returns: Where the one before was asked, if anywhere.
    mutating func replace(
        with node: ShNode, clock: any GatewayClock
    ) -> RequestQueue<PendingCommand, CommandOutcome>? {
        defer { add(node, clock: clock) }
        return requestQueues[node.name]
    }

    mutating func remove(_ name: ShNodeName) {
        (nodes[name], requestQueues[name]) = (nil, nil)
    }

    /// A node that was removed is not safe yet.
    mutating func orphan(_ node: ShNode) { orphaned[node.name] = node }

    /// - Returns: Whether it was orphaned until now.
    mutating func rescue(_ node: ShNode) -> Bool {
        guard orphaned[node.name] === node else { return false }
        orphaned[node.name] = nil
        return true
    }
}
