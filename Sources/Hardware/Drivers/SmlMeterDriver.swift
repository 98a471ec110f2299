import Documents
import DriverKit
import Vocabulary

/// An electricity meter that sends SML by itself, every one to four seconds, mostly through an optical head.
public struct SmlMeterDriver: ListeningDriver {
    public static let description = DriverDescription(
        model: DriverModel(known: "sml-meter"),
        title: "Electricity meter that sends SML, as in Germany and Austria", wire: "serial",
        kinds: [.meter],
        settings: MeterLine.settings(baud: 9600, format: "8N1", timeout: "10s")
            + [ObisSource.ownValues],
        channels: sources.map(\.channel),
        source: "BSI TR-03109-1, annex IV: Smart Message Language, SML 1.04")

    private static let sources = ObisSource.electricity(
        defaults: ["energy-import", "power-active"])

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        try sources.adding(settings).map(\.channel)
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [try MeterLine(component.settings).claim]
    }

    private let sources: [ObisSource]
    private var listener: TelegramListener<SmlFramer>

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        sources = try Self.sources.adding(component.settings)
        for channel in component.channels { _ = try sources.source(of: channel) }
        listener = try TelegramListener(MeterLine(component.settings), wiring: wiring)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        var newest = SmlFile([])
        try listener.listen(at: now) { bytes in
            newest = SmlFile(bytes)
            return true
        }
        if let flaw = newest.flaw { throw DriverError(.malformedReply, flaw) }
        return try sources.answers(for: due, in: newest.values)
    }
}
