import Mqtt
import Vocabulary

/// A question over MQTT and its answer, again and again on one session.
struct RoundTrip {
    private let asked: String
    private let answered: String
    private let count: Int
    private let payloads: [String]
    private let clock = BenchClock()
    private let broker: BrokerAddress

    init(_ arguments: ArraySlice<String>) throws {
        let words = Array(arguments)
        guard words.count >= 3, let port = UInt16(words[0]) else {
            throw BenchError("PORT ASKED ANSWERED [COUNT PAYLOAD...]")
        }
        broker = BrokerAddress(host: "127.0.0.1", port: port)
        (asked, answered) = (words[1], words[2])
        count = words.count > 3 ? Int(words[3]) ?? 0 : 0
        payloads = Array(words.dropFirst(4))
    }

    private func session(_ role: String) -> MqttSession {
        let session = MqttSession(
            settings: MqttSettings(broker: broker, clientID: "bench-\(role)"), clock: clock)
        session.connect()
        return session
    }

    /// Answers each question with itself. Ends with the connection.
    func echo() async throws {
        let session = session("echo")
        for await news in session.news {
            switch news {
            case .connected: try session.subscribe(asked)
            case .received(let question):
                try session.publish(MqttMessage(topic: answered, payload: question.payload))
            case .subscribed, .acknowledged: break
            default: throw BenchError("\(news)")
            }
        }
    }

    /// Asks with one payload after the other, each as soon as the last one is answered.
    func ask() async throws {
        let session = session("ask")
        var times: [Int64] = []
        var sent = clock.now
        // The first hundred warm everything up and are not counted.
        let warming = 100
        for await news in session.news {
            switch news {
            case .connected: try session.subscribe(answered)
            case .subscribed:
                sent = clock.now
                try session.publish(question(0))
            case .received(let answer):
                times.append(sent.duration(to: clock.now).wholeNanoseconds)
                if times.count == 1 { print(answer.text) }
                if times.count == warming + count {
                    session.close()
                    return report(times.dropFirst(warming).sorted())
                }
                sent = clock.now
                try session.publish(question(times.count))
            case .acknowledged: break
            default: throw BenchError("\(news)")
            }
        }
    }

    private func question(_ number: Int) -> MqttMessage {
        MqttMessage(topic: asked, payload: Array(payloads[number % payloads.count].utf8))
    }

    private func report(_ times: [Int64]) {
        print(times[times.count / 2] / 1_000, times[times.count * 99 / 100] / 1_000)
    }
}
