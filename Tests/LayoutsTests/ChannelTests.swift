import DriverKit
import Layouts
import Testing
import Vocabulary

@Suite struct `A channel` {
    private func channel(_ members: String) throws -> DataChannel {
        let (layout, problems) = read(thermometer(channel: members))
        #expect(problems == [])
        return try #require(layout?.nodes[0].component.channels[0])
    }

    /// What is wrong with a channel that says `members`.
    private func messages(_ members: String) -> [String] {
        read(thermometer(channel: members)).problems
    }

    @Test func `with a coarser exponent has the driver's limits in its own steps`() throws {
        let channel = try channel(#""exponent": -1"#)
        #expect(channel.exponent == -1)
        #expect(channel.plausibility.range == -550...1250)
        #expect(channel.plausibility.largestStep == 54)
        #expect(channel.capture.delta == 2)
        // 127.937 °C cannot be distinguished from a measurement of 127.9 °C.
        #expect(channel.plausibility.powerOnValues == [850])
    }

    @Test func `never has a delta of no step, nor a largest step below the driver's`() throws {
        let channel = try channel(#""exponent": 0"#)
        #expect(channel.capture.delta == 1)
        #expect(channel.plausibility.largestStep == 6)
    }

    @Test func `with a finer exponent has the driver's limits in its own steps`() throws {
        let channel = try channel(#""exponent": -4"#)
        #expect(channel.plausibility.range == -550_000...1_250_000)
        #expect(channel.plausibility.powerOnValues == [850_000, 1_279_370])
        #expect(channel.capture.delta == 2000)
    }

    @Test func `keeps open limits open in any steps`() throws {
        let (layout, problems) = read(
            """
            {"gateway": "d1.test", "buses": [{"name": "tcp", "host": "meter"}],
             "nodes": [{"name": "m", "kind": "meter",
               "component": {"driver": "test-meter", "bus": "tcp", "unit": 1},
               "channels": [{"source": "energy-import", "exponent": 3},
                            {"source": "power-active", "exponent": -3}]}]}
            """)
        #expect(problems == [])
        let channels = try #require(layout?.nodes[0].component.channels)
        #expect(channels[0].plausibility.range == 0 ... .max)
        #expect(channels[0].plausibility.isCounter)
        #expect(channels[1].plausibility.range == .min ... .max)
    }

    @Test func `takes limits in its unit`() throws {
        let channel = try channel(
            """
            "lowest": 0, "highest": 99.5, "largestStep": 5, "powerOnValues": [], "counter": true,
            "captureDelta": 0.25
            """)
        #expect(
            channel.plausibility
                == Plausibility(
                    range: 0...99_500, largestStep: 5_000, powerOnValues: [], isCounter: true))
        #expect(channel.capture.delta == 250)
    }

    @Test func `without capture on change reports by the period alone`() throws {
        #expect(try channel(#""captureOnChange": false"#).capture.delta == nil)
    }

    @Test(arguments: CaptureSummary.allCases)
    func `with a summary reports by the period alone`(summary: CaptureSummary) throws {
        let rule = try channel(#""captureSummary": "\#(summary.rawValue)""#).capture
        #expect(rule.summary == summary)
        #expect((rule.delta == nil) == (summary != .last))
        #expect(try channel("").capture.summary == .last)
    }

    @Test func `a change of its summary is a change of its node`() throws {
        let texts = ["last", "average"].map { summary in
            thermometer(
                channel: #""captureOnChange": false, "captureSummary": "\#(summary)""#)
        }
        let layouts = try texts.map { text in
            let (layout, problems) = read(text)
            return try #require(layout, "\(problems)")
        }
        let what = LayoutDiff(from: layouts[0], to: layouts[1]).changed.flatMap(\.what)
        #expect(what.count == 1 && what[0].hasSuffix(".captureSummary"), "\(what)")
    }

    @Test func `with a delta between two steps is refused with the nearest that is possible`() {
        #expect(
            messages(#""exponent": -1, "captureDelta": 0.26"#) == [
                "nodes[0].channels[0].captureDelta (line 2): 0.26 is not a whole number of steps of "
                    + "0.1; the nearest is 0.3"
            ])
        #expect(
            messages(#""exponent": 0, "captureDelta": 0.2"#) == [
                "nodes[0].channels[0].captureDelta (line 2): 0.2 is not a whole number of steps of 1; "
                    + "the nearest is 1"
            ])
    }

    @Test func `cannot be read less often than it is reported`() {
        #expect(
            messages(#""pollPeriod": "2min", "capturePeriod": "1min""#) == [
                "nodes[0].channels[0].pollPeriod (line 2): pollPeriod 2min is longer than "
                    + "capturePeriod 1min"
            ])
        #expect(
            messages(#""capturePeriod": "5s""#) == [
                "nodes[0].channels[0].capturePeriod (line 2): pollPeriod 10s is longer than "
                    + "capturePeriod 5s; the driver sets the one that is left out, so write both"
            ])
    }

    @Test func `that must be watched for change needs to know which change`() {
        let (_, problems) = read(
            """
            {"gateway": "d1.test", "buses": [{"name": "tcp", "host": "meter"}],
             "nodes": [{"name": "m", "kind": "meter",
               "component": {"driver": "test-meter", "bus": "tcp", "unit": 1},
               "channels": [{"source": "power-active", "captureOnChange": true}]}]}
            """)
        #expect(
            problems == [
                "nodes[0].channels[0].captureOnChange (line 4): captureDelta is missing: the least "
                    + "change in watt that is captured"
            ])
    }

    @Test func `refuses numbers that no step can count`() {
        #expect(
            messages(#""lowest": -1e20, "captureDelta": 1e18, "largestStep": 0"#) == [
                "nodes[0].channels[0].lowest (line 2): -100000000000000000000 is too large to be "
                    + "counted in steps of 0.001",
                "nodes[0].channels[0].captureDelta (line 2): 1000000000000000000 is too large to be "
                    + "counted in steps of 0.001",
                "nodes[0].channels[0].largestStep (line 2): 0 must be more than 0",
            ])
    }
}
