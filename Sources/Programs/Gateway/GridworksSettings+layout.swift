import Gridworks
import Layouts

extension GridworksSettings {
    /// What the layout says of a GridWorks link.
    init(_ link: GridworksLink) {
        let relays = link.relays.map { relay in
            (
                relay.node,
                GridworksRelayWords(
                    eventType: relay.eventType, deEnergizingEvent: relay.deEnergizingEvent,
                    energizingEvent: relay.energizingEvent, stateType: relay.stateType,
                    deEnergizedState: relay.deEnergizedState, energizedState: relay.energizedState)
            )
        }
        self.init(
            parent: link.parent, parentShortName: link.parentShortName, shortName: link.shortName,
            instance: link.instance, terminalAsset: link.terminalAsset, hasAdmin: link.hasAdmin,
            reportPeriod: link.reportPeriod, snapshotPeriod: link.snapshotPeriod,
            powerMetering: link.powerMetering, powerThreshold: link.powerThreshold,
            relays: Dictionary(relays) { first, _ in first }, commandAge: link.commandAge)
    }
}
