import CLinux
import Glibc
import Vocabulary

/// What the system still has for this process.
public enum Spare {
    /// Why so much is not to be had now; nil when it is. Takes all of it at once, and gives it back.
    ///
    /// - Parameter bytes: Of addresses, of which each thread takes up to 136 MiB for its stack and malloc(3).
    ///   Whether there is memory behind them shows when it is used.
    public static func problem(
        threads: Int = 0, descriptors: Int = 0, bytes: Int = 0
    ) -> String? {
        problem(descriptors: descriptors) ?? problem(bytes: bytes) ?? problem(threads: threads)
    }

    private static func problem(descriptors: Int) -> String? {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        while opened.count < descriptors {
            // Sound: the path is a constant.
            let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                return
                    "no room for \(descriptors) more open files (\(errorDescription(errno))); raise "
                    + "ulimit -n or LimitNOFILE="
            }
            opened.append(descriptor)
        }
        return nil
    }

    private static func problem(bytes: Int) -> String? {
        guard bytes > 0 else { return nil }
        // Sound: the memory is new, and is released before anything has looked at it.
        let memory = unsafe mmap(
            nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard unsafe memory != MAP_FAILED else {
            return
                "no room for \(bytes >> 20) MiB more of memory (\(errorDescription(errno))); raise "
                + "ulimit -v and -d, or LimitAS= and LimitDATA="
        }
        unsafe munmap(memory, bytes)
        return nil
    }

    private static func problem(threads: Int) -> String? {
        let number = tidegate_try_threads(Int32(clamping: threads), 64 * 1024)
        return number == 0 ? nil : "no room for \(threads) more threads: \(ThreadError(number))"
    }
}
