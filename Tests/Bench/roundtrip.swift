import Glibc

// Messages of 59 bytes to a thread that sends them back, on blocking sockets and nothing else: what
// loopback gives on this machine at this moment. Prints round trips a second and microseconds for each.

func address() -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    return address
}

func call<Result>(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
) -> Result {
    withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
}

func withoutDelay(_ descriptor: Int32) {
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
}

let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var place = address()
var size = socklen_t(MemoryLayout<sockaddr_in>.size)
guard call(&place, { bind(listener, $0, size) }) == 0, listen(listener, 1) == 0,
    call(&place, { getsockname(listener, $0, &size) }) == 0
else { exit(1) }
var thread = pthread_t()
pthread_create(
    &thread, nil,
    { _ in
        let caller = accept(listener, nil, nil)
        withoutDelay(caller)
        var bytes = [UInt8](repeating: 0, count: 64)
        while case let count = read(caller, &bytes, 64), count > 0 { write(caller, bytes, count) }
        return nil
    }, nil)
let caller = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
guard call(&place, { connect(caller, $0, size) }) == 0 else { exit(1) }
withoutDelay(caller)
let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
var bytes = [UInt8](repeating: 1, count: 64)
let start = nanosecondsNow()
for _ in 0..<count {
    write(caller, bytes, 59)
    _ = read(caller, &bytes, 64)
}
let seconds = Double(nanosecondsNow() - start) / 1e9
print(Int(Double(count) / seconds), Int(seconds / Double(count) * 1e6))

func nanosecondsNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
