extension ModbusRequest.Function {
    /// Whether it reads single bits, eight in a byte, and not words.
    public var readsBits: Bool { self == .coils || self == .discreteInputs }
}

extension ModbusRequest {
    /// How many bytes of data the reply has.
    ///
    /// Source: Modbus Application Protocol V1.1b3, 6.1 to 6.4.
    public var replyBytes: Int { function.readsBits ? (count + 7) / 8 : 2 * count }

    /// The registers in the data of a reply, or its bits as 0 and 1.
    ///
    /// - Parameter data: `replyBytes` bytes.
    public func words(in data: some Sequence<UInt8>) -> [UInt16] {
        let data = Array(data)
        guard function.readsBits else {
            return (0..<count).map { UInt16(data[2 * $0]) << 8 | UInt16(data[2 * $0 + 1]) }
        }
        // The lowest bit of the first byte is the first.
        return (0..<count).map { UInt16(data[$0 / 8] >> UInt8($0 % 8) & 1) }
    }
}
