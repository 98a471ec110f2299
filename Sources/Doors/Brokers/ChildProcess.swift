import CLinux
import Glibc
import Vocabulary

/// A program started by this one. What it writes comes through a pipe.
///
/// It has a process group of its own, so that Ctrl-C reaches the gateway alone and the broker receives the
/// offline message; it inherits no descriptor but the three standard ones, no signal setting, and nothing that
/// lets it talk to the service manager in the gateway's name. It is killed and forgotten when this value
/// goes.
struct ChildProcess: ~Copyable {
    /// Variables that concern this process and its service manager alone.
    ///
    /// Source: sd_notify(3), sd_watchdog_enabled(3).
    private static let ownVariables: Set = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    let process: pid_t
    /// The reading end of the pipe. It does not block; its end shows that the child is gone.
    let output: Int32
    /// Becomes readable when the child has ended.
    private let descriptor: Int32
    private var isReaped = false

    /// - Parameters:
    ///   - arguments: The program's path first.
    ///   - variables: What it may inherit, each as `NAME=value`; all that this process has when nil.
    /// - Throws: `.failed` when it cannot be started.
    init(_ arguments: [String], variables: [String]? = nil) throws(BrokerError) {
        let pipe = try Self.pipe()
        let process: pid_t
        do throws(BrokerError) {
            process = try Self.spawn(
                arguments, variables ?? Self.environment, output: pipe.writing)
        } catch {
            close(pipe.reading)
            close(pipe.writing)
            throw error
        }
        close(pipe.writing)
        (self.process, output) = (process, pipe.reading)
        descriptor = Self.watch(process)
    }

    deinit {
        if !isReaped {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        close(output)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Waits for the child to end and forgets it.
    ///
    /// - Returns: How it ended in words, or nil when it has not within `milliseconds`.
    mutating func reap(within milliseconds: Int32) -> String? {
        var ended = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Sound: `ended` outlives the call.
        _ = unsafe poll(&ended, 1, milliseconds)
        var status: Int32 = 0
        // Sound: the call writes one number.
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        isReaped = true
        let signal = status & 0x7F
        return signal == 0 ? "exit status \(status >> 8 & 0xFF)" : "killed by signal \(signal)"
    }

    /// Asks the child to end, then makes it. Takes at most `timeout` milliseconds and a moment.
    mutating func end(timeout: Int32) {
        kill(process, SIGTERM)
        if reap(within: timeout) != nil { return }
        kill(process, SIGKILL)
        _ = reap(within: 1000)
    }

    /// Takes what the child has written.
    /// - Returns: Nil at the end.
    func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Sound: at most the array's count is written to it.
        let count = unsafe Glibc.read(output, &bytes, bytes.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? [] : nil }
        return count == 0 ? nil : Array(bytes.prefix(count))
    }

    /// Waits for something to read.
    /// - Returns: Whether there is.
    func awaitOutput(milliseconds: Int32) -> Bool {
        var readable = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        // Sound: `readable` outlives the call.
        return unsafe poll(&readable, 1, milliseconds) > 0
    }

    /// A descriptor that becomes readable when `process` has ended; −1 when there is no such process.
    static func watch(_ process: pid_t) -> Int32 { tidegate_pidfd_open(process) }

    private static func pipe() throws(BrokerError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        // Sound: the call writes two numbers to the array of two. The writing end blocks for nobody:
        // a broker that is not listened to loses lines of its log.
        guard unsafe Glibc.pipe(&ends) == 0 else {
            throw BrokerError(kind: .failed, detail: "no pipe: \(errorDescription(errno))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        return (ends[0], ends[1])
    }

    private static var environment: [String] {
        var variables: [String] = []
        // Sound: the list ends in nil, and each of its strings is copied before anything could change it.
        var next = unsafe Glibc.environ
        while let variable = unsafe next.pointee {
            unsafe variables.append(String(cString: variable))
            unsafe next += 1
        }
        return variables
    }

    private static func spawn(
        _ arguments: [String], _ variables: [String], output: Int32
    ) throws(BrokerError) -> pid_t {
        // Sound in all calls here: they fill in and read values that live to the end of this function.
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        var (none, all) = (sigset_t(), sigset_t())
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawn_file_actions_init(&actions)
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        unsafe tidegate_spawn_closing_from(&actions, 3)
        unsafe posix_spawnattr_init(&attributes)
        defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var process: pid_t = 0
        let inherited = variables.filter { variable in
            !ownVariables.contains(String(variable.prefix { $0 != "=" }))
        }
        // Sound: both lists end in nil, and their strings are freed after the call.
        let (words, settings) = unsafe (copies(arguments), copies(inherited))
        let status = unsafe posix_spawn(
            &process, arguments[0], &actions, &attributes, words, settings)
        for index in unsafe words.indices { unsafe free(words[index]) }
        for index in unsafe settings.indices { unsafe free(settings[index]) }
        guard status == 0 else {
            throw BrokerError(
                kind: .failed, detail: "\(arguments[0]): cannot start: \(errorDescription(status))")
        }
        return process
    }

    /// A list of strings as C programs have it. The caller frees them.
    private static func copies(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        // Sound: the pointers are those of strings that belong to the caller from here on.
        var copies = unsafe [UnsafeMutablePointer<CChar>?]()
        for text in texts { unsafe copies.append(strdup(text)) }
        unsafe copies.append(nil)
        return unsafe copies
    }
}
