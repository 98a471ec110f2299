import DriverKit
import Vocabulary

// What a node makes of what its device sends by itself.
extension ShNode {
    /// Reports readings as taken now, less the age that the device gives them: a value that carries its own
    /// date is captured with that date, and once for each date.
    ///
    /// Such dates are whole seconds. When in a second the device was read is no part of them, or a value
    /// that is read again, as after a reload, would get another date.
    func report(
        _ readings: [Reading], of wanted: [DataChannel], from driver: any ListeningDriver
    ) {
        let stamp = clock.timestamp
        let ages = Dictionary(grouping: readings) { reading in
            wanted.first { $0.name == reading.channel }.flatMap { driver.age(of: $0) }
        }
        for (age, readings) in ages.sorted(by: { $0.key ?? .zero < $1.key ?? .zero }) {
            guard let age else {
                report(readings, at: stamp, moment: nil)
                continue
            }
            let whole = max(.zero, age)
            let taken = stamp.wall.advanced(by: .zero - whole)
            let dated = whole + .nanoseconds(taken.nanoseconds % 1_000_000_000)
            report(
                readings, at: stamp, moment: stamp.monotonic.advanced(by: .zero - dated), age: dated
            )
        }
    }
}
