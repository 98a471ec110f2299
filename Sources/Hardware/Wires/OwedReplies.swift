import DriverKit
import Vocabulary

/// The replies that units on a serial line may still send to requests that have failed.
///
/// Modbus RTU numbers neither requests nor replies: a reply that comes late looks like the reply to
/// whatever was asked last of the same unit, function and count, and a wrong value would pass for a
/// right one. Before such a request can be trusted, the unit is asked something whose reply has
/// another form. Units reply in the order they were asked, so that reply proves that nothing owed
/// before it will come any more.
struct OwedReplies {
    /// What distinguishes the replies of one unit.
    private struct Form: Hashable {
        let function: ModbusRequest.Function
        let count: Int

        init(_ request: ModbusRequest) {
            // All that distinguishes two replies, for bits as for words.
            (function, count) = (request.function, request.replyBytes)
        }
    }

    private struct Debt {
        let form: Form
        let since: MonotonicInstant
    }

    /// What to do before a request.
    enum Advice: Hashable {
        /// Its reply cannot be mistaken.
        case ask
        /// Ask this first, and ask for advice again.
        case askFirst(ModbusRequest)
        /// Every form of reply is owed; time alone helps.
        case wait
    }

    /// A reply is given up after so long. Slower units are not known; gateways to serial lines give
    /// up after seconds.
    static let lifetime: Duration = .seconds(30)

    /// By unit, oldest first.
    private var debts: [UInt8: [Debt]] = [:]

    mutating func advice(before request: ModbusRequest, at now: MonotonicInstant) -> Advice {
        debts[request.unit]?.removeAll { $0.since.duration(to: now) >= Self.lifetime }
        let owed = Set(debts[request.unit, default: []].map(\.form))
        guard owed.contains(Form(request)) else { return .ask }
        // Two registers or one at the same address exist wherever the request itself is right; an
        // even number comes first because some units refuse half a float.
        for count in [2, 1] + Array(3...RegisterLimits.maxWordsOfStandard)
        where Int(request.address) + count <= 65536 {
            let probe = ModbusRequest(
                unit: request.unit, function: request.function, address: request.address,
                count: count, replyTimeout: request.replyTimeout,
                connectPause: request.connectPause, requestPause: request.requestPause)
            if !owed.contains(Form(probe)) { return .askFirst(probe) }
        }
        return .wait
    }

    /// `request` got no reply, or one that was not for it.
    mutating func missed(_ request: ModbusRequest, at now: MonotonicInstant) {
        debts[request.unit, default: []].append(Debt(form: Form(request), since: now))
    }

    /// `request` got a reply of its own form, which nothing else owed has.
    mutating func answered(_ request: ModbusRequest) {
        debts[request.unit] = nil
    }

    /// `request` got an exception, which has the same form for all requests: it settles the oldest.
    mutating func refused(_ request: ModbusRequest, at now: MonotonicInstant) {
        missed(request, at: now)
        debts[request.unit]?.removeFirst()
    }
}
