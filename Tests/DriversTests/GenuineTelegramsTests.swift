import DriverKit
import Foundation
import Testing
import Vocabulary

@testable import Drivers

/// Telegrams with what an independent decoder finds in them; see Tests/RealInput/meter-telegrams.py.
private enum Genuine {
    static let path = ProcessInfo.processInfo.environment["TIDEGATE_TELEGRAMS"]

    struct Value {
        let name: String
        let number: DecimalNumber
        let unit: String
        let date: Int64?
    }

    static func lines() throws -> [(bytes: [UInt8], values: [Value])] {
        let text = try String(contentsOfFile: try #require(path), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            let digits = Array(parts[0].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            return (bytes, try parts[1].split(separator: " ").map { try Value(String($0)) })
        }
    }
}

extension Genuine.Value {
    init(_ text: String) throws {
        let sides = text.split(separator: "=", maxSplits: 1)
        let parts = sides[1].split(separator: "|", omittingEmptySubsequences: false)
        name = String(sides[0])
        number = try #require(DecimalNumber(parts[0]))
        (unit, date) = (String(parts[1]), Int64(parts[2]))
    }
}

/// The framing that fits the file's name.
@Suite(.enabled(if: Genuine.path != nil)) struct GenuineTelegramsTests {
    private func isSame(_ left: DecimalNumber?, _ right: DecimalNumber) -> Bool {
        guard let left else { return false }
        let exponent = min(left.exponent, right.exponent)
        return left.wholeSteps(exponent: exponent) == right.wholeSteps(exponent: exponent)
    }

    private func read(_ kind: String, _ bytes: [UInt8]) throws -> (ObisValues, P1Telegram?) {
        if kind == "sml" {
            let files = SmlFramer.found(in: bytes).telegrams.map(SmlFile.init)
            let file = try #require(files.first)
            #expect(file.flaw == nil)
            return (file.values, nil)
        }
        let key = try #require(P1Key(key: "0102030405060708090A0B0C0D0E0F10"))
        var framer = P1Framer(key: bytes.first == 0xDB ? key : nil)
        for byte in bytes {
            if case .telegram(let telegram) = framer.take(byte) {
                return (telegram.values, telegram)
            }
        }
        throw DriverError(.malformedReply, "no telegram")
    }

    @Test func `independent decoders find the same values in the same telegrams`() throws {
        let kind = URL(filePath: Genuine.path ?? "").deletingPathExtension().lastPathComponent
        var count = (telegrams: 0, values: 0)
        for (bytes, values) in try Genuine.lines() {
            count.telegrams += 1
            count.values += values.count
            if kind == "mbus" {
                try compareMbus(bytes, values)
                continue
            }
            let (found, telegram) = try read(kind, bytes)
            for value in values {
                if let code = ObisCode(value.name) {
                    let mine = found.values[code]
                    #expect(isSame(mine?.number, value.number), "\(value.name) \(bytes.hex)")
                    let unit = UInt8(value.unit).map(MeterUnit.init(dlms:)) ?? MeterUnit(value.unit)
                    #expect(mine?.unit == unit)
                } else {
                    let medium: Int64 = value.name == "gas" ? 3 : 7
                    let mine = telegram?.subMeters.values.first { $0.medium == medium }
                    #expect(isSame(mine?.value?.number, value.number), "\(value.name)")
                    #expect(mine?.value?.unit == MeterUnit(value.unit))
                    #expect(mine?.date == value.date)
                }
            }
        }
        print("compared \(count.telegrams) telegrams with \(count.values) values")
    }

    private func compareMbus(_ bytes: [UInt8], _ values: [Genuine.Value]) throws {
        guard case .long(_, _, _, let data) = MbusFramer.found(in: bytes).telegrams.first else {
            Issue.record("no frame in \(bytes.hex)")
            return
        }
        let answer = try #require(MbusAnswer(data))
        #expect(answer.flaw == nil && answer.records.count == values.count)
        for (record, value) in zip(answer.records, values) {
            #expect("\(record.place.quantity.rawValue)/\(record.place.storage)" == value.name)
            let number = record.number.flatMap(record.unit.value)
            #expect(isSame(number, value.number), "\(value.name) \(value.number) \(bytes.hex)")
        }
    }
}
