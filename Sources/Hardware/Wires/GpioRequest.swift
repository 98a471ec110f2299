import CGpiod
import DriverKit
import Vocabulary

/// A claimed line in the kernel's hands. Letting go of it releases the line.
///
/// Safe: nobody else knows the handle, and it is closed once.
@safe final class GpioRequest {
    private let handle: OpaquePointer

    /// - Parameter handle: Of a line that nobody else closes.
    // Sound, here and below: the handle lives from `init` to `deinit`, and the object has one owner.
    init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe tidegate_gpio_close_line(handle) }

    /// -1 for an output.
    var descriptor: Int32 { unsafe tidegate_gpio_descriptor(handle) }

    var debouncesItself: Bool { unsafe tidegate_gpio_debounces(handle) }

    func isActive() throws(SystemError) -> Bool {
        let value = unsafe tidegate_gpio_get(handle)
        guard value >= 0 else { throw .last }
        return value == 1
    }

    func set(_ isActive: Bool) throws(SystemError) {
        guard unsafe tidegate_gpio_set(handle, isActive) == 0 else { throw .last }
    }

    /// Up to 64 edges that wait, oldest first.
    func takeEdges() throws(SystemError) -> [Edge] {
        let capacity = 64
        // Sound: the shim fills at most `capacity` of the zeroed edges and says how many.
        return try unsafe withUnsafeTemporaryAllocation(
            of: tidegate_gpio_edge.self, capacity: capacity
        ) { buffer throws(SystemError) -> [Edge] in
            unsafe buffer.initialize(repeating: tidegate_gpio_edge())
            let count = unsafe tidegate_gpio_take_edges(
                handle, buffer.baseAddress, Int32(capacity))
            guard count >= 0 else { throw .last }
            return unsafe buffer.prefix(Int(count)).map { edge in
                Edge(
                    at: MonotonicInstant(nanoseconds: edge.nanoseconds), isActive: edge.is_active)
            }
        }
    }
}
