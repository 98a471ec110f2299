import Testing

@Suite(.timeLimit(.minutes(10))) struct `tidegate layout diff` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private func layout(_ name: String, _ sensor: String, _ more: String = "") throws -> String {
        try home.file(
            name,
            """
            {"gateway": "d1.maple7.scada", "nodes": [
              {"name": "tank", "kind": "sensor", \(more)
               "component": {"driver": "ds18b20", "sensor": "\(sensor)"}}]}
            """)
    }

    @Test func `ends with 0 and says nothing when the layouts say the same`() async throws {
        let one = try layout("one.json", "28-0316a2791d01")
        let two = try layout("two.json", "28-0316a2791d01", "\n // The same.\n")
        let run = try home.start("layout", "diff", one, two)
        #expect(await run.end() == 0)
        #expect(run.text == "")
    }

    @Test func `ends with 1 and names what a reload would touch`() async throws {
        let one = try layout("one.json", "28-0316a2791d01")
        let two = try layout("two.json", "28-0316a2791d02")
        let run = try home.start("layout", "diff", one, two)
        #expect(await run.end() == 1)
        #expect(run.output == ["node tank: changed, component.sensor"])
    }

    @Test func `ends with 65 for a layout with problems, and 66 for none`() async throws {
        let one = try layout("one.json", "28-0316a2791d01")
        let two = try layout("two.json", "")
        let run = try home.start("layout", "diff", one, two)
        #expect(await run.end() == 65)
        #expect(run.text.contains("two.json"))
        let missing = try home.start("layout", "diff", one, home.path + "/none.json")
        #expect(await missing.end() == 66)
    }
}
