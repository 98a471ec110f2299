import Testing
import Vocabulary

@Suite struct SuggestionTests {
    private let models = ["gpio-relay", "gpio-contact", "modbus-meter", "ds18b20", "iio-adc"]

    @Test(arguments: [
        ("gpio-rely", "gpio-relay"), ("gpoi-relay", "gpio-relay"), ("GPIO-RELAY", "gpio-relay"),
        ("modbusmeter", "modbus-meter"), ("ds18b2", "ds18b20"), ("ii0-adc", "iio-adc"),
        ("ds18b20", "ds18b20"), ("relay", "gpio-relay"), ("Meter", "modbus-meter"),
        ("my-modbus-meter-driver", "modbus-meter"),
    ])
    func `a near word is suggested`(_ typed: String, meant: String) {
        #expect(suggestion(for: typed, among: models) == meant)
    }

    @Test(arguments: ["", "x", "gpio", "completely-different", "ds", "päläy"])
    func `a word that is far from all gets no suggestion`(_ typed: String) {
        #expect(suggestion(for: typed, among: models) == nil)
        #expect(didYouMean(typed, among: models) == "")
    }

    @Test func `the nearest wins, and the first in the alphabet among equals`() {
        #expect(suggestion(for: "tank-3", among: ["tank-2", "tank-1"]) == "tank-1")
        #expect(suggestion(for: "tank-12", among: ["tank-1", "tank-123", "tank-12"]) == "tank-12")
        #expect(didYouMean("pum", among: ["pump"]) == "; did you mean pump")
        #expect(suggestion(for: "pump", among: [String]()) == nil)
    }
}
