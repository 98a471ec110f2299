import CLinux
import DriverKit
import Glibc
import Vocabulary

/// Opens a port by its path, for this process alone. It does not block.
/// - Throws: `.notConnected`, saying why.
func openSerialPort(_ path: String) throws(DriverError) -> Int32 {
    // Sound: the path is read during the call.
    let descriptor = unsafe open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw DriverError(.notConnected, "cannot open \(path): \(SystemError.last.message)")
    }
    guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCEXCL)) == 0 else {
        let reason = SystemError.last.message
        close(descriptor)
        throw DriverError(
            .notConnected, "cannot lock \(path) for exclusive use: \(reason)")
    }
    return descriptor
}

/// Sets speed and format, with no flow control and no meaning given to any byte.
/// - Returns: False when the port refuses, with errno.
func setSerialMode(_ descriptor: Int32, _ mode: SerialMode) -> Bool {
    guard let speed = speeds[mode.baud] else {
        errno = EINVAL
        return false
    }
    var settings = termios()
    // Sound: the settings are read and written during the calls.
    guard unsafe tcgetattr(descriptor, &settings) == 0 else { return false }
    unsafe cfmakeraw(&settings)
    let bits = tcflag_t(CSIZE | PARENB | PARODD | CSTOPB)
    settings.c_cflag &= ~(bits | tcflag_t(bitPattern: Int32(bitPattern: UInt32(CRTSCTS))))
    settings.c_cflag |= tcflag_t(mode.dataBits == 7 ? CS7 : CS8) | tcflag_t(CREAD | CLOCAL)
    if mode.parity != .none {
        settings.c_cflag |= tcflag_t(PARENB)
        // A byte of wrong parity is read as 0, which no protocol takes for one of its own.
        settings.c_iflag |= tcflag_t(INPCK)
    }
    if mode.parity == .odd { settings.c_cflag |= tcflag_t(PARODD) }
    if mode.stopBits == 2 { settings.c_cflag |= tcflag_t(CSTOPB) }
    unsafe cfsetispeed(&settings, speed)
    unsafe cfsetospeed(&settings, speed)
    return unsafe tcsetattr(descriptor, TCSADRAIN, &settings) == 0
}

/// Source: termios(3).
private let speeds: [Int: speed_t] = [
    300: speed_t(B300), 600: speed_t(B600), 1200: speed_t(B1200), 2400: speed_t(B2400),
    4800: speed_t(B4800), 9600: speed_t(B9600), 19200: speed_t(B19200), 38400: speed_t(B38400),
    57600: speed_t(B57600), 115_200: speed_t(B115200), 230_400: speed_t(B230400),
]
