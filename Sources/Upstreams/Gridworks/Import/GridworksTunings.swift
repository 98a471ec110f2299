import Documents

/// The periods and deltas of a house's channels, which are in a file of their own since June 2026:
/// `gw.house0.operational.params` or `gw.nolan.operational.params`.
public struct GridworksTunings: Hashable, Sendable {
    /// By the name of the channel.
    let tunings: [String: Tuning]

    struct Tuning: Hashable, Sendable {
        let poll: Duration?
        let capture: Duration
        let isAsync: Bool
        /// In whole steps.
        let delta: Int64?
    }

    /// - Returns: The tunings, nil when there is any problem, and every problem by its place.
    public static func read(
        _ bytes: [UInt8]
    ) -> (tunings: GridworksTunings?, problems: ProblemList) {
        let (document, mistakes) = JsonParser.parse(bytes)
        guard let document else { return (nil, mistakes) }
        var reader = GridworksReader()
        let tunings = reader.tunings(document)
        var problems = mistakes + reader.problems
        problems.sort()
        return (problems.isEmpty ? tunings : nil, problems)
    }
}

extension GridworksReader {
    fileprivate mutating func tunings(_ document: JsonNode) -> GridworksTunings? {
        guard document["CaptureTuningList"] != nil else {
            let hint = document["ShNodes"] == nil ? "" : "; this looks like the layout itself"
            report(
                document.place,
                "CaptureTuningList is missing: these are not GridWorks operational parameters"
                    + hint)
            return nil
        }
        var tunings: [String: GridworksTunings.Tuning] = [:]
        var places: [String: Place] = [:]
        for entry in entries("CaptureTuningList", of: document) {
            guard let name = text("ChannelName", of: entry), let tuning = tuning(entry) else {
                continue
            }
            if let first = places[name] {
                report(entry.place, "channel \(name) is tuned twice; the first is \(first)")
                continue
            }
            (places[name], tunings[name]) = (entry.place, tuning)
        }
        return GridworksTunings(tunings: tunings)
    }

    private mutating func tuning(_ entry: JsonNode) -> GridworksTunings.Tuning? {
        let poll = pollPeriod(of: entry)
        let capture = capturePeriod(of: entry)
        let isAsync = flag("AsyncCapture", of: entry)
        let delta = captureDelta(of: entry)
        guard let capture, let isAsync else { return nil }
        return GridworksTunings.Tuning(
            poll: poll, capture: capture, isAsync: isAsync, delta: delta)
    }
}
