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
}
