/// The arrows that imports draw between rooms.
struct ImportGraph {
    /// Rooms in the order of `Package.swift`.
    let rooms: [Arrows.Room]
    /// How many files each room has, and how many of them import each other room.
    private var files: [String: Int] = [:]
    private(set) var arrows: [String: [String: Int]] = [:]

    init(_ rooms: [Arrows.Room], files: [SourceFile]) {
        self.rooms = rooms
        let names = Set(rooms.map(\.name))
        for file in files where names.contains(file.room) {
            self.files[file.room, default: 0] += 1
            for module in Set(file.imports.map(\.module)) where names.contains(module) {
                arrows[file.room, default: [:]][module, default: 0] += 1
            }
        }
    }

    /// How high each room stands: 1 where it knows no other, else one more than the highest that it knows.
    /// Rooms in a cycle, and those above one, have none.
    var levels: [String: Int] {
        var levels: [String: Int] = [:]
        var waiting = rooms.map(\.name)
        while true {
            let free = waiting.filter { (arrows[$0] ?? [:]).keys.allSatisfy { levels[$0] != nil } }
            if free.isEmpty { return levels }
            for name in free {
                levels[name] = 1 + ((arrows[name] ?? [:]).keys.compactMap { levels[$0] }.max() ?? 0)
            }
            waiting.removeAll { levels[$0] != nil }
        }
    }

    /// Imports of rooms that stand further down the list, and rooms that a cycle keeps from having a level.
    var breaches: [String] {
        let place = Dictionary(
            rooms.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let levels = levels
        return rooms.enumerated().flatMap { index, room in
            (arrows[room.name] ?? [:]).keys.sorted().filter { (place[$0] ?? 0) >= index }
                .map { "\(room.name) imports \($0), which stands below it" }
        } + rooms.filter { levels[$0.name] == nil }.map { "\($0.name) stands on a cycle" }
    }

    /// One line for each room: floor, level, name, files, and how many of them import which other room.
    var lines: [String] {
        let levels = levels
        return rooms.map { room in
            let below = (arrows[room.name] ?? [:]).sorted {
                ($1.value, $0.key) < ($0.value, $1.key)
            }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            let level = levels[room.name].map(String.init) ?? "cycle"
            return "\(room.floor) \(level) \(room.name), \(files[room.name] ?? 0) files"
                + (below.isEmpty ? "" : " → \(below)")
        }
    }
}
