import Glibc
import NIOCore
import NIOPosix
import Vocabulary

/// The other end of the socket: asks a gateway on this machine.
public enum ControlClient {
    /// The longest line of an answer that is read, in bytes; more than any gateway sends.
    public static let longestAnswer = 32 << 20

    /// Asks, and takes the lines that are answered until `take` has enough.
    ///
    /// - Parameters:
    ///   - take: Gets a line at a time; the gateway waits for it when it is slow. True for more.
    /// - Throws: `.lost` when the connection ends before `take` has enough.
    public static func ask(
        _ request: ControlRequest, at path: String,
        take: (_ line: [UInt8]) async -> Bool
    ) async throws(ControlError) {
        let channel = try await connect(path)
        do {
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(bytes: request.text + [UInt8(ascii: "\n")]))
                var lines = ControlLines(limit: longestAnswer)
                for try await piece in inbound {
                    lines.append(piece.readableBytesView)
                    while let line = lines.next() {
                        guard await take(line) else { return }
                    }
                    guard !lines.isTooLong else { break }
                }
                throw lost(path)
            }
        } catch let error as ControlError {
            throw error
        } catch {
            throw lost(path)
        }
    }

    /// Asks what has one answer.
    public static func ask(
        _ request: ControlRequest, at path: String
    ) async throws(ControlError) -> [UInt8] {
        var answer: [UInt8]?
        try await ask(request, at: path) { line in
            answer = line
            return false
        }
        guard let answer else { throw lost(path) }
        return answer
    }

    private static func lost(_ path: String) -> ControlError {
        ControlError(.lost, "\(path): the gateway has closed the connection")
    }

    private static func connect(
        _ path: String
    ) async throws(ControlError) -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw ControlError(connecting: error.errnoCode, to: path)
        } catch {
            throw ControlError(.notRunning, "\(path): \(error)")
        }
    }
}

extension ControlError {
    fileprivate init(connecting number: CInt, to path: String) {
        switch number {
        case EACCES, EPERM:
            self.init(
                .notAllowed,
                "\(path): this user may not ask; root, the gateway's own user and members of its group may"
            )
        case EAGAIN: self.init(.busy, "\(path): busy, try again")
        default: self.init(.notRunning, "\(path): \(errorDescription(number))")
        }
    }
}
