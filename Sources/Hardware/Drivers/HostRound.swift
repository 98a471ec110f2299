import DriverKit
import Vocabulary

/// One look at the machine: every file is read once, however many channels need it.
struct HostRound {
    let files: any AttributeFiles
    private var texts: [String: String] = [:]
    private var spaces: [String: FileSystemSpace] = [:]

    init(files: any AttributeFiles) { self.files = files }

    /// A mean of the queue for the processor: 0 for one minute, 1 for five, 2 for fifteen.
    mutating func load(_ index: Int) throws(DriverError) -> DecimalNumber {
        try number(index, in: "/proc/loadavg")
    }

    /// Seconds since boot.
    mutating func uptime() throws(DriverError) -> DecimalNumber {
        try number(0, in: "/proc/uptime")
    }

    /// An entry of `/proc/meminfo`, in bytes.
    mutating func memory(_ name: String) throws(DriverError) -> Int64 {
        let path = "/proc/meminfo"
        for line in try text(of: path).split(separator: "\n") where line.hasPrefix("\(name):") {
            let words = line.split(separator: " ")
            // The kernel says kB and means 1,024 bytes.
            guard words.count == 3, words[2] == "kB", let kibibytes = Int64(words[1]),
                (0...(.max / 1_024)).contains(kibibytes)
            else { throw unreadable(path, String(line)) }
            return kibibytes * 1_024
        }
        throw DriverError(.malformedReply, "\(path): has no line \(name)")
    }

    mutating func space(at path: String) throws(DriverError) -> FileSystemSpace {
        if let space = spaces[path] { return space }
        let space = try files.space(at: path)
        spaces[path] = space
        return space
    }

    /// The share of the last ten seconds, in percent, in which a task waited for `resource`.
    mutating func pressure(_ resource: String) throws(DriverError) -> DecimalNumber {
        let path = "/proc/pressure/\(resource)"
        let text: String
        do {
            text = try self.text(of: path)
        } catch  where error.kind == .notConnected {
            throw DriverError(
                .notConnected,
                "\(error.detail); boot the kernel with psi=1 or set pressure to false")
        }
        let some = text.prefix { $0 != "\n" }
        guard some.hasPrefix("some avg10="),
            let number = DecimalNumber(some.dropFirst(11).prefix { $0 != " " })
        else { throw unreadable(path, text) }
        return number
    }

    /// A counter of one interface, or its sum over all but `lo`.
    mutating func network(
        _ counter: String, _ interface: String?
    ) throws(DriverError) -> DecimalNumber {
        let folder = "/sys/class/net"
        if let interface {
            return try files.number(of: "\(folder)/\(interface)/statistics/\(counter)")
        }
        var sum = DecimalNumber(mantissa: 0)
        for name in try files.names(in: folder) where name != "lo" {
            do throws(DriverError) {
                let count = try files.number(of: "\(folder)/\(name)/statistics/\(counter)")
                sum = sum.adding(count) ?? sum
            } catch  where error.kind == .notConnected {
                // Interfaces come and go, and not everything in the folder is one.
                continue
            }
        }
        return sum
    }

    /// Processor time since boot, over all cores.
    mutating func processorTimes() throws(DriverError) -> ProcessorTimes {
        let path = "/proc/stat"
        let line = try text(of: path).prefix { $0 != "\n" }
        // user nice system idle iowait irq softirq steal; what follows is contained in user and nice.
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Int64($0) }
        guard line.hasPrefix("cpu "), ticks.count >= 4 else {
            throw unreadable(path, String(line))
        }
        let total = ticks.reduce(0, &+)
        let idle = ticks[3] &+ (ticks.count > 4 ? ticks[4] : 0)
        return ProcessorTimes(total: total, busy: total &- idle)
    }

    private mutating func number(
        _ index: Int, in path: String
    ) throws(DriverError) -> DecimalNumber {
        let text = try text(of: path)
        let words = text.split { $0.isWhitespace }
        guard index < words.count, let number = DecimalNumber(words[index]) else {
            throw unreadable(path, text)
        }
        return number
    }

    private mutating func text(of path: String) throws(DriverError) -> String {
        if let text = texts[path] { return text }
        let text = try files.text(of: path)
        texts[path] = text
        return text
    }

    private func unreadable(_ path: String, _ text: String) -> DriverError {
        DriverError(.malformedReply, "\(path): malformed: \"\(text.trimmed.shortened)\"")
    }
}

/// Ticks of all processors since boot.
struct ProcessorTimes: Hashable {
    var total: Int64 = 0
    var busy: Int64 = 0
}
