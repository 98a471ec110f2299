import NIOCore
import Vocabulary

// What goes in, and what the owner of the socket must do.
extension PeerConversation {
    /// What the sender of a post waits for.
    enum Awaited: Hashable, Sendable {
        /// That it is sent, as the mode understands it.
        case delivery
        /// The message that comes back with the same identity.
        case answer
        /// All messages that come back with the same identity, until it is forgotten.
        case stream
    }

    /// One message to send.
    struct Post: Sendable {
        /// Nil when nobody wants to know what becomes of it, as with answers. Such a post goes out beside
        /// the others, asks for no acknowledgement and waits for none.
        let id: Int?
        let message: PeerMessage
        let awaited: Awaited
        let deadline: MonotonicInstant
    }

    /// A received message's place, to be released once the message is done with.
    typealias Slot = Int

    /// What the owner of the socket must do now, in order.
    enum Action: Sendable {
        case write(ByteBuffer)
        /// A message that answers nothing of ours. It keeps its slot until `release`.
        case deliver(PeerMessage, Slot)
        /// A message of a stream. It keeps its slot until `release`.
        case news(Int, PeerMessage, Slot)
        /// The post's one outcome; with the message when an answer was awaited.
        case settle(Int, Result<PeerMessage?, PeerError>)
        /// An acknowledgement that nobody waited for, or not any more. It settles nothing.
        case lateAcknowledgement
        /// Whether more bytes may be read.
        case read(Bool)
        /// Nil when there is nothing wrong: it has not been used for long.
        case close(PeerError?)
    }
}
