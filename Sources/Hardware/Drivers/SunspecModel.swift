import DriverKit
import Vocabulary

/// One value of a SunSpec model: where it stands in it and how it is written.
struct SunspecPoint: Sendable {
    /// Words from the model's first word, which holds its number.
    let offset: Int
    let form: RegisterForm
    /// The same of its scale factor; nil for floats.
    let scale: Int?

    init(_ offset: Int, _ form: RegisterForm, scale: Int? = nil) {
        (self.offset, self.form, self.scale) = (offset, form, scale)
    }

    /// What stands for no value, but for NaN and counters, whose 0 is a real one in a new device.
    ///
    /// Source: SunSpec Information Model Specification, "Not implemented".
    var notValues: Set<UInt64> {
        switch form {
        case .int16: [0x8000]
        case .uint16: [0xFFFF]
        case .int32: [0x8000_0000]
        case .uint32: [0xFFFF_FFFF]
        case .int64: [0x8000_0000_0000_0000]
        case .uint64: [.max]
        case .float32, .float64: []
        }
    }
}

/// A model, or several that are laid out alike, with the points that are read.
struct SunspecModel: Sendable {
    /// The numbers of the models.
    let numbers: ClosedRange<Int>
    /// How much of it is read, in words from its first one; never more than one request holds.
    let words: Int
    /// By the sources of channels.
    let points: [String: SunspecPoint]
}

/// What a component takes for itself of a unit's models.
enum SunspecDevice: String, CaseIterable {
    case inverter, meter, storage, strings

    /// The models that describe such a device, whichever of them the unit has.
    ///
    /// Source: github.com/sunspec/models, the JSON files of the models' numbers.
    func models(strings: Int) -> [SunspecModel] {
        switch self {
        case .inverter: [Self.model101, Self.model111, Self.model701]
        case .meter: [Self.model201, Self.model211]
        case .storage: [Self.model124, Self.model713, Self.model802]
        case .strings: [Self.model160(strings)]
        }
    }

    /// What the numbers of `state` mean, by the models that have them.
    ///
    /// Source: github.com/sunspec/models, the symbols of St (101 to 113), InvSt (701), ChaSt (124, 802),
    /// Sta (713).
    static let stateNotes = [
        "state of an inverter, models 101 to 103 and 111 to 113: 1 off, 2 sleeping, 3 starting, "
            + "4 producing (MPPT), 5 throttled, 6 shutting down, 7 fault, 8 standby",
        "state of an inverter, model 701: 0 off, 1 sleeping, 2 starting, 3 running, 4 throttled, "
            + "5 shutting down, 6 fault, 7 standby",
        "state of a storage, models 124 and 802: 1 off, 2 empty, 3 discharging, 4 charging, 5 full, "
            + "6 holding, 7 testing",
        "state of a storage, model 713: 1 no warnings or errors, 2 warning, 3 error",
    ]

    private static let model101 = SunspecModel(
        numbers: 101...103, words: 52,
        points: phases("current", at: [3, 4, 5], .uint16, scale: 6)
            .merging(phases("voltage", at: [10, 11, 12], .uint16, scale: 13)) { $1 }
            .merging([
                "current-total": SunspecPoint(2, .uint16, scale: 6),
                "power-active": SunspecPoint(14, .int16, scale: 15),
                "frequency": SunspecPoint(16, .uint16, scale: 17),
                "power-apparent": SunspecPoint(18, .int16, scale: 19),
                "power-reactive": SunspecPoint(20, .int16, scale: 21),
                "power-factor": SunspecPoint(22, .int16, scale: 23),
                "energy-export": SunspecPoint(24, .uint32, scale: 26),
                "dc-current": SunspecPoint(27, .uint16, scale: 28),
                "dc-voltage": SunspecPoint(29, .uint16, scale: 30),
                "dc-power": SunspecPoint(31, .int16, scale: 32),
                "temperature": SunspecPoint(33, .int16, scale: 37),
                "state": SunspecPoint(38, .uint16),
            ]) { $1 })

    private static let model111 = SunspecModel(
        numbers: 111...113, words: 62,
        points: phases("current", at: [4, 6, 8], .float32)
            .merging(phases("voltage", at: [16, 18, 20], .float32)) { $1 }
            .merging([
                "current-total": SunspecPoint(2, .float32),
                "power-active": SunspecPoint(22, .float32),
                "frequency": SunspecPoint(24, .float32),
                "power-apparent": SunspecPoint(26, .float32),
                "power-reactive": SunspecPoint(28, .float32),
                "power-factor": SunspecPoint(30, .float32),
                "energy-export": SunspecPoint(32, .float32),
                "dc-current": SunspecPoint(34, .float32),
                "dc-voltage": SunspecPoint(36, .float32),
                "dc-power": SunspecPoint(38, .float32),
                "temperature": SunspecPoint(40, .float32),
                "state": SunspecPoint(48, .uint16),
            ]) { $1 })

    private static let model701 = SunspecModel(
        numbers: 701...701, words: 123,
        points: phases("current", at: [45, 68, 91], .int16, scale: 113)
            .merging(phases("voltage", at: [47, 70, 93], .uint16, scale: 114)) { $1 }
            .merging([
                "current-total": SunspecPoint(14, .int16, scale: 113),
                "power-active": SunspecPoint(10, .int16, scale: 116),
                "frequency": SunspecPoint(17, .uint32, scale: 115),
                "power-apparent": SunspecPoint(11, .int16, scale: 118),
                "power-reactive": SunspecPoint(12, .int16, scale: 119),
                "energy-export": SunspecPoint(19, .uint64, scale: 120),
                "temperature": SunspecPoint(36, .int16, scale: 122),
                "state": SunspecPoint(4, .uint16),
            ]) { $1 })

    private static let model201 = SunspecModel(
        numbers: 201...204, words: 107,
        points: phases("current", at: [3, 4, 5], .int16, scale: 6)
            .merging(phases("voltage", at: [8, 9, 10], .int16, scale: 15)) { $1 }
            .merging(phases("power-active", at: [19, 20, 21], .int16, scale: 22)) { $1 }
            .merging(phases("power-factor", at: [34, 35, 36], .int16, scale: 37)) { $1 }
            .merging(phases("energy-export", at: [40, 42, 44], .uint32, scale: 54)) { $1 }
            .merging(phases("energy-import", at: [48, 50, 52], .uint32, scale: 54)) { $1 }
            .merging([
                "current-total": SunspecPoint(2, .int16, scale: 6),
                "frequency": SunspecPoint(16, .int16, scale: 17),
                "power-active-total": SunspecPoint(18, .int16, scale: 22),
                "power-apparent-total": SunspecPoint(23, .int16, scale: 27),
                "power-reactive-total": SunspecPoint(28, .int16, scale: 32),
                "power-factor-total": SunspecPoint(33, .int16, scale: 37),
                "energy-export": SunspecPoint(38, .uint32, scale: 54),
                "energy-import": SunspecPoint(46, .uint32, scale: 54),
            ]) { $1 })

    private static let model211 = SunspecModel(
        numbers: 211...214, words: 76,
        points: phases("current", at: [4, 6, 8], .float32)
            .merging(phases("voltage", at: [12, 14, 16], .float32)) { $1 }
            .merging(phases("power-active", at: [30, 32, 34], .float32)) { $1 }
            .merging(phases("power-factor", at: [54, 56, 58], .float32)) { $1 }
            .merging(phases("energy-export", at: [62, 64, 66], .float32)) { $1 }
            .merging(phases("energy-import", at: [70, 72, 74], .float32)) { $1 }
            .merging([
                "current-total": SunspecPoint(2, .float32),
                "frequency": SunspecPoint(26, .float32),
                "power-active-total": SunspecPoint(28, .float32),
                "power-apparent-total": SunspecPoint(36, .float32),
                "power-reactive-total": SunspecPoint(44, .float32),
                "power-factor-total": SunspecPoint(52, .float32),
                "energy-export": SunspecPoint(60, .float32),
                "energy-import": SunspecPoint(68, .float32),
            ]) { $1 })

    private static let model124 = SunspecModel(
        numbers: 124...124, words: 26,
        points: [
            "soc": SunspecPoint(8, .uint16, scale: 22),
            "voltage": SunspecPoint(10, .uint16, scale: 24),
            "state": SunspecPoint(11, .uint16),
        ])

    private static let model713 = SunspecModel(
        numbers: 713...713, words: 9,
        points: [
            "soc": SunspecPoint(4, .uint16, scale: 8), "state": SunspecPoint(6, .uint16),
        ])

    private static let model802 = SunspecModel(
        numbers: 802...802, words: 64,
        points: [
            "soc": SunspecPoint(11, .uint16, scale: 56),
            "voltage": SunspecPoint(34, .uint16, scale: 59),
            "power": SunspecPoint(47, .int16, scale: 63),
            "state": SunspecPoint(16, .uint16),
        ])

    /// The most strings whose words fit in one request.
    static let mostStrings = 5

    private static func model160(_ count: Int) -> SunspecModel {
        var points: [String: SunspecPoint] = [:]
        for string in 0..<count {
            let start = 10 + 20 * string
            let name = "dc\(string + 1)"
            points["\(name)-current"] = SunspecPoint(start + 9, .uint16, scale: 2)
            points["\(name)-voltage"] = SunspecPoint(start + 10, .uint16, scale: 3)
            points["\(name)-power"] = SunspecPoint(start + 11, .uint16, scale: 4)
            points["\(name)-energy"] = SunspecPoint(start + 12, .uint32, scale: 5)
        }
        return SunspecModel(numbers: 160...160, words: 10 + 20 * count, points: points)
    }

    private static func phases(
        _ source: String, at offsets: [Int], _ form: RegisterForm, scale: Int? = nil
    ) -> [String: SunspecPoint] {
        var points: [String: SunspecPoint] = [:]
        for (index, offset) in offsets.enumerated() {
            points["\(source)-l\(index + 1)"] = SunspecPoint(offset, form, scale: scale)
        }
        return points
    }
}
