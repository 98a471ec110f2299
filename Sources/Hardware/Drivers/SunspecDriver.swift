import Documents
import DriverKit
import Vocabulary

/// A device that describes itself by SunSpec models: an inverter, a meter, a battery.
///
/// It finds the models by walking their chain, once after the first contact and again when the chain has
/// changed. A model is read in one request, so that values and their scale factors, which move while the
/// device runs, are of one moment.
public struct SunspecDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "sunspec"),
        title: "Inverter, meter or battery with SunSpec models", wire: "Modbus",
        kinds: [.meter, .sensor],
        settings: [
            SettingDescription("bus", .bus, "The bus that the device is on."),
            SettingDescription("unit", .unit, "The device's Modbus unit number."),
            SettingDescription(
                "device", .choice(SunspecDevice.allCases.map(\.rawValue)),
                "Which part of it is read."),
            SettingDescription(
                "instance", .whole(1...32), default: .number(DecimalNumber(mantissa: 1)),
                "Which one, when the unit has several of that part."),
            SettingDescription(
                "phases", .whole(1...3), default: .number(DecimalNumber(mantissa: 3)),
                "How many phases inverter or meter has."),
            SettingDescription(
                "strings", .whole(1...Int64(SunspecDevice.mostStrings)),
                default: .number(DecimalNumber(mantissa: 2)),
                "How many strings are read, for strings."),
            SettingDescription(
                "positive", .choice(["taken", "given"]), default: .text("taken"),
                "What a meter's positive power means on the device; given is turned."),
            SettingDescription(
                "replyTimeout", ModbusTiming.replyTimeoutForm, default: .text("1s"),
                "Timeout of a reply."),
            SettingDescription(
                "connectPause", ModbusTiming.pauseForm, default: .text("0ms"),
                "The pause between connecting and the first request."),
        ],
        channels: [],
        source: "SunSpec Information Model Specification and github.com/sunspec/models",
        notes: SunspecDevice.stateNotes)

    private static func device(_ settings: Settings) throws(DriverError) -> SunspecDevice {
        guard let device = SunspecDevice(rawValue: try settings.text("device")) else {
            throw settings.bad("device", "a part of the device")
        }
        return device
    }

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        try device(settings).channels(
            phases: Int(try settings.whole("phases")), strings: Int(try settings.whole("strings")))
    }

    /// What a simulated device of these settings has: the number of its model, the words of it, and for
    /// each channel its register when the model begins at `address`.
    public static func sample(
        of settings: Settings, at address: Int
    ) throws(DriverError) -> (number: Int, words: Int, registers: [Register]) {
        let channels = try channels(offeredWith: settings)
        let models = try device(settings).models(strings: Int(try settings.whole("strings")))
        // One that has all of the channels.
        let complete = models.first { model in
            channels.allSatisfy { model.points[$0.source] != nil }
        }
        guard let model = complete ?? models.first else {
            throw settings.bad("device", "a part of the device")
        }
        var registers: [Register] = []
        for channel in channels {
            guard let point = model.points[channel.source],
                let place = UInt16(exactly: address + point.offset)
            else { continue }
            registers.append(
                Register(
                    channel: channel, function: .holdingRegisters, address: place,
                    form: point.form,
                    scaleAddress: point.scale.flatMap { UInt16(exactly: address + $0) }))
        }
        return (model.numbers.upperBound, model.words, registers)
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let settings = component.settings
        let bus = try settings.bus("bus")
        let unit = try settings.unit("unit")
        let device = try settings.text("device")
        let instance = try settings.whole("instance")
        let part = "\(device) \(instance)"
        return component.channels.map {
            WireClaim("bus \(bus) unit \(unit) SunSpec \(part) \($0.source)")
        }
    }

    public static func traffic(of component: Component) throws(DriverError) -> [BusTraffic] {
        let settings = component.settings
        let bus = try settings.bus("bus")
        let models = try device(settings).models(strings: Int(try settings.whole("strings")))
        let span = RegisterSpan(
            function: .holdingRegisters, address: 0, count: models.map(\.words).max() ?? 0)
        return Set(component.channels.map(\.pollPeriod)).sorted().map {
            BusTraffic(bus: bus, every: $0, reading: span)
        }
    }

    /// Where the model stands that is read.
    private struct Found {
        let model: SunspecModel
        let number: Int
        let address: Int
        /// Without its first two words.
        let length: Int

        var span: RegisterSpan {
            RegisterSpan(
                function: .holdingRegisters, address: address,
                count: min(model.words, length + 2))
        }
    }

    /// Where the chain may begin, in the order in which it is sought.
    private static let bases = [40_000, 0, 50_000]
    /// "SunS".
    private static let marker: [UInt16] = [0x5375, 0x6E53]
    private static let endOfChain = 0xFFFF
    /// No device has so many; a chain that goes on is none.
    private static let mostModels = 100

    private let bus: any ModbusBus
    private let unit: UInt8
    private let timing: ModbusTiming
    private let device: SunspecDevice
    private let models: [SunspecModel]
    private let instance: Int
    private let isTurned: Bool
    private var found: Found?

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        let settings = component.settings
        device = try Self.device(settings)
        models = device.models(strings: Int(try settings.whole("strings")))
        instance = Int(try settings.whole("instance"))
        let positive = try settings.text("positive")
        isTurned = device == .meter && positive == "given"
        timing = try ModbusTiming(settings)
        unit = try settings.unit("unit")
        let known = try Self.channels(offeredWith: settings).map(\.source)
        for channel in component.channels where !known.contains(channel.source) {
            throw channel.unknownSource(among: known)
        }
        bus = try wiring.modbusBus(try settings.bus("bus"))
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        let (place, content) = try block()
        var words = RegisterWords()
        words.add(content, of: place.span)
        return due.map { channel in
            Answer { () throws(DriverError) in
                guard let register = register(for: channel, in: place) else {
                    throw DriverError(
                        .noValue,
                        "channel \(channel.name): SunSpec model \(place.number) does not have it")
                }
                return try register.reading(of: channel, in: words)
            }
        }
    }

    /// The model's words. One that is not where it was is sought again.
    private mutating func block() throws(DriverError) -> (Found, [UInt16]) {
        for _ in 0..<2 {
            let place: Found
            if let found { place = found } else { place = try find() }
            found = place
            let words: [UInt16]
            do throws(DriverError) {
                words = try read(place.span)
            } catch {
                // A lost reply says nothing of the chain; a register that is not there does.
                if error.kind == .unsupported { found = nil }
                throw error
            }
            if Int(words[0]) == place.number, Int(words[1]) == place.length {
                return (place, words)
            }
            found = nil
        }
        throw DriverError(
            .malformedReply, "unit \(unit): its SunSpec models change while they are read")
    }

    private func find() throws(DriverError) -> Found {
        let base = try base()
        var address = base + Self.marker.count
        var numbers: [Int] = []
        var rest = instance
        while numbers.count < Self.mostModels, address + 2 <= 65_536 {
            let head = try read(
                RegisterSpan(function: .holdingRegisters, address: address, count: 2))
            let (number, length) = (Int(head[0]), Int(head[1]))
            if number == Self.endOfChain { break }
            if let model = models.first(where: { $0.numbers.contains(number) }) {
                rest -= 1
                if rest == 0, address + 2 + length <= 65_536 {
                    return Found(model: model, number: number, address: address, length: length)
                }
            }
            numbers.append(number)
            address += 2 + length
        }
        let wanted = models.map {
            $0.numbers.count == 1
                ? "\($0.numbers.lowerBound)"
                : "\($0.numbers.lowerBound) to \($0.numbers.upperBound)"
        }
        throw DriverError(
            .unsupported,
            "unit \(unit) has no \(device.rawValue) \(instance) (SunSpec model "
                + "\(wanted.joined(separator: ", "))); it has models "
                + numbers.map { "\($0)" }.joined(separator: ", "))
    }

    /// Where the chain begins.
    private func base() throws(DriverError) -> Int {
        var first: DriverError?
        for base in Self.bases {
            do throws(DriverError) {
                let words = try read(
                    RegisterSpan(function: .holdingRegisters, address: base, count: 2))
                if words == Self.marker { return base }
            } catch  where error.kind == .notConnected {
                throw error
            } catch {
                // A unit may keep silent at an address that it does not have.
                first = first ?? error
            }
        }
        throw first
            ?? DriverError(.unsupported, "unit \(unit) has no SunSpec models at 40000, 0 or 50000")
    }

    private func register(for channel: DataChannel, in place: Found) -> Register? {
        guard let point = place.model.points[channel.source],
            let address = UInt16(exactly: place.address + point.offset),
            max(point.offset + point.form.words, (point.scale ?? 0) + 1) <= place.span.count
        else { return nil }
        // Models have percent.
        let isPercent = channel.unit == .powerFactor
        let turns = isTurned && [.watt, .ampere, .reactivePower].contains(channel.unit)
        return Register(
            channel: ChannelDescription(
                source: channel.source, unit: channel.unit, exponent: channel.exponent,
                title: channel.source),
            function: .holdingRegisters, address: address, form: point.form,
            scale: DecimalNumber(mantissa: turns ? -1 : 1, exponent: isPercent ? -2 : 0),
            scaleAddress: point.scale.flatMap { UInt16(exactly: place.address + $0) },
            notValues: point.notValues)
    }

    private func read(_ span: RegisterSpan) throws(DriverError) -> [UInt16] {
        let request = ModbusRequest(
            unit: unit, function: span.function, address: UInt16(clamping: span.address),
            count: span.count, replyTimeout: timing.replyTimeout, connectPause: timing.connectPause)
        return try bus.words(request)
    }
}
