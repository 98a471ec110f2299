import Vocabulary

/// What goes wrong with GPIO lines, in the same words on real and simulated wires.
extension DriverError {
    /// The chip went away while the line was claimed.
    public static func chipVanished(_ line: LineAddress) -> DriverError {
        DriverError(.notConnected, "line \(line): the chip is gone")
    }

    /// No chip has the label of `line`.
    /// - Parameter labels: Of the chips that are there.
    public static func noChip(
        for line: LineAddress, labelled label: String, among labels: [String]
    ) -> DriverError {
        let there = labels.isEmpty ? "there is none" : "there are " + labels.joined(separator: ", ")
        return DriverError(
            .notConnected,
            "line \(line): no chip is labelled \(label); \(there)"
                + didYouMean(label, among: labels))
    }

    /// No line has the name that `line` asks for.
    /// - Parameter names: Of the lines that have one.
    public static func noLine(_ line: LineAddress, named name: String, among names: [String])
        -> DriverError
    {
        let place = line.chip.map { "on chip \($0) " } ?? ""
        let there = names.isEmpty ? "none has a name" : "there are " + names.joined(separator: ", ")
        return DriverError(
            .notConnected,
            "line \(line): no line \(place)is named \(name); \(there)"
                + didYouMean(name, among: names))
    }

    /// The chip has fewer lines than `line` asks for.
    public static func noLine(_ line: LineAddress, ofOnly count: Int) -> DriverError {
        DriverError(
            .notConnected, "line \(line): the chip has \(count) lines, counted from 0")
    }

    /// Another user has claimed the line already.
    public static func lineInUse(_ line: LineAddress, by consumer: String) -> DriverError {
        DriverError(.notConnected, "line \(line): in use by \"\(consumer)\"")
    }
}
