import Vocabulary

/// One measurement that a device keeps in Modbus registers: where it stands, how it is written and
/// what it means.
public struct Register: Hashable, Sendable {
    /// The channel that it can be.
    public let channel: ChannelDescription
    public let function: ModbusRequest.Function
    /// The address of its first word on the wire, counted from 0.
    public let address: UInt16
    public let form: RegisterForm
    public let order: WordOrder
    /// What the number in the registers is multiplied by to give the channel's unit.
    public let scale: DecimalNumber
    /// The address of an int16 register, read with the same function, that holds a power of ten by
    /// which the number is multiplied as well; nil for none.
    ///
    /// Source: SunSpec Information Model Specification, "sunssf".
    public let scaleAddress: UInt16?
    /// The address of its lower word where that does not follow the first; `address` is that of the higher
    /// one then, whatever `order` says.
    public let lowAddress: UInt16?
    /// What the device shows where it has no value, as the bits of the number before any scale.
    /// What is not a number or infinite never is one, without standing here.
    public let notValues: Set<UInt64>

    public init(
        channel: ChannelDescription, function: ModbusRequest.Function, address: UInt16,
        form: RegisterForm, order: WordOrder = .abcd,
        scale: DecimalNumber = DecimalNumber(mantissa: 1), scaleAddress: UInt16? = nil,
        lowAddress: UInt16? = nil, notValues: Set<UInt64> = []
    ) {
        self.channel = channel
        self.function = function
        self.address = address
        self.form = form
        self.order = order
        self.scale = scale
        self.scaleAddress = scaleAddress
        self.lowAddress = lowAddress
        self.notValues = notValues
    }

    /// The addresses of its own words, in the order of `RegisterForm.registers`.
    public var addresses: [Int] {
        guard let lowAddress else { return (0..<form.words).map { Int(address) + $0 } }
        let highestFirst = [Int(address), Int(lowAddress)]
        return order.startsWithLowestWord ? highestFirst.reversed() : highestFirst
    }

    /// What must be read for it, in one request: words and scale of two moments make a wrong value.
    public var span: RegisterSpan {
        let all = addresses + (scaleAddress.map { [Int($0)] } ?? [])
        let first = all.min() ?? Int(address)
        return RegisterSpan(
            function: function, address: first, count: (all.max() ?? first) - first + 1)
    }
}

extension Register {
    /// The largest power of ten that a scale register may hold, and the smallest below zero.
    ///
    /// Source: SunSpec Information Model Specification, "sunssf": −10 to 10.
    static let scalePowers = -10...10

    /// The reading of `channel` that stands in `words`.
    ///
    /// - Parameter words: What was read, at least all of `span`.
    /// - Throws: `.noValue` when the registers hold no number, one that stands for none, or one that
    ///   does not fit.
    public func reading(
        of channel: DataChannel, in words: RegisterWords
    ) throws(DriverError) -> Reading {
        func noValue(_ what: String) -> DriverError {
            DriverError(.noValue, "channel \(channel.name): register \(address) holds \(what)")
        }
        let span = span
        let read = try words[span]
        let word = { (address: Int) in read[read.startIndex + address - span.address] }
        var scale = scale
        if let scaleAddress {
            let power = Int(Int16(bitPattern: word(Int(scaleAddress))))
            guard Self.scalePowers.contains(power) else {
                throw DriverError(
                    .noValue,
                    "channel \(channel.name): scale register \(scaleAddress) holds \(power), "
                        + "must be \(Self.scalePowers.lowerBound) to \(Self.scalePowers.upperBound)"
                )
            }
            scale = DecimalNumber(mantissa: scale.mantissa, exponent: scale.exponent + power)
        }
        let bits = form.bits(of: addresses.map(word), order: order)
        if notValues.contains(bits) {
            throw noValue("\(form.hex(bits)), the device's code for no value")
        }
        switch form.value(of: bits) {
        case .whole(let number):
            guard let scaled = DecimalNumber(mantissa: number).multiplied(by: scale) else {
                throw noValue("\(number), which does not fit")
            }
            return try channel.reading(scaled)
        case .huge(let number):
            throw noValue("\(number), which does not fit")
        case .float(let number):
            guard number.isFinite else {
                throw noValue("\(number) (\(form.hex(bits))), not a number")
            }
            return try channel.reading(Self.scaled(number, by: scale))
        }
    }

    /// Multiplies and divides by whole powers of ten only, because 10^−3 is not exact in binary.
    private static func scaled(_ number: Double, by scale: DecimalNumber) -> Double {
        var power = 1.0
        for _ in 0..<scale.exponent.magnitude { power *= 10 }
        let product = number * Double(scale.mantissa)
        return scale.exponent < 0 ? product / power : product * power
    }
}
