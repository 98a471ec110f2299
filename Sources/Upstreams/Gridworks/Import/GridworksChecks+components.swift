import Documents
import Vocabulary

extension GridworksChecks {
    mutating func check(
        _ configs: [GridworksConfig], ofMeterAt host: String?, _ component: GridworksComponent
    ) {
        let registers = configs.compactMap(\.register)
        if !registers.isEmpty, host == nil, !component.isSimulated {
            report(component.place, "ModbusHost is missing: its channels are read from registers")
        }
        if !registers.isEmpty, registers.count < configs.count {
            for config in configs where config.register == nil {
                report(config.place, "EgaugeRegisterConfig is missing; the other channels have one")
            }
        }
        for register in registers {
            if GridworksWords.egaugeTypes[register.type] == nil, register.type != "t16" {
                report(
                    register.place,
                    "Type \(register.type) is unknown: f32, u32, s64 and t16 are eGauge's")
            }
        }
        for config in configs {
            guard let register = config.register,
                let telemetry = layout.channel(named: config.channel)?.telemetry,
                let known = GridworksWords.telemetries[telemetry] ?? nil
            else { continue }
            if let unit = GridworksWords.egaugeUnits[register.unit], unit != known.unit {
                report(
                    register.place,
                    "Unit \(register.unit) contradicts TelemetryName \(telemetry)")
            }
        }
    }

    mutating func check(
        _ configs: [GridworksConfig], ofBoards addresses: [Int64], _ component: GridworksComponent
    ) {
        if addresses.isEmpty {
            report(
                component.place, "I2cAddressList is empty; each board has an address, such as 32")
        }
        for address in addresses where !(0x20...0x27).contains(address) {
            report(
                component.place,
                "I2cAddressList: \(address) is no address of a PCF8575; they are 32 to 39")
        }
        if Set(addresses).count < addresses.count {
            report(component.place, "I2cAddressList has the same address twice")
        }
        var indices: [Int64: Place] = [:]
        var actors: [String: Place] = [:]
        for config in configs {
            guard let relay = config.relay else { continue }
            if let first = indices[relay.index] {
                report(config.place, "RelayIdx \(relay.index) is already in use by \(first)")
            }
            indices[relay.index] = indices[relay.index] ?? config.place
            if let first = actors[relay.actor] {
                report(config.place, "ActorName \(relay.actor) is already in use by \(first)")
            }
            actors[relay.actor] = actors[relay.actor] ?? config.place
            if !addresses.isEmpty, relay.index > 16 * Int64(addresses.count) {
                report(
                    config.place,
                    "RelayIdx \(relay.index) is beyond the \(16 * addresses.count) relays of "
                        + "\(addresses.count) \(addresses.count == 1 ? "board" : "boards")")
            }
            check(relay, at: config)
        }
    }

    mutating func check(_ relay: GridworksRelayConfig, at config: GridworksConfig) {
        if let node = layout.node(named: relay.actor) {
            if node.actorClass != "Relay" {
                report(config.place, "ActorName \(relay.actor) is a \(node.actorClass), no Relay")
            }
        } else {
            report(config.place, "ActorName: there is no node \(relay.actor)")
        }
        if let channel = layout.channel(named: config.channel) {
            if channel.about != relay.actor {
                report(
                    config.place,
                    "channel \(config.channel) is about \(channel.about), not about the relay "
                        + relay.actor)
            }
            if channel.telemetry != "RelayState" {
                report(
                    channel.place,
                    "TelemetryName of a relay's channel must be RelayState, not "
                        + channel.telemetry)
            }
        }
        if GridworksWords.wirings[relay.wiring] == nil {
            report(
                config.place,
                "WiringConfig \(relay.wiring) must be NormallyClosed, NormallyOpen or DoubleThrow")
        }
        checkWords(of: relay, at: config.place)
    }

    private mutating func checkWords(of relay: GridworksRelayConfig, at place: Place) {
        guard let known = GridworksWords.relayEvents[relay.eventType] else { return }
        if relay.stateType != known.stateType {
            report(
                place,
                "StateType of \(relay.eventType) is \(known.stateType), not \(relay.stateType)")
        }
        if relay.deEnergizingEvent == relay.energizingEvent {
            report(place, "DeEnergizingEvent and EnergizingEvent are both \(relay.energizingEvent)")
        }
        for (key, event, state) in [
            ("DeEnergizingEvent", relay.deEnergizingEvent, relay.deEnergizedState),
            ("EnergizingEvent", relay.energizingEvent, relay.energizedState),
        ] {
            guard let meant = known.states[event] else {
                let events = known.states.keys.sorted().joined(separator: " or ")
                report(place, "\(key) \(event) must be \(events)")
                continue
            }
            if state != meant {
                report(place, "\(key) \(event) leads to \(meant), not to \(state)")
            }
        }
        let deEnergized = [
            "NormallyClosed": "RelayClosed", "NormallyOpen": "RelayOpen",
        ][relay.wiring]
        if relay.eventType == "change.relay.state", let deEnergized,
            relay.deEnergizedState != deEnergized
        {
            report(
                place,
                "WiringConfig \(relay.wiring) means \(deEnergized) when de-energised, not "
                    + relay.deEnergizedState)
        }
    }

    mutating func check(
        _ configs: [GridworksConfig], ofConverters addresses: [Int64], blocks: Int64, volts: Int,
        _ component: GridworksComponent
    ) {
        if addresses.isEmpty {
            report(component.place, "AdsI2cAddressList of its class is empty")
        }
        for address in addresses where !(0x48...0x4B).contains(address) {
            report(
                component.place,
                "AdsI2cAddressList: \(address) is no address of an ADS1115; they are 72 to 75")
        }
        if volts != addresses.count {
            report(
                component.place,
                "OpenVoltageByAds has \(volts) \(volts == 1 ? "entry" : "entries") for "
                    + "\(addresses.count) converters")
        }
        var taken: [Int64: Place] = [:]
        for config in configs {
            guard case .thermistor(let block, _, _, _) = config.detail else { continue }
            if let first = taken[block] {
                report(config.place, "TerminalBlockIdx \(block) is already in use by \(first)")
            }
            taken[block] = taken[block] ?? config.place
            if block > min(blocks, 4 * Int64(addresses.count)) {
                report(
                    config.place,
                    "TerminalBlockIdx \(block) is beyond the \(min(blocks, 4 * Int64(addresses.count)))"
                        + " terminal blocks")
            }
        }
    }

    mutating func check(
        _ configs: [GridworksConfig], of converter: GridworksConverter,
        _ component: GridworksComponent
    ) {
        if !(0x48...0x4B).contains(converter.address) {
            report(
                component.place,
                "\(converter.address) is no address of an ADS1115; they are 72 to 75")
        }
        var taken: [String: Place] = [:]
        for config in configs {
            guard case .input(let input, _) = config.detail,
                let telemetry = layout.channel(named: config.channel)?.telemetry
            else { continue }
            let key = "P\(input) as \(telemetry)"
            if let first = taken[key] {
                report(config.place, "AdcChannel \(key) is already in use by \(first)")
            }
            taken[key] = taken[key] ?? config.place
        }
    }

    mutating func check(
        _ configs: [GridworksConfig], ofOutputsAt addresses: [Int64],
        _ component: GridworksComponent
    ) {
        for address in addresses where !(0x58...0x5F).contains(address) {
            report(
                component.place,
                "I2cAddressList: \(address) is no address of a DFR0971; they are 88 to 95")
        }
        var taken: [Int64: Place] = [:]
        for config in configs {
            guard case .output(let index, _) = config.detail else { continue }
            if let first = taken[index] {
                report(config.place, "OutputIdx \(index) is already in use by \(first)")
            }
            taken[index] = taken[index] ?? config.place
            if index > 2 * Int64(addresses.count) {
                report(
                    config.place,
                    "OutputIdx \(index) is beyond the \(2 * addresses.count) outputs of its boards")
            }
        }
    }
}
