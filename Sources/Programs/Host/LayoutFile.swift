import CLinux
import Glibc
import Layouts
import Threads
import Vocabulary

/// A layout's file on disk, and word of each change of it.
///
/// The folder is watched and not the file, because a watch on a file goes deaf once another file is
/// renamed onto its name. Where the kernel does not report changes, on network file systems and for a
/// file that is a symbolic link, it is looked at every two seconds instead.
package actor LayoutFile {
    /// The longest layout that is read, in bytes: several times as long as any that a gateway can run.
    package static let longest = 4 << 20
    /// How long a pipe may be silent that a command is to read as a layout. In milliseconds.
    package static let pipeLimit: Int32 = 10_000
    /// How often to look: where the kernel reports changes, and where it does not.
    static let schedule = (notified: Duration.seconds(30), unnotified: Duration.seconds(2))

    /// For one consumer. Holds the last four; older ones are evicted, because only the newest layout counts.
    /// Ends after `stop()`.
    package nonisolated let news: AsyncStream<LayoutWatch.News>
    private let teller: AsyncStream<LayoutWatch.News>.Continuation
    package nonisolated let path: String
    private let folder: String
    private let name: String
    private let thread: SyncThread
    private let clock: any GatewayClock
    private var watch: LayoutWatch
    /// The descriptor that reports changes; −1 when there is none.
    private let notices: Int32
    private var isFolderWatched = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the file keeps its thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// - Parameter content: What the file says as far as the gateway knows.
    package init(path: String, content: [UInt8], clock: any GatewayClock) {
        (self.path, self.clock) = (path, clock)
        let slash = path.lastIndex(of: "/")
        let before = slash.map { path[..<$0] } ?? "."
        folder = before.isEmpty ? "/" : String(before)
        name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        (news, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
        thread = SyncThread(name: "layout", clock: clock)
        let isReported = Self.isReported(of: path, in: folder)
        notices = isReported ? tidegate_notices() : -1
        let schedule = notices >= 0 ? Self.schedule.notified : Self.schedule.unnotified
        watch = LayoutWatch(content: content, schedule: schedule, at: clock.now)
    }

    deinit {
        thread.end()
        teller.finish()
        if notices >= 0 { close(notices) }
    }

    /// Begins to watch. What changed since the content was read is reported first.
    package func start() {
        watchFolder()
        watch.demand(at: clock.now)
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.round() } ?? SyncThread.Rest(until: nil)
        }
    }

    package func stop() {
        thread.pause()
        teller.finish()
    }

    /// Whether the kernel reports all changes of the file.
    ///
    /// Source: statfs(2), the numbers of file systems; inotify(7), which sees no change made by another
    /// machine.
    private static func isReported(of path: String, in folder: String) -> Bool {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { return false }
        let foreign: Set<UInt64> = [
            0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x517B, 0x0102_1997, 0x6573_5546,
        ]
        // Sound: as above.
        return unsafe !foreign.contains(tidegate_file_system(folder))
    }

    // MARK: - On the thread

    private func round() -> SyncThread.Rest {
        takeNotices()
        let now = clock.now
        if now >= watch.deadline {
            // A folder that was not there, or has been made again, is watched from here on.
            if !isFolderWatched { watchFolder() }
            if let news = watch.looked(find(), at: now) { teller.yield(news) }
        }
        return SyncThread.Rest(
            until: watch.deadline, watching: notices >= 0 ? notices : nil)
    }

    private func watchFolder() {
        guard notices >= 0 else { return }
        // Sound: the path lives for the length of the call.
        isFolderWatched = unsafe tidegate_notice_folder(notices, folder) >= 0
        watch.look(each: isFolderWatched ? Self.schedule.notified : Self.schedule.unnotified)
    }

    private func takeNotices() {
        guard notices >= 0 else { return }
        var heard = FolderNotices(name: name)
        // Sound: `heard` outlives each call, which hands it to the closure and keeps nothing; the name that
        // the closure gets ends with a zero and is read before it returns.
        while unsafe withUnsafeMutablePointer(
            to: &heard,
            { heard in
                unsafe tidegate_read_notices(notices, heard) { context, name, lost in
                    guard let name = unsafe name, let context = unsafe context else { return }
                    unsafe context.assumingMemoryBound(to: FolderNotices.self).pointee
                        .take(String(cString: name), isLost: lost != 0)
                }
            }) > 0
        {}
        if heard.isLost { isFolderWatched = false }
        if heard.isConcerned { watch.noticed(at: clock.now) }
        if !isFolderWatched { watchFolder() }
    }

    private func find() -> LayoutWatch.Finding {
        // Sound: the path lives for the length of the call.
        guard unsafe access(path, F_OK) == 0 else { return .missing }
        do throws(MachineError) {
            return .content(try Machine.bytes(of: path, limit: Self.longest))
        } catch {
            return .unreadable(error.detail)
        }
    }
}

/// What a folder's notices say about one file.
private struct FolderNotices {
    let name: String
    var isConcerned = false
    /// The folder has gone, or notices were lost.
    var isLost = false

    mutating func take(_ other: String, isLost lost: Bool) {
        if other == name || lost { isConcerned = true }
        if lost { isLost = true }
    }
}
