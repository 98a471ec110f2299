import Documents
import Vocabulary

/// A genuine GridWorks hardware layout, as far as a gateway needs it.
///
/// Keys that nothing here uses are let pass; what is used is checked, also where the original loader
/// lets a mistake pass and an actor then never runs.
public struct GridworksLayout: Hashable, Sendable {
    public let gateway: GatewayName
    /// The gateway's GNodeId.
    let instance: String
    let parent: String
    /// What the parent is called in topics: `ltn`, in older layouts `a`.
    let parentShortName: String
    let terminalAsset: String
    /// The heating strategy, `"House0"`.
    let strategy: String?
    let nodes: [GridworksNode]
    let components: [GridworksComponent]
    let channels: [GridworksChannel]
    let derived: [GridworksDerived]
    /// Whether some channels have no periods here, and `usualCapture` was taken.
    let lacksPeriods: Bool

    /// How often GridWorks keeps a value where nothing else is said.
    static let usualCapture = Duration.seconds(300)

    /// - Parameter tunings: The periods of its channels, where they are in a file of their own.
    /// - Returns: The layout, nil when there is any problem, and every problem by its place.
    public static func read(
        _ bytes: [UInt8], tunings: GridworksTunings? = nil
    ) -> (layout: GridworksLayout?, problems: ProblemList) {
        let (document, mistakes) = JsonParser.parse(bytes)
        guard let document else { return (nil, mistakes) }
        var reader = GridworksReader(tunings: tunings)
        let layout = reader.layout(document)
        var problems = mistakes + reader.problems
        if let layout { problems += GridworksChecks(layout).problems }
        problems.sort()
        return (problems.isEmpty ? layout : nil, problems)
    }

    func node(named name: String) -> GridworksNode? { nodes.first { $0.name == name } }

    func channel(named name: String) -> GridworksChannel? { channels.first { $0.name == name } }

    func component(of node: GridworksNode) -> GridworksComponent? {
        node.component.flatMap { id in components.first { $0.id == id } }
    }
}

/// Something with a name: an actor, a device, or a thing that is measured.
struct GridworksNode: Hashable, Sendable {
    let name: String
    let id: String?
    let title: String?
    let actorClass: String
    /// Which process runs the actor: `"s.power-meter"`.
    let hierarchy: String?
    /// The id of its component.
    let component: String?
    let nameplate: Int64?
    let place: Place

    /// Where it stands in the tree of actors.
    var path: String { hierarchy ?? name }
}

/// A computed series.
struct GridworksDerived: Hashable, Sendable {
    let name: String
    /// How it is computed: `"affine"`.
    let strategy: String?
    let inputs: [String]

    /// Whether it is the sum that Tidegate publishes as power.
    var isMeteredPower: Bool { strategy == "transactive-power" }
}

/// A measured series.
struct GridworksChannel: Hashable, Sendable {
    let name: String
    let id: String?
    let title: String?
    let about: String
    let capturedBy: String
    let telemetry: String
    let isInPowerMetering: Bool
    let place: Place
}

/// A physical unit with what it reads.
struct GridworksComponent: Hashable, Sendable {
    let id: String
    let title: String?
    let typeName: String
    let makeModel: String
    /// What the device calls itself, such as a meter's serial number.
    let hardwareId: String?
    /// The period that its class allows at least.
    let leastPoll: Duration?
    let form: Form
    /// The names of all channels that it lists.
    let channels: [String]
    let place: Place

    enum Form: Hashable, Sendable {
        case meter(host: String?, port: Int64?, [GridworksConfig])
        case relays(addresses: [Int64], [GridworksConfig])
        case thermistors(
            addresses: [Int64], blocks: Int64, openVolts: [DecimalNumber], [GridworksConfig])
        /// A relay or a contact on a line of a board.
        case line(GridworksLine, [GridworksConfig])
        /// The outputs of DFR0971 boards, two on each.
        case outputs(addresses: [Int64], [GridworksConfig])
        /// The thermistors of a GW108 board.
        case reader(GridworksConverter, [GridworksConfig])
        /// Hardware that has no driver here.
        case other
    }

    /// Whether the hardware was simulated there already.
    var isSimulated: Bool {
        makeModel.hasPrefix("Sim")
            || makeModel.split(separator: "_").dropFirst().contains {
                $0.uppercased().hasPrefix("SIM")
            }
    }

    /// What it reads, when it is of a form that this gateway knows.
    var configs: [GridworksConfig] {
        switch form {
        case .meter(_, _, let configs), .relays(_, let configs), .thermistors(_, _, _, let configs),
            .line(_, let configs), .reader(_, let configs), .outputs(_, let configs):
            configs
        case .other: []
        }
    }
}

/// How one channel of a component is read.
struct GridworksConfig: Hashable, Sendable {
    let channel: String
    let poll: Duration?
    let capture: Duration
    let isAsync: Bool
    /// In whole steps.
    let delta: Int64?
    /// The physical value is a step divided by 10 to this power.
    let exponent: Int64
    let unit: String
    var detail = Detail.plain
    let place: Place

    enum Detail: Hashable, Sendable {
        case plain
        case egauge(EgaugeRegister)
        case relay(GridworksRelayConfig)
        case thermistor(block: Int64, makeModel: String, isAveraged: Bool, description: String?)
        /// A thermistor at an input of a GW108 board's converter.
        case input(Int64, beta: Int64)
        /// An output, counted from 1 over all boards, with what GridWorks sets it to at the start.
        case output(Int64, initialTenths: Int64)
    }
}

/// A line of a board.
enum GridworksLine: Hashable, Sendable, CustomStringConvertible {
    /// A pin of the Raspberry Pi, as BCM numbers them.
    case pin(Int64)
    /// A pin of a TCA9555 at an I2C address: 0 to 7 are its port 0.
    case expander(Int64, pin: Int64)

    var description: String {
        switch self {
        case .pin(let pin): "GPIO pin \(pin)"
        case .expander(let address, let pin): "pin \(pin) of the expander at \(address)"
        }
    }
}

/// An ADS1115 with thermistors between its inputs and ground.
struct GridworksConverter: Hashable, Sendable {
    /// The number in `/dev/i2c-1`.
    let bus: Int64
    let address: Int64
    let supplyMillivolts: DecimalNumber
    let seriesOhms: DecimalNumber
}

/// One register of an eGauge meter.
struct EgaugeRegister: Hashable, Sendable {
    let address: Int64
    let type: String
    let denominator: Int64
    let unit: String
    let place: Place
}

/// One relay of a board, with the words that GridWorks has for its two positions.
struct GridworksRelayConfig: Hashable, Sendable {
    /// Counted from 1 over all boards of the component; 1 where it is the only one.
    let index: Int64
    let actor: String
    let wiring: String
    let eventType: String
    let deEnergizingEvent: String
    let energizingEvent: String
    let stateType: String
    let deEnergizedState: String
    let energizedState: String
}
