import DriverKit
import Testing
import Vocabulary

@Suite("Requests for registers") struct RegisterPlanTests {
    private func input(_ address: Int, _ count: Int = 2) -> RegisterSpan {
        RegisterSpan(function: .inputRegisters, address: address, count: count)
    }

    private func plan(_ spans: [RegisterSpan], maxWords: Int = 80, maxGap: Int = 8)
        -> [RegisterSpan]
    {
        RegisterSpan.merged(spans, limits: RegisterLimits(maxWords: maxWords, maxGap: maxGap))
    }

    @Test func `neighbours are read together, in any order`() {
        #expect(plan([input(2), input(0), input(4)]) == [input(0, 6)])
    }

    @Test func `a gap is read along up to the limit and not beyond`() {
        #expect(plan([input(0), input(10)]) == [input(0, 12)])
        #expect(plan([input(0), input(11)]) == [input(0), input(11)])
        #expect(plan([input(0), input(3)], maxGap: 0) == [input(0), input(3)])
    }

    @Test func `no request is longer than the device allows`() {
        let spans = stride(from: 0, to: 100, by: 2).map { input($0) }
        #expect(plan(spans, maxWords: 40) == [input(0, 40), input(40, 40), input(80, 20)])
    }

    @Test func `no value is torn apart`() {
        #expect(plan([input(0, 4), input(4, 4)], maxWords: 7) == [input(0, 4), input(4, 4)])
    }

    @Test func `functions are never mixed`() {
        let holding = RegisterSpan(function: .holdingRegisters, address: 2, count: 2)
        #expect(plan([input(0), holding, input(4)]) == [holding, input(0, 6)])
    }

    @Test func `what is wanted twice is read once`() {
        #expect(plan([input(0, 4), input(1, 1), input(0, 4)]) == [input(0, 4)])
    }

    @Test func `nothing to read needs no request`() {
        #expect(plan([]) == [])
    }

    @Test func `words are found in the request that read them`() throws {
        var words = RegisterWords()
        words.add([1, 2, 3, 4], of: input(10, 4))
        words.add([9], of: RegisterSpan(function: .holdingRegisters, address: 12, count: 1))
        #expect(try Array(words[input(12, 2)]) == [3, 4])
        #expect(throws: DriverError.self) { try words[input(13, 2)] }
    }
}
