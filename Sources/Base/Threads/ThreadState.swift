import Glibc

/// Whether a thread of this process runs, or would if there were a processor for it. False when the kernel
/// does not say.
///
/// Source: proc(5), /proc/PID/stat: the number, the name in parentheses, and the state; `R` for running.
func isRunnable(thread: pid_t) -> Bool {
    // Sound: the path is a C string for as long as the call lasts.
    let file = unsafe open("/proc/self/task/\(thread)/stat", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    // Sound: the call fills at most the array's own size.
    let count = unsafe read(file, &bytes, bytes.count)
    // A name may hold a parenthesis, what follows on it holds none.
    guard let end = bytes.prefix(max(0, count)).lastIndex(of: UInt8(ascii: ")")) else {
        return false
    }
    return bytes.dropFirst(end + 2).first == UInt8(ascii: "R")
}
