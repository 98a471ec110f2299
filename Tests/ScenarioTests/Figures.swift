import Vocabulary

/// What holds in every weather, in the words that the figures are reported in.
enum Promise: String, CaseIterable {
    case interlocks = "interlocks and dead times hold at every change of a contact"
    case limits = "minimum on and off times and switches an hour are kept"
    case overtime = "no relay is on beyond its maximum on time"
    case silence = "safe state in time once the controller is silent"
    case start = "safe state at every start"
    case feedback = "safe state in time once the feedback contradicts"
    case ordered = "no relay is on that nobody commands"
    case hold = "a hold is respected and ends by itself"
    case expiry = "no expired and no retained command switches"
    case answers = "every command is answered once and in time, a repeated one the same"
    case readings = "no reading is lost and none told twice"
    case schedule = "no node suffers from another's fault"
    case reload = "a reload touches what changed, and a broken layout nothing"
}

/// What scenarios went through.
struct Figures: Sendable {
    var seeds = 0
    var simulated = Duration.zero
    var faults: [String: Int] = [:]
    var commands = 0
    var answers: [String: Int] = [:]
    var steps = 0
    var checks: [Promise: Int] = [:]
    var switches = 0
    var readings = 0

    mutating func add(_ other: Figures) {
        seeds += other.seeds
        simulated += other.simulated
        faults.merge(other.faults, uniquingKeysWith: +)
        answers.merge(other.answers, uniquingKeysWith: +)
        checks.merge(other.checks, uniquingKeysWith: +)
        commands += other.commands
        steps += other.steps
        switches += other.switches
        readings += other.readings
    }

    /// All of it, for people.
    func block(_ title: String) -> String {
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                .joined(separator: ", ")
        }
        let hours = Int(simulated / .seconds(360))
        let promises = Promise.allCases.map { "  \(checks[$0, default: 0]) × \($0.rawValue)" }
        return """
            \(title)
            seeds \(seeds), simulated hours \(hours / 10).\(hours % 10), moments checked \(steps), \
            contacts switched \(switches), readings told \(readings)
            commands \(commands): \(list(answers))
            faults \(faults.values.reduce(0, +)): \(list(faults))
            promises checked:
            \(promises.joined(separator: "\n"))
            """
    }
}
