import Vocabulary

/// What the kernel's device classes show, looked at once for all nodes of a gateway.
///
/// Any thread may ask. A look at a class serves all for `freshness`, so that a thousand nodes that
/// open their devices at once cost a few looks, not a thousand. Whoever finds a device by it makes sure
/// that the device still is there. Bounded by the classes that drivers know.
public final class DeviceClasses: Sendable {
    /// How long a look is good for. A device that comes is found so much later at most.
    public static let freshness = Duration.milliseconds(250)

    private struct Kind: Hashable {
        let folder: String
        let attribute: String
    }

    /// The last look at a class; nil before the first.
    private final class Cache: Sendable {
        let look = Guarded<(Result<Scan, DriverError>, at: MonotonicInstant)?>(nil)
    }

    private struct Scan {
        let names: Set<String>
        let called: [String: [String]]
    }

    private let files: any AttributeFiles
    private let clock: any GatewayClock
    private let shelves = Guarded<[Kind: Cache]>([:])

    /// - Parameter clock: Measures how old a look is.
    public init(files: any AttributeFiles, clock: any GatewayClock) {
        (self.files, self.clock) = (files, clock)
    }

    /// The names in the folder of a class.
    /// - Throws: `.notConnected` when the folder is absent.
    public func names(in folder: String) throws(DriverError) -> Set<String> {
        try look(Kind(folder: folder, attribute: "")) { files, _ throws(DriverError) in
            Scan(names: Set(try files.names(in: folder)), called: [:])
        }.names
    }

    /// The numbered names of each device of a class, by what the device is called.
    ///
    /// - Parameters:
    ///   - prefix: What the numbered names start with: `hwmon`.
    ///   - attribute: The file whose first line says what a device is called: `name`. It must be one that
    ///     the kernel answers by itself, without the device: all others wait meanwhile.
    /// - Throws: `.notConnected` when the folder is absent.
    public func devices(
        in folder: String, numbered prefix: String, by attribute: String
    ) throws(DriverError) -> [String: [String]] {
        try look(Kind(folder: folder, attribute: attribute)) { files, kind throws(DriverError) in
            var called: [String: [String]] = [:]
            for name in try files.names(in: folder) where name.hasPrefix(prefix) {
                // A device that goes while it is looked at, or has no name, is none of those looked for.
                guard let text = try? files.text(of: "\(folder)/\(name)/\(attribute)") else {
                    continue
                }
                let line = text.prefix { $0 != "\n" }.drop(while: \.isWhitespace)
                let word = String(line.reversed().drop(while: \.isWhitespace).reversed())
                if !word.isEmpty { called[word, default: []].append(name) }
            }
            return Scan(names: [], called: called)
        }.called
    }

    private func look(
        _ kind: Kind, _ look: (any AttributeFiles, Kind) throws(DriverError) -> Scan
    ) throws(DriverError) -> Scan {
        let shelf = shelves.withLock { shelves in
            let shelf = shelves[kind] ?? Cache()
            shelves[kind] = shelf
            return shelf
        }
        let report = TurnWait.report
        report?(true)
        return try shelf.look.withLock { last in
            report?(false)
            if let last, last.at.duration(to: clock.now) < Self.freshness { return last.0 }
            let result: Result<Scan, DriverError>
            do throws(DriverError) {
                result = .success(try look(files, kind))
            } catch {
                result = .failure(error)
            }
            last = (result, clock.now)
            return result
        }.get()
    }
}
