import DriverKit
import Glibc
import Vocabulary

/// The kernel's own files: sysfs, proc, and the space of mounted file systems.
///
/// A read blocks for as long as the kernel's driver does, 0.78 s for a 1-wire thermometer.
public struct SystemFiles: AttributeFiles {
    /// The most bytes that a file may hold. An attribute of sysfs has one page at most;
    /// `/proc/stat` has a line for each core.
    public static let sizeLimit = 65_536

    private let root: String

    /// - Parameter root: The folder that paths are taken from, when it is not the machine's own.
    public init(root: String = "/") {
        self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    public func text(of path: String) throws(DriverError) -> String {
        let path = root + path
        // Sound: the text is handed over as a C string for the length of the call. A pipe where a file should
        // be holds nobody up; the kernel's own files take as long as ever.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw DriverError(openingOrReading: path, failedWith: errno) }
        defer { close(descriptor) }
        var code: Int32 = 0
        // Sound: at most the rest of the buffer is asked for, and only what was filled is kept.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.sizeLimit + 1) {
            buffer, count in
            while count < buffer.count {
                let rest = unsafe buffer.baseAddress.map { unsafe $0 + count }
                let got = unsafe read(descriptor, rest, buffer.count - count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                guard got > 0 else { return }
                count += got
            }
        }
        guard code == 0 else { throw DriverError(openingOrReading: path, failedWith: code) }
        guard bytes.count <= Self.sizeLimit else {
            throw DriverError(
                .malformedReply,
                "\(path): is larger than \(Self.sizeLimit) bytes, the most of a sysfs attribute")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DriverError(.malformedReply, "\(path): is not UTF-8 text")
        }
        return text
    }

    public func names(in folder: String) throws(DriverError) -> [String] {
        let path = root + folder
        // Sound: the stream is used in this function alone and closed when it returns.
        guard let stream = unsafe opendir(path) else {
            throw DriverError(openingOrReading: path, failedWith: errno)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        // Sound: an entry is read before the next call, which may overwrite it.
        while let entry = unsafe readdir(stream) {
            let name = unsafe name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func space(at path: String) throws(DriverError) -> FileSystemSpace {
        let path = root + path
        var found = statvfs()
        // Sound: `found` is filled in place, for the length of the call.
        guard unsafe statvfs(path, &found) == 0 else {
            throw DriverError(openingOrReading: path, failedWith: errno)
        }
        let block = UInt64(found.f_frsize)
        return FileSystemSpace(
            total: bytes(UInt64(found.f_blocks), of: block),
            available: bytes(UInt64(found.f_bavail), of: block))
    }

    /// `blocks × block`, cut off where a file system claims more than 64 bits hold.
    private func bytes(_ blocks: UInt64, of block: UInt64) -> Int64 {
        let (product, overflow) = blocks.multipliedReportingOverflow(by: block)
        return overflow ? .max : Int64(clamping: product)
    }

    private func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        // Sound: the kernel ends the name with a zero byte; how long the entry is, it alone knows.
        return unsafe String(
            cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
    }
}

extension DriverError {
    /// What an error number of `open`, `read` or `statvfs` says about a file of the kernel.
    ///
    /// A device behind a file that stays, as on an I2C bus, answers EIO or EREMOTEIO and may answer
    /// better in the next round. One whose file goes as well says ENODEV or ENXIO.
    init(openingOrReading path: String, failedWith code: Int32) {
        switch code {
        case ENOENT, ENOTDIR:
            self.init(.notConnected, "\(path): does not exist")
        case EACCES, EPERM:
            self.init(.notConnected, "\(path): permission denied")
        case ENODEV, ENXIO:
            self.init(.notConnected, "\(path): the device behind it is gone")
        case ETIMEDOUT:
            self.init(
                .timeout, "\(path): the device behind it did not answer the kernel (timed out)")
        case EIO, EREMOTEIO:
            self.init(.malformedReply, "\(path): the kernel could not reach the device behind it")
        case EAGAIN, ENODATA:
            self.init(.malformedReply, "\(path): the device behind it has no value yet")
        case EISDIR:
            self.init(.malformedReply, "\(path): is a folder, not a file")
        default:
            self.init(.malformedReply, "\(path): \(SystemError(number: code).message)")
        }
    }
}
