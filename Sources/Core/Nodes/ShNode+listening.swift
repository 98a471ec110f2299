import DriverKit
import Vocabulary

// What a node makes of what its device sends by itself.
extension ShNode {
    /// Reports readings as taken now, less the age that the device gives them: a value that carries its own
    /// date is captured with that date, and once for each date.
    func report(
        _ readings: [Reading], of wanted: [DataChannel], from driver: any ListeningDriver
    ) {
        let stamp = clock.timestamp
        let fresh = Duration.zero
        let ages = Dictionary(grouping: readings) { reading in
            wanted.first { $0.name == reading.channel }.map { max(fresh, driver.age(of: $0)) }
                ?? fresh
        }
        for (age, readings) in ages.sorted(by: { $0.key < $1.key }) {
            let moment = age == fresh ? nil : stamp.monotonic.advanced(by: .zero - age)
            report(readings, at: stamp, moment: moment, age: age)
        }
    }
}
