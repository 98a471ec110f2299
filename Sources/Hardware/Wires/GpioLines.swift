import DriverKit
import Glibc
import Vocabulary

/// The GPIO chips of this machine: finds lines by label or name and claims them.
struct GpioLines: Sendable {
    /// Where the chips' nodes are.
    let devices: String

    init(devices: String = "/dev") { self.devices = devices }

    func output(
        _ address: LineAddress, _ settings: OutputSettings, initially: InitialState
    ) throws(DriverError) -> any OutputLine {
        let (chip, offset) = try find(address)
        do throws(SystemError) {
            return GpioOutputLine(
                address, try chip.requestOutput(offset, settings, initially: initially))
        } catch {
            throw refusal(
                error, of: address, chip, offset, asking: "drive \(settings.drive.rawValue)")
        }
    }

    func input(
        _ address: LineAddress, _ settings: InputSettings
    ) throws(DriverError) -> any InputLine {
        let (chip, offset) = try find(address)
        do throws(SystemError) {
            return GpioInputLine(address, try chip.requestInput(offset, settings))
        } catch {
            throw refusal(
                error, of: address, chip, offset,
                asking: "edges with bias \(settings.bias.rawValue)")
        }
    }

    private func find(_ address: LineAddress) throws(DriverError) -> (GpioChip, UInt32) {
        let (all, closed) = open()
        let chips = all.filter { address.chip == nil || $0.label == address.chip }
        if let label = address.chip {
            guard let chip = chips.first else {
                if let closed { throw DriverError(.notConnected, "line \(address): \(closed)") }
                throw .noChip(for: address, labelled: label, among: all.map(\.label).sorted())
            }
            guard chips.count == 1 else {
                throw DriverError(
                    .notConnected,
                    "line \(address): \(chips.count) chips are labelled \(label); "
                        + "use a line name that only one of them has")
            }
            if case .offset(let offset) = address.line {
                guard offset < chip.lineCount else {
                    throw .noLine(address, ofOnly: Int(chip.lineCount))
                }
                return (chip, offset)
            }
        }
        return try find(address, onAnyOf: chips, closed: closed)
    }

    private func find(
        _ address: LineAddress, onAnyOf chips: [GpioChip], closed: String?
    ) throws(DriverError) -> (GpioChip, UInt32) {
        let name = address.line.text
        var found: [(chip: GpioChip, offset: UInt32)] = []
        var names: [String] = []
        for chip in chips {
            for line in chip.lineNames {
                names.append(line.name)
                if line.name == name { found.append((chip, line.offset)) }
            }
        }
        guard let first = found.first else {
            if let closed { throw DriverError(.notConnected, "line \(address): \(closed)") }
            throw .noLine(address, named: name, among: names.sorted())
        }
        guard found.count == 1 else {
            let places = found.map { "\($0.chip.label)/\($0.offset)" }
            throw DriverError(
                .notConnected,
                "line \(address): \(found.count) lines are named \(name); write one of "
                    + places.joined(separator: ", "))
        }
        return first
    }

    /// All chips that can be opened, and why one could not.
    private func open() -> (chips: [GpioChip], closed: String?) {
        var chips: [GpioChip] = []
        var closed: String?
        for path in nodes() {
            do throws(SystemError) {
                chips.append(try GpioChip(path: path))
            } catch {
                // Anything else is no chip, or went away between the listing and the opening.
                guard error.number == EACCES || error.number == EPERM else { continue }
                closed = "permission denied on \(path); add the user to group gpio"
            }
        }
        return (chips, closed)
    }

    /// The chips' nodes without links to them, in the order of their numbers.
    private func nodes() -> [String] {
        // Sound: the folder is closed once, and entries are copied before the next is read.
        guard let folder = unsafe opendir(devices) else { return [] }
        defer { unsafe closedir(folder) }
        var numbers: [UInt32] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { start in
                unsafe start.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            let isLink = unsafe Int32(entry.pointee.d_type) == DT_LNK
            guard !isLink, name.hasPrefix("gpiochip") else { continue }
            if let number = UInt32(name.dropFirst("gpiochip".count)) { numbers.append(number) }
        }
        return numbers.sorted().map { "\(devices)/gpiochip\($0)" }
    }

    private func refusal(
        _ error: SystemError, of address: LineAddress, _ chip: GpioChip, _ offset: UInt32,
        asking: String
    ) -> DriverError {
        switch error.number {
        case EBUSY: .lineInUse(address, by: chip.consumer(of: offset) ?? "an unnamed consumer")
        case EINVAL, ENOTSUP, ENOSYS, ENOTTY:
            DriverError(
                .invalidComponent,
                "line \(address): the chip refuses \(asking): \(error.message)")
        // The kernel has the same word for a chip that went away and one that has no interrupts.
        case ENODEV, ENXIO:
            DriverError(
                .notConnected,
                "line \(address): the chip is gone or does not support \(asking)")
        default: DriverError(.notConnected, "line \(address): \(error.message)")
        }
    }
}

extension LineAddress.Line {
    fileprivate var text: String {
        switch self {
        case .offset(let offset): String(offset)
        case .name(let name): name
        }
    }
}
