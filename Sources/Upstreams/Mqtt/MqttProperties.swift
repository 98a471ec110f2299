/// The properties of a packet that came, as far as anything is made of them.
///
/// Each is read by the form that MQTT gives it. One that MQTT does not know has no form, so nobody can know
/// where the next one begins, and the packet is malformed.
///
/// Source: MQTT Version 5.0, OASIS Standard, section 2.2.2.
struct MqttProperties {
    private(set) var reason: String?
    private(set) var responseTopic: String?
    private(set) var correlationData: [UInt8]?
    private(set) var expirySeconds: UInt32?
    private(set) var limits = BrokerLimits()
    /// A text that something would be made of is none.
    private(set) var hasBadText = false

    /// None.
    init() {}

    /// - Parameter packet: What they belong to.
    init(_ bytes: inout MqttBytes, of packet: MqttPacket.Kind) throws(MalformedPacket) {
        // A packet without properties may leave out their length as well.
        guard !bytes.isEmpty else { return }
        var list = MqttBytes(try bytes.bytes(try bytes.length()))
        var seen: UInt64 = 0
        while !list.isEmpty {
            let number = try list.byte()
            let name = "property 0x" + String(number, radix: 16)
            guard let known = Self.known[number] else {
                throw MalformedPacket("unknown \(name)")
            }
            guard known.packets.contains(packet) else {
                throw MalformedPacket("\(name), not defined for it")
            }
            let mark = UInt64(1) << number
            guard seen & mark == 0 || known.mayRepeat else {
                throw MalformedPacket("\(name) twice")
            }
            seen |= mark
            try take(number, known.form, &list)
        }
    }

    private mutating func take(
        _ number: UInt8, _ form: Form, _ list: inout MqttBytes
    ) throws(MalformedPacket) {
        switch form {
        case .byte: try limits.take(number, UInt32(try list.byte()))
        case .word: try limits.take(number, UInt32(try list.word()))
        case .number:
            let value = try list.number()
            if number == 0x02 { expirySeconds = value }
            try limits.take(number, value)
        case .length: _ = try list.length()
        case .pair:
            _ = try list.counted()
            _ = try list.counted()
        case .bytes:
            let bytes = try list.counted()
            if number == 0x09 { correlationData = Array(bytes) }
        case .text:
            let bytes = try list.counted()
            guard number == 0x08 || number == 0x1F else { return }
            let text = MqttBytes.text(bytes)
            if text == nil { hasBadText = true }
            if number == 0x08 { responseTopic = text } else { reason = text }
        }
    }

    private enum Form { case byte, word, number, length, bytes, text, pair }

    private struct Known {
        let form: Form
        let packets: Set<MqttPacket.Kind>
        var mayRepeat = false
    }

    /// What a broker may send. The other numbers are none, or only a client's.
    private static let known: [UInt8: Known] = {
        let message: Set<MqttPacket.Kind> = [.message]
        let answer: Set<MqttPacket.Kind> = [.loginAnswer]
        let reasons = Set(MqttPacket.Kind.allCases).subtracting([.message, .pong])
        return [
            0x01: Known(form: .byte, packets: message),
            0x02: Known(form: .number, packets: message),
            0x03: Known(form: .text, packets: message),
            0x08: Known(form: .text, packets: message),
            0x09: Known(form: .bytes, packets: message),
            0x0B: Known(form: .length, packets: message, mayRepeat: true),
            0x11: Known(form: .number, packets: answer),
            0x12: Known(form: .text, packets: answer),
            0x13: Known(form: .word, packets: answer),
            0x15: Known(form: .text, packets: answer),
            0x16: Known(form: .bytes, packets: answer),
            0x1A: Known(form: .text, packets: answer),
            0x1C: Known(form: .text, packets: [.loginAnswer, .disconnect]),
            0x1F: Known(form: .text, packets: reasons),
            0x21: Known(form: .word, packets: answer),
            0x22: Known(form: .word, packets: answer),
            0x23: Known(form: .word, packets: message),
            0x24: Known(form: .byte, packets: answer),
            0x25: Known(form: .byte, packets: answer),
            0x26: Known(
                form: .pair, packets: reasons.union(message), mayRepeat: true),
            0x27: Known(form: .number, packets: answer),
            0x28: Known(form: .byte, packets: answer),
            0x29: Known(form: .byte, packets: answer),
            0x2A: Known(form: .byte, packets: answer),
        ]
    }()
}

/// What a broker says with its welcome that it takes.
///
/// Source: MQTT Version 5.0, OASIS Standard, section 3.2.2.3.
struct BrokerLimits: Hashable {
    /// How many messages it takes before it has acknowledged one.
    private(set) var receiveMaximum = 65_535
    private(set) var maximumQos: Int32 = 2
    private(set) var keepsRetained = true
    /// In bytes; nil where it did not say.
    private(set) var maximumPacketSize: Int?
    /// Nil where the client's own counts.
    private(set) var keepAliveSeconds: Int?

    fileprivate mutating func take(
        _ property: UInt8, _ value: UInt32
    ) throws(MalformedPacket) {
        switch property {
        case 0x13: keepAliveSeconds = Int(value)
        case 0x21:
            guard value > 0 else { throw MalformedPacket("a receive maximum of 0") }
            receiveMaximum = Int(value)
        // The login allowed none.
        case 0x23: throw MalformedPacket("a topic alias, not allowed")
        case 0x24:
            guard value < 2 else { throw MalformedPacket("a maximum QoS of \(value)") }
            maximumQos = Int32(value)
        case 0x25: keepsRetained = value != 0
        case 0x27:
            guard value > 0 else { throw MalformedPacket("a maximum packet size of 0") }
            maximumPacketSize = Int(value)
        default: break
        }
    }
}
