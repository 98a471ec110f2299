import CLinux
import CModbus
import DriverKit
import Glibc
import Vocabulary

/// A serial port under libmodbus.
///
/// libmodbus waits in select(2), where a descriptor of 1024 or more corrupts memory. So a low one is
/// dead-lettered at the start: it stands for /dev/null while the line is closed, and whatever is opened is
/// moved onto it.
///
/// Sound as a safe type: the context is made in `init`, freed in `deinit`, and never handed out.
@safe final class LibmodbusLine: ModbusLine {
    let name: String
    private let port: SerialSettings
    private let context: OpaquePointer
    /// The low descriptor.
    private let seat: Int32
    /// /dev/null, which takes the seat while the line is closed.
    private let vacancy: Int32
    private var isOpen = false

    /// - Throws: `.invalidComponent` for settings that no serial port has; `.notConnected` when there is
    ///   no low descriptor left.
    init(_ port: SerialSettings, of bus: BusName) throws(DriverError) {
        self.port = port
        name = Bus.Line.serial(port).shortName
        guard Self.bauds.contains(port.baud) else {
            throw DriverError(
                .invalidComponent,
                "bus \(bus): \(port.baud) baud is not a serial port speed, for example 9600")
        }
        let parity: CChar =
            switch port.parity {
            case .none: 0x4E  // N
            case .even: 0x45  // E
            case .odd: 0x4F  // O
            }
        // Sound: libmodbus copies the path.
        let made = unsafe modbus_new_rtu(
            port.port, Int32(clamping: port.baud), parity, 8, Int32(clamping: port.stopBits))
        guard let made = unsafe made else {
            throw DriverError(
                .invalidComponent, "bus \(bus): \(Self.words(of: errno)) for \(port.port)")
        }
        // Sound: the path is read during the call.
        let low = unsafe Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        let spare = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 0)
        guard spare >= 0, low < Self.seats else {
            let reason =
                spare < 0
                ? Self.words(of: errno)
                : "descriptor \(low) is too high for libmodbus, must be below \(Self.seats)"
            // Sound: nobody else knows the context.
            unsafe modbus_free(made)
            if low >= 0 { Glibc.close(low) }
            if spare >= 0 { Glibc.close(spare) }
            throw DriverError(.notConnected, "bus \(bus): \(reason)")
        }
        // Sound: the context is alive. Without a time limit for each byte, the one for the reply
        // covers all of it.
        _ = unsafe modbus_set_byte_timeout(made, 0, 0)
        unsafe context = made
        (seat, vacancy) = (low, spare)
    }

    deinit {
        // Sound: the context is freed once, and never uses the descriptors again.
        unsafe modbus_free(context)
        Glibc.close(seat)
        Glibc.close(vacancy)
    }

    /// Source: termios(3), the speeds that libmodbus knows.
    private static let bauds: Set<Int> = [
        110, 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800,
        500000, 576000, 921600, 1_000_000, 1_152_000, 1_500_000, 2_500_000, 3_000_000, 3_500_000,
        4_000_000,
    ]

    /// Source: FD_SETSIZE of glibc's select(2).
    private static let seats: Int32 = 1024

    var numbersReplies: Bool { false }
    var hint: String { "" }
    var descriptor: Int32 { seat }

    /// Opens the port by its path, for this process alone.
    func open() throws(DriverError) {
        close()
        let opened = try openPort(port.port)
        let moved = tidegate_replace_descriptor(opened, seat)
        let reason = errno
        Glibc.close(opened)
        guard moved == seat else {
            throw DriverError(.notConnected, "cannot open \(name): \(Self.words(of: reason))")
        }
        // Sound: the context is alive.
        _ = unsafe modbus_set_socket(context, seat)
        isOpen = true
    }

    private func openPort(_ path: String) throws(DriverError) -> Int32 {
        // Sound: the context is alive; for a serial port this opens and sets up, without select(2).
        guard unsafe modbus_connect(context) == 0 else {
            throw DriverError(.notConnected, "cannot open \(path): \(Self.words(of: errno))")
        }
        let descriptor = unsafe modbus_get_socket(context)
        guard ioctl(descriptor, UInt(TIOCEXCL)) == 0 else {
            let reason = Self.words(of: errno)
            Glibc.close(descriptor)
            throw DriverError(.notConnected, "cannot lock \(path) for exclusive use: \(reason)")
        }
        return descriptor
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        // A pseudo-terminal keeps the flag while its other end is open. One that has gone refuses,
        // which does not matter.
        _ = ioctl(seat, UInt(TIOCNXCL))
        _ = tidegate_replace_descriptor(vacancy, seat)
    }

    func isAlive() -> Bool {
        isOpen && wait(for: .zero) & (POLLHUP | POLLERR | POLLNVAL) == 0
    }

    func discardInput() {
        // Sound: the context is alive. A dead line is found out by the request that follows.
        _ = unsafe modbus_flush(context)
    }

    func ask(_ request: ModbusRequest) -> ModbusOutcome {
        let limit = max(1_000, (request.replyTimeout + wireTime(of: request)).wholeNanoseconds)
        guard !request.function.readsBits else { return askForBits(request, limit) }
        var words = [UInt16](repeating: 0, count: request.count)
        // Sound: the context is alive, and the buffer holds as many registers as are asked for.
        let (count, code) = unsafe words.withUnsafeMutableBufferPointer { buffer in
            prepare(request, limit)
            let read =
                request.function == .inputRegisters
                ? unsafe modbus_read_input_registers : unsafe modbus_read_registers
            let count = unsafe read(
                context, Int32(request.address), Int32(request.count), buffer.baseAddress)
            return (count, errno)
        }
        if count == request.count { return .words(words) }
        return count < 0 ? Self.outcome(of: code) : .wrongForm
    }

    private func askForBits(_ request: ModbusRequest, _ limit: Int64) -> ModbusOutcome {
        var bits = [UInt8](repeating: 0, count: request.count)
        // Sound: the context is alive, and the buffer holds as many bits, a byte each, as are asked for.
        let (count, code) = unsafe bits.withUnsafeMutableBufferPointer { buffer in
            prepare(request, limit)
            let read =
                request.function == .coils
                ? unsafe modbus_read_bits : unsafe modbus_read_input_bits
            let count = unsafe read(
                context, Int32(request.address), Int32(request.count), buffer.baseAddress)
            return (count, errno)
        }
        if count == request.count { return .words(bits.map { UInt16($0) }) }
        return count < 0 ? Self.outcome(of: code) : .wrongForm
    }

    /// - Parameter limit: For how many nanoseconds to wait for the reply.
    private func prepare(_ request: ModbusRequest, _ limit: Int64) {
        // Sound: the context is alive.
        _ = unsafe modbus_set_response_timeout(
            context, UInt32(clamping: limit / 1_000_000_000),
            UInt32(limit % 1_000_000_000 / 1_000))
        _ = unsafe modbus_set_slave(context, Int32(request.unit))
    }

    private func wireTime(of request: ModbusRequest) -> Duration {
        let bytes = 8 + 5 + request.replyBytes
        return .nanoseconds(Int64(bytes * port.bitsPerByte) * 1_000_000_000 / Int64(port.baud))
    }

    private static func outcome(of code: Int32) -> ModbusOutcome {
        switch code {
        case ETIMEDOUT: .silence
        case tidegate_modbus_wrong_checksum: .wrongChecksum
        case tidegate_modbus_wrong_sender: .wrongSender
        case tidegate_modbus_wrong_form, tidegate_modbus_unknown_exception,
            tidegate_modbus_too_long:
            .wrongForm
        case tidegate_modbus_first_exception...tidegate_modbus_last_exception:
            .exception(UInt8(clamping: code - tidegate_modbus_first_exception + 1))
        default: .gone(words(of: code))
        }
    }

    /// libmodbus's or the system's words for an error number.
    private static func words(of code: Int32) -> String {
        // Sound: the answer is a C string that is valid until this thread's next call of it.
        unsafe String(cString: modbus_strerror(code))
    }
}

extension Bus.Line {
    /// What messages call it: the last part of a port's path, or host and port.
    var shortName: String {
        switch self {
        case .serial(let port): port.port.split(separator: "/").last.map(String.init) ?? port.port
        case .tcp(let host, let port, _): "\(host):\(port)"
        }
    }
}
