import Documents
import Vocabulary

/// What a GridWorks layout's entries mean together: names, ids, trees, channels and periods.
///
/// The original loader lets a good part of these pass; the actor concerned then never runs, or the
/// second of two wins.
struct GridworksChecks {
    private(set) var problems = ProblemList()
    let layout: GridworksLayout

    init(_ layout: GridworksLayout) {
        self.layout = layout
        checkNames()
        checkNodes()
        checkChannels()
        for component in layout.components { checkConfigs(of: component) }
        checkLines()
    }

    mutating func report(_ place: Place, _ message: String) {
        problems.append(Problem(place, message))
    }

    private mutating func checkNames() {
        unique(layout.nodes.map { ($0.name, $0.place) }, "a node is called")
        unique(layout.channels.map { ($0.name, $0.place) }, "a data channel is called")
        unique(layout.components.map { ($0.id, $0.place) }, "a component has the id")
        for node in layout.nodes where ShNodeName(node.name) == nil {
            report(node.place, "Name \(node.name) must be \(ShNodeTag.form)")
        }
        for channel in layout.channels where DataChannelName(channel.name) == nil {
            report(channel.place, "Name \(channel.name) must be \(DataChannelTag.form)")
        }
    }

    private mutating func unique(_ names: [(name: String, place: Place)], _ words: String) {
        var taken: [String: Place] = [:]
        for (name, place) in names {
            if let first = taken[name] {
                report(place, "\(words) \(name) twice; the first is \(first)")
            } else {
                taken[name] = place
            }
        }
    }

    private mutating func checkNodes() {
        let paths = Set(layout.nodes.map(\.path))
        for node in layout.nodes {
            let above = node.path.split(separator: ".").dropLast().joined(separator: ".")
            if !above.isEmpty, !paths.contains(above) {
                report(node.place, "ActorHierarchyName \(node.path): there is no node \(above)")
            }
            if let id = node.component, !layout.components.contains(where: { $0.id == id }) {
                report(node.place, "there is no component \(id)")
                continue
            }
            checkActor(node)
        }
    }

    /// Whether a node of a class that runs here has the component it needs.
    private mutating func checkActor(_ node: GridworksNode) {
        let form = layout.component(of: node)?.form
        switch (node.actorClass, form) {
        case ("PowerMeter", .meter), ("I2cRelayMultiplexer", .relays), ("GpioSensor", .line),
            ("I2cThermistorReader", .reader):
            break
        case ("PowerMeter", _):
            report(
                node.place,
                "PowerMeter \(node.name) needs a component of type electric.meter.component.gt")
        case ("I2cRelayMultiplexer", _):
            report(
                node.place,
                "I2cRelayMultiplexer \(node.name) needs a component of type "
                    + "i2c.multichannel.dt.relay.component.gt")
        case ("GpioSensor", _):
            report(
                node.place,
                "GpioSensor \(node.name) needs a component of type gpio.sensor.component.gt")
        case ("I2cThermistorReader", _):
            report(
                node.place,
                "I2cThermistorReader \(node.name) needs a component of type "
                    + "i2c.thermistor.reader.component.gt")
        case ("Relay", .relays(_, let configs)), ("Relay", .line(_, let configs)):
            let count = configs.count { $0.relay?.actor == node.name }
            if count == 0 {
                report(
                    node.place, "Relay \(node.name): no relay of its component has it as ActorName")
            }
        case ("Relay", nil), ("MultipurposeSensor", nil):
            report(node.place, "\(node.actorClass) \(node.name): ComponentId is missing")
        default: break
        }
    }

    private mutating func checkChannels() {
        let names = layout.nodes.map(\.name)
        for channel in layout.channels {
            for (key, name) in [
                ("AboutNodeName", channel.about), ("CapturedByNodeName", channel.capturedBy),
            ] where !names.contains(name) {
                report(
                    channel.place,
                    "\(key): there is no node \(name)" + didYouMean(name, among: names))
            }
            guard channel.isInPowerMetering else { continue }
            if channel.telemetry != "PowerW" {
                report(
                    channel.place,
                    "InPowerMetering is for PowerW; this channel has \(channel.telemetry)")
            }
            let about = layout.node(named: channel.about)
            if let about, about.nameplate ?? 0 == 0 {
                report(
                    about.place,
                    "NameplatePowerW is missing: channel \(channel.name) is in power metering")
            }
        }
    }

    private mutating func checkConfigs(of component: GridworksComponent) {
        for config in component.configs {
            let others = layout.components.filter {
                $0.id != component.id && $0.channels.contains(config.channel)
            }
            if let other = others.first {
                report(config.place, "channel \(config.channel) is already in \(other.place)")
            }
            if component.channels.count(where: { $0 == config.channel }) > 1 {
                report(config.place, "channel \(config.channel) is in this component twice")
            }
            guard let channel = layout.channel(named: config.channel) else {
                report(
                    config.place,
                    "there is no data channel \(config.channel)"
                        + didYouMean(config.channel, among: layout.channels.map(\.name)))
                continue
            }
            check(config, channel)
        }
        switch component.form {
        case .meter(let host, _, let configs): check(configs, ofMeterAt: host, component)
        case .relays(let addresses, let configs): check(configs, ofBoards: addresses, component)
        case .thermistors(let addresses, let blocks, let volts, let configs):
            check(configs, ofConverters: addresses, blocks: blocks, volts: volts.count, component)
        case .line(_, let configs):
            if configs.count > 1 {
                report(
                    component.place,
                    "has \(configs.count) channels; a relay or contact has one")
            }
            for config in configs {
                if let relay = config.relay { check(relay, at: config) }
            }
        case .reader(let converter, let configs): check(configs, of: converter, component)
        case .outputs(let addresses, let configs):
            check(configs, ofOutputsAt: addresses, component)
        case .other: break
        }
    }

    /// No two relays or contacts are on one line.
    private mutating func checkLines() {
        var taken: [GridworksLine: Place] = [:]
        for component in layout.components {
            guard case .line(let line, _) = component.form else { continue }
            if let first = taken[line] {
                report(component.place, "\(line) is already in use by \(first)")
            } else {
                taken[line] = component.place
            }
        }
    }

    private mutating func check(_ config: GridworksConfig, _ channel: GridworksChannel) {
        let name = config.channel
        if let poll = config.poll, poll > config.capture {
            report(
                config.place,
                "channel \(name): PollPeriodMs (\(poll.layoutText)) is longer than CapturePeriodS "
                    + "(\(config.capture.layoutText))")
        }
        // GridWorks sends the voltage at a GW108 board's thermistor together with the temperature.
        let needsDelta =
            switch config.detail {
            case .input: channel.telemetry != "MicroVolts"
            case .relay, .output: false
            case .plain, .egauge, .thermistor: true
            }
        if config.isAsync, config.delta == nil, needsDelta {
            report(
                config.place,
                "channel \(name): AsyncCapture needs AsyncCaptureDelta, the least change in steps")
        }
        guard let telemetry = GridworksWords.telemetries[channel.telemetry] ?? nil else { return }
        if telemetry.exponent != config.exponent {
            report(
                config.place,
                "channel \(name): Exponent \(config.exponent) contradicts TelemetryName "
                    + "\(channel.telemetry), which has \(telemetry.exponent)")
        }
        if telemetry.word != config.unit, telemetry.unit != .hertz {
            report(
                config.place,
                "channel \(name): Unit \(config.unit) contradicts TelemetryName "
                    + "\(channel.telemetry), which has \(telemetry.word)")
        }
    }
}

extension GridworksConfig {
    var relay: GridworksRelayConfig? { if case .relay(let relay) = detail { relay } else { nil } }

    var register: EgaugeRegister? {
        if case .egauge(let register) = detail { register } else { nil }
    }
}
