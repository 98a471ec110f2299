import DriverKit
import Testing
import Vocabulary

@Suite("Numbers in registers") struct RegisterFormTests {
    /// 230.5 is 0x43668000 and −17.75 is 0xC18E0000.
    @Test(arguments: [
        (WordOrder.abcd, [0x4366, 0x8000] as [UInt16], [0xC18E, 0x0000] as [UInt16]),
        (.cdab, [0x8000, 0x4366], [0x0000, 0xC18E]),
        (.badc, [0x6643, 0x0080], [0x8EC1, 0x0000]),
        (.dcba, [0x0080, 0x6643], [0x0000, 0x8EC1]),
    ])
    func `a float reads right in every word order`(
        order: WordOrder, voltage: [UInt16], power: [UInt16]
    ) {
        #expect(RegisterForm.float32.value(of: voltage, order: order) == .float(230.5))
        #expect(RegisterForm.float32.value(of: power, order: order) == .float(-17.75))
    }

    @Test(arguments: [
        (WordOrder.abcd, [0x1234, 0x5678] as [UInt16]), (.cdab, [0x5678, 0x1234]),
        (.badc, [0x3412, 0x7856]), (.dcba, [0x7856, 0x3412]),
    ])
    func `32 bits read right in every word order`(order: WordOrder, words: [UInt16]) {
        #expect(RegisterForm.uint32.value(of: words, order: order) == .whole(0x1234_5678))
    }

    @Test(arguments: [
        (WordOrder.abcd, [0x0102, 0x0304, 0x0506, 0x0708] as [UInt16]),
        (.cdab, [0x0708, 0x0506, 0x0304, 0x0102]), (.badc, [0x0201, 0x0403, 0x0605, 0x0807]),
        (.dcba, [0x0807, 0x0605, 0x0403, 0x0201]),
    ])
    func `64 bits read right in every word order`(order: WordOrder, words: [UInt16]) {
        #expect(RegisterForm.uint64.value(of: words, order: order) == .whole(0x0102_0304_0506_0708))
    }

    @Test func `16 bits swap their bytes where the order says so`() {
        #expect(RegisterForm.uint16.value(of: [0x1234], order: .abcd) == .whole(0x1234))
        #expect(RegisterForm.uint16.value(of: [0x1234], order: .cdab) == .whole(0x1234))
        #expect(RegisterForm.uint16.value(of: [0x1234], order: .badc) == .whole(0x3412))
        #expect(RegisterForm.uint16.value(of: [0x1234], order: .dcba) == .whole(0x3412))
    }

    @Test func `signed numbers keep their sign and unsigned ones have none`() {
        #expect(RegisterForm.int16.value(of: [0x8000], order: .abcd) == .whole(-32768))
        #expect(RegisterForm.uint16.value(of: [0xFFFF], order: .abcd) == .whole(65535))
        #expect(RegisterForm.int32.value(of: [0xFFFF, 0xFFFE], order: .abcd) == .whole(-2))
        #expect(
            RegisterForm.uint32.value(of: [0xFFFF, 0xFFFE], order: .abcd) == .whole(4_294_967_294))
        let ones = [UInt16](repeating: 0xFFFF, count: 4)
        #expect(RegisterForm.int64.value(of: ones, order: .abcd) == .whole(-1))
        #expect(RegisterForm.uint64.value(of: ones, order: .abcd) == .huge(.max))
    }

    @Test func `a double reads to its last bit`() {
        // 230.2 is 0x406CC66666666666.
        let words: [UInt16] = [0x406C, 0xC666, 0x6666, 0x6666]
        #expect(RegisterForm.float64.value(of: words, order: .abcd) == .float(230.2))
        #expect(RegisterForm.float64.value(of: words.reversed(), order: .cdab) == .float(230.2))
    }

    @Test(arguments: RegisterForm.allCases, WordOrder.allCases)
    func `what is written into registers is read out of them`(form: RegisterForm, order: WordOrder)
    {
        let bits: UInt64 = 0x3FF8_1234_4048_F5C3 & (.max >> UInt64(64 - 16 * form.words))
        let words = form.registers(bits: bits, order: order)
        #expect(words.count == form.words)
        switch form.value(of: words, order: order) {
        case .whole(let number):
            #expect(
                UInt64(truncatingIfNeeded: number) & (.max >> UInt64(64 - 16 * form.words)) == bits)
        case .huge(let number): #expect(number == bits)
        case .float(let number):
            let back =
                form == .float32 ? UInt64(Float(number).bitPattern) : number.bitPattern
            #expect(back == bits)
        }
    }
}

@Suite("Registers with a meaning") struct RegisterTests {
    private func channel(exponent: Int) -> DataChannel {
        DataChannel(
            name: DataChannelName(known: "meter-value"), node: ShNodeName(known: "meter"),
            source: "value", unit: .watt, exponent: exponent, pollPeriod: .seconds(10),
            capture: CaptureRule(period: .seconds(60), delta: nil))
    }

    private func steps(
        _ words: [UInt16], _ form: RegisterForm, scale: String = "1", exponent: Int,
        scalePower: UInt16? = nil, lowAddress: UInt16? = nil, notValues: [RawNumber] = [],
        order: WordOrder = .abcd
    ) throws -> Int64 {
        let register = Register(
            channel: ChannelDescription(
                source: "value", unit: .watt, exponent: exponent, title: "a value"),
            function: .holdingRegisters, address: 100, form: form, order: order,
            scale: try #require(DecimalNumber(scale)), scaleAddress: scalePower.map { _ in 110 },
            lowAddress: lowAddress, notValues: Set(notValues.compactMap { form.bits($0) }))
        var words = words
        if let scalePower {
            words += Array(repeating: 0, count: 10 - words.count) + [scalePower]
        }
        var read = RegisterWords()
        let first = min(100, Int(lowAddress ?? 100))
        read.add(
            words, of: RegisterSpan(function: .holdingRegisters, address: first, count: words.count)
        )
        return try register.reading(of: channel(exponent: exponent), in: read).value
    }

    @Test func `a scaled whole number is exact`() throws {
        #expect(try steps([2301], .uint16, scale: "0.1", exponent: -1) == 2301)
        #expect(try steps([2301], .uint16, scale: "0.1", exponent: -3) == 230_100)
        #expect(try steps([0xFFFB], .int16, scale: "0.1", exponent: 0) == -1)
        #expect(try steps([0x0001, 0x0000], .uint32, scale: "0.001", exponent: -3) == 65536)
    }

    @Test func `a float goes to the nearest step`() throws {
        // 230.2 as a float is 230.19999694824.
        #expect(try steps([0x4366, 0x3333], .float32, exponent: -3) == 230_200)
        #expect(try steps([0x4366, 0x3333], .float32, exponent: 0) == 230)
        // 1234.5 kWh in Wh.
        #expect(try steps([0x449A, 0x5000], .float32, scale: "1000", exponent: 0) == 1_234_500)
    }

    @Test(arguments: [[0x7FC0, 0x0000], [0x7F80, 0x0000], [0xFF80, 0x0000]] as [[UInt16]])
    func `what is not a number is no reading`(words: [UInt16]) {
        let error = #expect(throws: DriverError.self) {
            try steps(words, .float32, exponent: -1)
        }
        #expect(error?.kind == .noValue)
        #expect(error?.detail.hasPrefix("channel meter-value: ") == true)
    }

    @Test(
        arguments: [
            ([0x8000], .int16, [.bits(0x8000)]), ([0x8000], .int16, [.whole(-32768)]),
            ([0xFFFF], .int16, [.whole(65535)]), ([0xFFFF], .uint16, [.whole(9), .whole(-1)]),
            ([0x8000, 0x0000], .int32, [.bits(0x8000_0000)]),
            ([0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], .uint64, [.bits(.max)]),
            // -9999 as a float.
            ([0xC61C, 0x3C00], .float32, [.whole(-9999)]),
        ] as [([UInt16], RegisterForm, [RawNumber])])
    func `what stands for no value is no reading, whatever its scale`(
        words: [UInt16], form: RegisterForm, notValues: [RawNumber]
    ) {
        let error = #expect(throws: DriverError.self) {
            try steps(words, form, scale: "0.1", exponent: -1, notValues: notValues)
        }
        #expect(error?.kind == .noValue)
        #expect(throws: Never.self) {
            try steps(
                words.map { _ in 0 }, form, scale: "0.1", exponent: -1, notValues: notValues)
        }
    }

    @Test func `what stands for no value must fit in the register`() {
        #expect(RegisterForm.int16.bits(.bits(0x1_8000)) == nil)
        #expect(RegisterForm.uint16.bits(.whole(65536)) == nil)
        #expect(RegisterForm.int16.bits(.whole(-32769)) == nil)
        #expect(RegisterForm.int64.bits(.whole(.min)) == 1 << 63)
    }

    @Test func `a number too large for its steps is no reading`() {
        let ones = [UInt16](repeating: 0xFFFF, count: 4)
        #expect(throws: DriverError.self) { try steps(ones, .uint64, exponent: 0) }
        #expect(throws: DriverError.self) {
            try steps([0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF], .int64, scale: "10", exponent: 0)
        }
        #expect(throws: DriverError.self) { try steps([0x7F7F, 0xFFFF], .float32, exponent: -3) }
    }

    @Test func `a scale register moves the decimal point`() throws {
        #expect(try steps([2301], .uint16, exponent: -1, scalePower: 0xFFFF) == 2301)
        #expect(try steps([23], .int16, exponent: 0, scalePower: 2) == 2300)
    }

    @Test(arguments: WordOrder.allCases)
    func `words that stand apart are put together, the higher one named first`(order: WordOrder)
        throws
    {
        let isSwapped = order == .badc || order == .dcba
        let (high, low): (UInt16, UInt16) = isSwapped ? (0x0100, 0x7011) : (0x0001, 0x1170)
        // 100 has the higher word, 98 or 102 the lower one.
        #expect(
            try steps([low, 7, high], .uint32, exponent: 0, lowAddress: 98, order: order) == 70_000)
        #expect(
            try steps([high, 7, low], .uint32, exponent: 0, lowAddress: 102, order: order) == 70_000
        )
    }

    @Test func `a negative factor turns the sign`() throws {
        #expect(try steps([0xFFFE, 0x7E33], .int32, scale: "-0.1", exponent: -1) == 98_765)
        #expect(try steps([0x4366, 0x8000], .float32, scale: "-1", exponent: -1) == -2305)
    }

    @Test func `a scale register that holds no power of ten is reported`() {
        let error = #expect(throws: DriverError.self) {
            try steps([23], .int16, exponent: 0, scalePower: 0x8000)
        }
        #expect(
            error?.detail
                == "channel meter-value: scale register 110 holds -32768, must be -10 to 10")
    }
}
