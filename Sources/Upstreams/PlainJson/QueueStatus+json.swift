import Codecs
import Documents
import Vocabulary

extension QueueStatus {
    /// Queues that are read from one status; more than any gateway has.
    static let mostRead = 1_000

    var json: JsonText {
        func member(_ name: String, _ count: Int) -> JsonText.Member {
            JsonText.Member(name: name, value: .number(Int64(count)))
        }
        var members = [
            JsonText.Member(name: "name", value: .text(name)), member("depth", depth),
            member("dropped", dropped),
        ]
        if let age {
            let seconds = DecimalNumber(mantissa: age.wholeNanoseconds, exponent: -9)
            members.append(JsonText.Member(name: "age", value: .number(seconds)))
        }
        if let commands {
            members += [
                member("inWork", commands.inWork), member("answered", commands.answered),
                member("late", commands.late), member("abandoned", commands.abandoned),
            ]
        }
        return .group(members)
    }

    /// - Returns: Nil when `node` names no queue.
    init?(_ node: JsonNode) {
        guard let name = node["name"]?.text else { return nil }
        func count(_ name: String) -> Int? {
            node[name]?.number?.wholeSteps(exponent: 0).flatMap { Int(exactly: $0) }
        }
        self.init(
            name: name.printable(limit: 200), depth: count("depth") ?? 0,
            dropped: count("dropped") ?? 0,
            age: node["age"]?.number?.wholeSteps(exponent: -9).map { .nanoseconds($0) },
            commands: count("answered").map { answered in
                Commands(
                    inWork: count("inWork") ?? 0, answered: answered, late: count("late") ?? 0,
                    abandoned: count("abandoned") ?? 0)
            })
    }
}
