import Glibc
import Vocabulary

extension BrokerFolder {
    /// How many connections the TCP port takes at a time: a crowd there leaves the broker the descriptors
    /// that it needs for the private socket.
    private static let connections = 32
    /// The largest packet that is read at all, also before the login, in bytes; a little more than a message
    /// with its topic may have.
    private static let largestPacket = largestMessage + 128 * 1024
    private static let largestMessage = 1 << 20
    /// How many messages wait for one reader. All retained values come to a new one at once, and without this
    /// the broker keeps a thousand and drops the rest without a word.
    private static let queue = 10_000

    /// The configuration of a broker that keeps nothing on disk. Without `set_tcp_nodelay` an answer that
    /// follows an acknowledgement would wait for the reader's delayed acknowledgement, 40 ms. Warnings are
    /// left out: each connection to the socket brings one, because that knows no such setting.
    ///
    /// - Parameter listener: Nil when only the private socket is to be open.
    func text(_ listener: BrokerListener?) -> String {
        let port =
            listener.map {
                """
                listener \($0.port) \($0.host)
                allow_anonymous false
                password_file \(passwords)
                max_connections \(Self.connections)

                """
            } ?? ""
        return """
            per_listener_settings true
            listener 0 \(socket)
            allow_anonymous true
            \(port)max_packet_size \(Self.largestPacket)
            message_size_limit \(Self.largestMessage)
            max_queued_messages \(Self.queue)
            set_tcp_nodelay true
            persistence false
            sys_interval 0
            log_dest stderr
            log_type error
            log_type information
            connection_messages false

            """ + (geteuid() == 0 ? "user root\n" : "")
    }
}
