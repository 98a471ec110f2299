/// The 16-bit checksums of devices' protocols, all reflected: the lowest bit of a byte comes first.
public enum Checksum {
    /// Of SML and HDLC: "123456789" gives 906e.
    ///
    /// - Source: ISO/IEC 13239; BSI TR-03109-1, annex IV, SML 1.04, 8.1.
    public static func x25(_ bytes: some Sequence<UInt8>) -> UInt16 {
        ~reflected(bytes, polynomial: 0x8408, from: 0xFFFF)
    }

    /// Of the messages of the Holley DTZ541: "123456789" gives 2189.
    public static func kermit(_ bytes: some Sequence<UInt8>) -> UInt16 {
        reflected(bytes, polynomial: 0x8408, from: 0)
    }

    /// Of the P1 port: "123456789" gives bb3d.
    ///
    /// - Source: P1 Companion Standard 5.0.2 of DSMR, 5.2.
    public static func arc(_ bytes: some Sequence<UInt8>) -> UInt16 {
        reflected(bytes, polynomial: 0xA001, from: 0)
    }

    /// Of Modbus on a serial line: "123456789" gives 4b37.
    ///
    /// - Source: MODBUS over Serial Line V1.02, 6.2.2.
    public static func modbus(_ bytes: some Sequence<UInt8>) -> UInt16 {
        reflected(bytes, polynomial: 0xA001, from: 0xFFFF)
    }

    private static func reflected(
        _ bytes: some Sequence<UInt8>, polynomial: UInt16, from start: UInt16
    ) -> UInt16 {
        var crc = start
        for byte in bytes {
            crc ^= UInt16(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ polynomial : crc >> 1 }
        }
        return crc
    }
}
