import NIOCore
import Testing
import Vocabulary

@testable import Peers

/// One conversation, driven by hand, with what it did.
struct ConversationDriver {
    var machine: PeerConversation
    var now = MonotonicInstant(nanoseconds: 0)
    var written: [ChirpFrame] = []
    var delivered: [(PeerMessage, Int)] = []
    var settled: [Int: Result<PeerMessage?, PeerError>] = [:]
    var lateAcknowledgements = 0
    var isReading = true
    var closed: PeerError??
    private var decoder = ChirpDecoder(sizeLimit: 1 << 20)

    init(
        _ mode: PeerSettings.Mode, slots: Int? = nil, isDialled: Bool = false, isPlain: Bool = true,
        greeted: Bool = true
    ) {
        machine = PeerConversation(
            settings: PeerSettings(mode: mode, slots: slots), serial: .max, isDialled: isDialled,
            isPlain: isPlain,
            at: MonotonicInstant(nanoseconds: 0))
        machine.greet(ChirpHello(port: 1, node: .zero), at: now)
        collect()
        if greeted { receive(helloBytes()) }
    }

    mutating func collect() {
        for action in machine.takeActions() {
            switch action {
            case .write(let bytes):
                decoder.append(bytes)
                _ = decoder.nextHello()
                while let frame = try? decoder.nextFrame() { written.append(frame) }
            case .deliver(let message, let slot): delivered.append((message, slot))
            case .news(_, let message, let slot): delivered.append((message, slot))
            case .settle(let id, let outcome):
                #expect(settled[id] == nil, "one outcome for each")
                settled[id] = outcome
            case .lateAcknowledgement: lateAcknowledgements += 1
            case .read(let isOn): isReading = isOn
            case .close(let error): closed = .some(error)
            }
        }
    }

    mutating func post(
        _ id: Int, _ awaited: PeerConversation.Awaited, within: Duration = .seconds(5)
    ) {
        let message = PeerMessage(
            identity: ChirpIdentity(high: 9, low: UInt64(id)), data: ByteBuffer(bytes: [1]))
        machine.post(
            .init(id: id, message: message, awaited: awaited, deadline: now.advanced(by: within)),
            at: now)
        collect()
    }

    mutating func receive(_ bytes: ByteBuffer) {
        machine.receive(bytes, at: now)
        collect()
    }

    mutating func release(_ slot: Int) {
        machine.release(slot, at: now)
        collect()
    }

    mutating func pass(_ time: Duration) {
        now = now.advanced(by: time)
        machine.tick(at: now)
        collect()
    }

    mutating func flushed() {
        machine.written(through: machine.writes.count, at: now)
        collect()
    }

    func kind(_ id: Int) -> PeerError.Kind? {
        if case .failure(let error)? = settled[id] { error.kind } else { nil }
    }

    func detail(_ id: Int) -> String? {
        if case .failure(let error)? = settled[id] { error.detail } else { nil }
    }

    func succeeded(_ id: Int) -> Bool {
        if case .success? = settled[id] { true } else { false }
    }
}
