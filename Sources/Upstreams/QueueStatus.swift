import Documents
import Vocabulary

/// How one queue inside a gateway stands: a subscriber's to live values, or an actuator's for commands.
public struct QueueStatus: Hashable, Sendable {
    public let name: String
    /// What waits in it.
    public let depth: Int
    /// What has gone by the one at its end: values that it lost, commands that found no place.
    public let dropped: Int
    /// How long the oldest has been waiting; nil where that is not measured.
    public let age: Duration?
    /// What became of the commands; nil where there are none.
    public let commands: Commands?

    /// What became of commands.
    public struct Commands: Hashable, Sendable {
        /// Being carried out.
        public let inWork: Int
        public let answered: Int
        /// Answers for which nobody waited any more.
        public let late: Int
        /// Whoever asked gave up, or its time ran out.
        public let abandoned: Int

        public init(inWork: Int, answered: Int, late: Int, abandoned: Int) {
            (self.inWork, self.answered) = (inWork, answered)
            (self.late, self.abandoned) = (late, abandoned)
        }
    }

    public init(
        name: String, depth: Int, dropped: Int, age: Duration?, commands: Commands? = nil
    ) {
        (self.name, self.depth, self.dropped) = (name, depth, dropped)
        (self.age, self.commands) = (age, commands)
    }

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
