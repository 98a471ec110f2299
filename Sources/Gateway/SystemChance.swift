import Glibc

/// The machine's own chance, for secrets and identities. Everything else is seeded.
///
/// Source: getentropy(3). It is asked for several numbers at a time; none is given twice.
struct SystemChance: RandomNumberGenerator, Sendable {
    private var numbers: [UInt64] = []

    mutating func next() -> UInt64 {
        if numbers.isEmpty { fill() }
        return numbers.removeLast()
    }

    private mutating func fill() {
        numbers = [UInt64](repeating: 0, count: 32)
        // Sound: as many bytes as the array has are written; 256 are the most that may be asked for.
        let result = unsafe getentropy(&numbers, numbers.count * 8)
        precondition(result == 0, "the kernel has no random numbers")
    }
}
