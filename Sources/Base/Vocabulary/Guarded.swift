import Glibc
import Synchronization

#if TIDEGATE_THREAD_SANITIZER

    /// A value that one thread at a time may touch.
    ///
    /// The thread sanitizer does not see the locks of `Synchronization.Mutex` on Linux and calls every use a
    /// race. A build for it takes the C library's mutex instead, which it knows.
    @safe public final class Guarded<Value: ~Copyable>: @unchecked Sendable {
        // Sound, here and below, and the proof of Sendable: `value` is touched between lock and unlock only,
        // and both pointers live as long as the object.
        @unsafe private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        @unsafe private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

        public init(_ initial: consuming sending Value) {
            unsafe pthread_mutex_init(lock, nil)
            unsafe value.initialize(to: initial)
        }

        deinit {
            unsafe value.deinitialize(count: 1)
            unsafe value.deallocate()
            unsafe pthread_mutex_destroy(lock)
            unsafe lock.deallocate()
        }

        /// Runs `body` with the value to itself. It must not wait for anything.
        public func withLock<Result, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            unsafe pthread_mutex_lock(lock)
            defer { unsafe pthread_mutex_unlock(lock) }
            return try unsafe body(&value.pointee)
        }
    }

#else

    /// A value that one thread at a time may touch.
    public struct Guarded<Value: ~Copyable>: ~Copyable, Sendable {
        @usableFromInline let mutex: Mutex<Value>

        public init(_ initial: consuming sending Value) { mutex = Mutex(initial) }

        /// Runs `body` with the value to itself. It must not wait for anything.
        @inlinable public borrowing func withLock<Result, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            try mutex.withLock(body)
        }
    }

#endif
