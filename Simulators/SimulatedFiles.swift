import DriverKit
import Vocabulary

/// A pretend tree of the kernel's files. May be used and changed from any thread.
///
/// A file is a text, or a function of the clock; folders follow from the files in them. What was not
/// set is not there.
public final class SimulatedFiles: AttributeFiles {
    /// What a file holds at a moment.
    public typealias Content = @Sendable (MonotonicInstant) throws(DriverError) -> String

    fileprivate struct State {
        var files: [String: Content] = [:]
        /// What is in each folder, by the folder's path with a slash at its end.
        var folders: [String: Folder] = [:]
        var spaces: [String: FileSystemSpace] = [:]
        var reads: [String] = []
        var listings: [String: Int] = [:]
        var asked = 0
    }

    /// Sorted when asked for, so that a thousand sensors are plugged in and found in no time.
    fileprivate struct Folder {
        private var names: Set<String> = []
        private var sorted: [String]?

        mutating func add(_ name: String) {
            if names.insert(name).inserted { sorted = nil }
        }

        var count: Int { names.count }

        mutating func sortedNames() -> [String] {
            let names = sorted ?? names.sorted()
            sorted = names
            return names
        }
    }

    private let clock: any GatewayClock
    private let state = Guarded(State())
    /// What the devices of each class are called, as of the last that was plugged in.
    let classes = Guarded<[String: SimulatedClass.Names]>([:])

    /// How many reads are remembered for `reads`.
    private static let readsLimit = 1_000

    init(clock: any GatewayClock) { self.clock = clock }

    /// Makes the file at `path`, or changes what it holds.
    public func set(_ path: String, _ text: String) {
        set(path) { _ in text }
    }

    /// Makes the file at `path`, or changes what it holds. What `content` throws, the reader gets.
    public func set(_ path: String, _ content: @escaping Content) {
        state.withLock { state in
            if state.files.updateValue(content, forKey: path) == nil { state.list(path) }
        }
    }

    /// Makes a number of 10^`places` that follows `signal`, in a line of its own.
    public func set(
        _ path: String, _ signal: Signal, places: Int = 0
    ) {
        set(path) { now in "\(wholeSteps(signal.value(at: now), places: places))\n" }
    }

    /// Makes the file hold nothing, as the kernel shows a 1-wire sensor that was pulled out.
    public func makeEmpty(_ path: String) { set(path, "") }

    /// Removes the file, or the folder with all that is in it.
    public func remove(_ path: String) {
        state.withLock { state in
            state.files = state.files.filter { file in
                file.key != path && !file.key.hasPrefix(path + "/")
            }
            state.folders = [:]
            for file in state.files.keys { state.list(file) }
        }
    }

    /// Sets the space of the file system mounted at `path`.
    public func setSpace(at path: String, _ space: FileSystemSpace) {
        state.withLock { $0.spaces[path] = space }
    }

    /// The paths that were read, oldest first; the last thousand of them.
    public var reads: [String] { state.withLock { $0.reads } }

    /// How often a file or a folder was asked for.
    public var asked: Int { state.withLock { $0.asked } }

    /// How often the names in a folder were asked for.
    public func listings(of folder: String) -> Int { state.withLock { $0.listings[folder] ?? 0 } }

    public func text(of path: String) throws(DriverError) -> String {
        let content = state.withLock { state in
            if state.reads.count == Self.readsLimit { state.reads.removeFirst() }
            state.reads.append(path)
            state.asked += 1
            return state.files[path]
        }
        guard let content else { throw absent(path) }
        return try content(clock.now)
    }

    public func names(in folder: String) throws(DriverError) -> [String] {
        let names = state.withLock { state in
            state.listings[folder, default: 0] += 1
            state.asked += 1
            return state.folders[folder.asFolder]?.sortedNames()
        }
        guard let names else { throw absent(folder) }
        return names
    }

    /// How many names are in a folder; none when it is absent.
    func count(in folder: String) -> Int {
        state.withLock { $0.folders[folder.asFolder]?.count ?? 0 }
    }

    public func space(at path: String) throws(DriverError) -> FileSystemSpace {
        let spaces = state.withLock { $0.spaces }
        // The file system of a path is the one mounted nearest above it.
        let above = spaces.filter { path == $0.key || path.hasPrefix($0.key.asFolder) }
        guard let nearest = above.max(by: { $0.key.count < $1.key.count }) else {
            throw absent(path)
        }
        return nearest.value
    }

    private func absent(_ path: String) -> DriverError {
        DriverError(.notConnected, "\(path): does not exist")
    }
}

extension SimulatedFiles.State {
    /// Notes the file in all folders above it.
    fileprivate mutating func list(_ path: String) {
        var folder = "/"
        for part in path.split(separator: "/") {
            folders[folder, default: .init()].add(String(part))
            folder += part + "/"
        }
    }
}

extension String {
    fileprivate var asFolder: String { hasSuffix("/") ? self : self + "/" }
}

/// `value` in whole steps of 10^−`places`.
func wholeSteps(_ value: Double, places: Int) -> Int64 {
    var power = 1.0
    for _ in 0..<places { power *= 10 }
    return Int64((value * power).rounded())
}
