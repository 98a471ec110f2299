import DriverKit
import Layouts
import Threads
import Vocabulary

// What is done where the machine has no room for a gateway: it needs no thread, no task and no node.
extension GatewayAssembly {
    /// Why the machine cannot run the layout now; nil when it can. Sensors may go without for a while; what
    /// is asked for is room for the relays, the journal and the links.
    var lack: String? {
        let relays = layout.nodes.filter { $0.component.safeState != nil }.count
        // Log, screen, layout, watchdog, journal, embedded broker, and what each may have open.
        return Spare.problem(
            threads: 6 + relays + layout.upstreams.count + ThreadPlan.largeReserve,
            descriptors: 24 + 2 * relays + layout.upstreams.count, bytes: 512 << 20)
    }

    /// Drives relays to their safe states on the calling thread, one after the other, by opening them.
    ///
    /// - Parameter names: Nil for all of them.
    /// - Returns: One line for each that is not known to be safe.
    func driveSafeStates(of names: Set<ShNodeName>? = nil) -> [String] {
        let relays = layout.nodes.filter { node in
            node.component.safeState?.value != nil && names?.contains(node.name) ?? true
        }
        let open: Opener
        do throws(DriverError) {
            open = try opener(for: relays, in: layout)
        } catch {
            return ["\(error)"]
        }
        // What is to be off goes first: others may be on only then.
        let isOn = { (node: NodeLayout) in node.component.safeState?.value != 0 }
        return (relays.filter { !isOn($0) } + relays.filter(isOn)).compactMap { node -> String? in
            do throws(DriverError) {
                _ = try open(node, node.component)
                return nil
            } catch {
                return "node \(node.name): \(error.detail)"
            }
        }
    }
}
