import Glibc
import Vocabulary

/// The machine's own chance, for secrets and identities. Everything else is seeded.
///
/// Source: getentropy(3). The standard generator asks the kernel for each number, which in lock-step on the
/// direct link costs as much as a message; this asks for several. None is given twice, also not to a copy.
package struct SystemChance: RandomNumberGenerator, Sendable {
    private let pool = Pool()

    package init() {}

    package mutating func next() -> UInt64 { pool.next() }

    private final class Pool: Sendable {
        private let numbers = Guarded([UInt64]())

        func next() -> UInt64 {
            numbers.withLock { numbers in
                if numbers.isEmpty { numbers = Self.fresh() }
                return numbers.removeLast()
            }
        }

        private static func fresh() -> [UInt64] {
            var numbers = [UInt64](repeating: 0, count: 32)
            // Sound: as many bytes as the array has are written; 256 are the most that may be asked for.
            let result = unsafe getentropy(&numbers, numbers.count * 8)
            precondition(result == 0, "the kernel has no random numbers")
            return numbers
        }
    }
}
