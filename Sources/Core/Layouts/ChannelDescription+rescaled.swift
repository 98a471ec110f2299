import DriverKit
import Vocabulary

extension ChannelDescription {
    /// The driver's plausibility in steps of another exponent.
    ///
    /// Readings are rounded to the nearest step, and so are the limits: what was within stays within.
    /// A power-on value that is no whole number of steps cannot be distinguished from a measurement and is left
    /// to the driver.
    func plausibility(exponent: Int) -> Plausibility {
        guard exponent != self.exponent else { return plausibility }
        var result = plausibility
        let lowest = nearest(plausibility.range.lowerBound, exponent) ?? .min
        let highest = nearest(plausibility.range.upperBound, exponent) ?? .max
        result.range = lowest...highest
        result.largestStep = plausibility.largestStep.flatMap { roundedUp($0, exponent) }
        result.powerOnValues = plausibility.powerOnValues.compactMap {
            DecimalNumber(mantissa: $0, exponent: self.exponent).wholeSteps(exponent: exponent)
        }
        return result
    }

    /// The driver's delta in steps of another exponent, at least one.
    func captureDelta(exponent: Int) -> Int64? {
        captureDelta.flatMap { nearest($0, exponent) }.map { max(1, $0) }
    }

    private func nearest(_ steps: Int64, _ exponent: Int) -> Int64? {
        // The open ends of a range stand for no limit, in any steps.
        if steps == .min || steps == .max { return nil }
        return DecimalNumber(mantissa: steps, exponent: self.exponent)
            .nearestSteps(exponent: exponent)
    }

    private func roundedUp(_ steps: Int64, _ exponent: Int) -> Int64? {
        let number = DecimalNumber(mantissa: steps, exponent: self.exponent)
        guard let nearest = number.nearestSteps(exponent: exponent) else { return nil }
        // The nearest may have been rounded down: less than the number by under half a step.
        let back = DecimalNumber(mantissa: nearest, exponent: exponent)
        guard number.wholeSteps(exponent: exponent) == nil,
            let again = back.nearestSteps(exponent: self.exponent), again < steps
        else { return nearest }
        return nearest + 1
    }
}
