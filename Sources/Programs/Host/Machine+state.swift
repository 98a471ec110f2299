import CLinux
import Glibc

/// Room on a disk, in bytes.
package struct DiskRoom: Hashable, Sendable {
    package let size: Int64
    /// What a user other than root may still fill.
    package let available: Int64
}

extension Machine {
    /// Room on the disk that a path lies on; nil when that cannot be known. Blocks for as long as the disk does.
    package static func room(at path: String) -> DiskRoom? {
        var disk = statvfs()
        // Sound: the call reads the path and fills in `disk`, which lives on this stack.
        guard unsafe statvfs(path, &disk) == 0 else { return nil }
        let unit = Int64(clamping: disk.f_frsize)
        return DiskRoom(
            size: Int64(clamping: disk.f_blocks) * unit,
            available: Int64(clamping: disk.f_bavail) * unit)
    }

    /// The number of the group of that name, when this process may give it files: root may, and its members.
    package static func group(_ name: String) -> gid_t? {
        // Sound: the name lives for the length of the call.
        let number = unsafe tidegate_group_named(name)
        guard number >= 0 else { return nil }
        let group = gid_t(truncatingIfNeeded: number)
        return geteuid() == 0 || getegid() == group || groups.contains(group) ? group : nil
    }

    /// The supplementary groups of this process.
    private static var groups: [gid_t] {
        let count = getgroups(0, nil)
        guard count > 0 else { return [] }
        var groups = [gid_t](repeating: 0, count: Int(count))
        // Sound: at most as many numbers as the array has are written.
        let found = unsafe getgroups(count, &groups)
        return Array(groups.prefix(Int(max(0, found))))
    }
}
