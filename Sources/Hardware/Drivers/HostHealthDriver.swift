import Documents
import DriverKit
import Vocabulary

/// The machine that the gateway runs on, as the kernel shows it under `/proc`.
///
/// Only the files that the due channels need are read, each once, right after one another.
public struct HostHealthDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "host-health"),
        title: "Load, memory, disk, pressure and network of the gateway's own machine",
        wire: "proc", kinds: [.sensor],
        settings: [
            SettingDescription(
                "path", .text, default: .text("/"),
                "A path in the file system that the disk channels measure."),
            SettingDescription(
                optional: "interface", .text,
                "The network interface to count, \"eth0\"; all but lo when left out."
            ),
            SettingDescription(
                "pressure", .flag, default: .flag(true),
                "Whether the kernel has /proc/pressure. Raspberry Pi OS needs psi=1 on its command "
                    + "line."),
        ],
        channels: [], source: "proc(5); Documentation/accounting/psi.rst of Linux")

    private let files: any AttributeFiles
    private let path: String
    private let interface: String?
    /// Processor time at the last read; zero before the first, so that it shows the time since boot.
    private var lastTimes = ProcessorTimes()
    private var lastShare = DecimalNumber(mantissa: 0)

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        _ = (try path(settings), try interface(settings))
        let hasPressure = try settings.flag("pressure")
        return HostQuantity.allCases.filter { hasPressure || !$0.isPressure }.map(\.channel)
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        files = wiring.files
        path = try Self.path(component.settings)
        interface = try Self.interface(component.settings)
        for channel in component.channels where HostQuantity(rawValue: channel.source) == nil {
            throw DriverError(
                .invalidComponent, "channel \(channel.name): no source \(channel.source)")
        }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        var round = HostRound(files: files)
        return due.compactMap { channel in
            HostQuantity(rawValue: channel.source).map { quantity in
                channel.answer { () throws(DriverError) in try value(of: quantity, &round) }
            }
        }
    }

    private mutating func value(
        of quantity: HostQuantity, _ round: inout HostRound
    ) throws(DriverError) -> DecimalNumber {
        switch quantity {
        case .load1: try round.load(0)
        case .load5: try round.load(1)
        case .load15: try round.load(2)
        case .cpuUsedPercent: try processorShare(&round)
        case .memoryTotal: DecimalNumber(mantissa: try round.memory("MemTotal"))
        case .memoryAvailable: DecimalNumber(mantissa: try round.memory("MemAvailable"))
        case .memoryUsedPercent:
            percent(
                try round.memory("MemTotal") - round.memory("MemAvailable"),
                of: try round.memory("MemTotal"))
        case .swapUsed:
            DecimalNumber(mantissa: try round.memory("SwapTotal") - round.memory("SwapFree"))
        case .diskFree: DecimalNumber(mantissa: try round.space(at: path).available)
        case .diskUsedPercent: try diskShare(&round)
        case .pressureCpu: try round.pressure("cpu")
        case .pressureMemory: try round.pressure("memory")
        case .pressureIo: try round.pressure("io")
        case .networkReceived: try round.network("rx_bytes", interface)
        case .networkSent: try round.network("tx_bytes", interface)
        case .uptime: try round.uptime()
        }
    }

    private func diskShare(_ round: inout HostRound) throws(DriverError) -> DecimalNumber {
        let space = try round.space(at: path)
        return percent(space.total - space.available, of: space.total)
    }

    private mutating func processorShare(
        _ round: inout HostRound
    ) throws(DriverError) -> DecimalNumber {
        let times = try round.processorTimes()
        let total = times.total - lastTimes.total
        // Two reads within a tick of the kernel see the same times, and the last share still holds.
        guard total > 0 else { return lastShare }
        // The time spent waiting for disks may fall a little, says proc(5).
        lastShare = percent(min(max(times.busy - lastTimes.busy, 0), total), of: total)
        lastTimes = times
        return lastShare
    }

    private static func path(_ settings: Settings) throws(DriverError) -> String {
        let path = try settings.text("path")
        guard path.hasPrefix("/") else { throw settings.bad("path", "a full path") }
        return path
    }

    /// - Throws: `.invalidComponent` for what is no interface's name, so that no path leads elsewhere.
    private static func interface(_ settings: Settings) throws(DriverError) -> String? {
        guard let interface = settings["interface"]?.text else { return nil }
        guard !interface.isEmpty, !interface.contains("/") else {
            throw settings.bad("interface", "an interface's name such as \"eth0\"")
        }
        return interface
    }

    private func percent(_ part: Int64, of whole: Int64) -> DecimalNumber {
        guard whole > 0 else { return DecimalNumber(mantissa: 0) }
        let share = (Double(part) / Double(whole) * 10_000).rounded()
        return DecimalNumber(mantissa: Int64(share), exponent: -2)
    }
}

/// What the host's health is made of. The raw value is the channel's source.
enum HostQuantity: String, CaseIterable {
    case load1 = "load-1"
    case load5 = "load-5"
    case load15 = "load-15"
    case cpuUsedPercent = "cpu-used-percent"
    case memoryTotal = "memory-total"
    case memoryAvailable = "memory-available"
    case memoryUsedPercent = "memory-used-percent"
    case swapUsed = "swap-used"
    case diskFree = "disk-free"
    case diskUsedPercent = "disk-used-percent"
    case pressureCpu = "pressure-cpu"
    case pressureMemory = "pressure-memory"
    case pressureIo = "pressure-io"
    case networkReceived = "network-received"
    case networkSent = "network-sent"
    case uptime

    var isPressure: Bool { rawValue.hasPrefix("pressure-") }

    var channel: ChannelDescription {
        switch self {
        case .load1: load("1 minute")
        case .load5: load("5 minutes")
        case .load15: load("15 minutes")
        case .cpuUsedPercent: percent("Processor time used since the last read", delta: 2_000)
        case .memoryTotal: bytes("Memory", poll: .seconds(300), capture: .seconds(3_600))
        case .memoryAvailable: bytes("Memory available to programs")
        case .memoryUsedPercent: percent("Memory in use", delta: 500)
        case .swapUsed: bytes("Swap in use")
        case .diskFree:
            bytes("Disk space available to programs", poll: .seconds(60))
        case .diskUsedPercent: percent("Disk space in use", poll: .seconds(60), delta: 100)
        case .pressureCpu: percent("Time that tasks were stalled on the processor", delta: 1_000)
        case .pressureMemory: percent("Time that tasks were stalled on memory", delta: 1_000)
        case .pressureIo: percent("Time that tasks were stalled on disks", delta: 1_000)
        case .networkReceived: bytes("Received from the network", isCounter: true)
        case .networkSent: bytes("Sent to the network", isCounter: true)
        case .uptime:
            ChannelDescription(
                source: rawValue, unit: .second, exponent: -2, title: "Time since boot",
                plausibility: Plausibility(range: 0 ... .max), pollPeriod: .seconds(60),
                capturePeriod: .seconds(300))
        }
    }

    private func load(_ time: String) -> ChannelDescription {
        ChannelDescription(
            source: rawValue, unit: .load, exponent: -2, title: "Load, mean of \(time)",
            plausibility: Plausibility(range: 0 ... .max), captureDelta: 100)
    }

    private func percent(
        _ title: String, poll: Duration = .seconds(10), delta: Int64
    ) -> ChannelDescription {
        ChannelDescription(
            source: rawValue, unit: .percent, exponent: -2, title: title,
            plausibility: Plausibility(range: 0...10_000), pollPeriod: poll, captureDelta: delta)
    }

    private func bytes(
        _ title: String, poll: Duration = .seconds(10), capture: Duration = .seconds(60),
        isCounter: Bool = false
    ) -> ChannelDescription {
        ChannelDescription(
            source: rawValue, unit: .byte, exponent: 0, title: title,
            plausibility: Plausibility(range: 0 ... .max, isCounter: isCounter), pollPeriod: poll,
            capturePeriod: capture)
    }
}
