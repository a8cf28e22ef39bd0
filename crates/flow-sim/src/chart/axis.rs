//! From values to pixels, and the round values to mark.

/// How values are spread over an axis that begins at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Logarithmic above 1 and with 0 at the foot, for counts that differ by powers of ten.
    Counts,
}

#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    most: f64,
    /// Pixels of the smallest and the largest value.
    from: f64,
    to: f64,
    step: f64,
}

/// About so many marks on a linear axis.
const MARKS: f64 = 6.0;

impl Axis {
    /// From 0 to a round value not below `most`.
    pub(super) fn new(scale: Scale, most: f64, from: f64, to: f64) -> Self {
        match scale {
            Scale::Linear => {
                let step = round_step(most);
                let most = (most * 1.02 / step).ceil().max(1.0) * step;
                Self { scale, most, from, to, step }
            }
            Scale::Counts => {
                let most = 10_f64.powf(most.max(10.0).log10().ceil());
                Self { scale, most, from, to, step: 10.0 }
            }
        }
    }

    /// From 0 to exactly `most`.
    pub(super) fn linear(most: f64, from: f64, to: f64) -> Self {
        Self { scale: Scale::Linear, most, from, to, step: round_step(most) }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => value / self.most,
            Scale::Counts => (1.0 + value).log10() / (1.0 + self.most).log10(),
        };
        self.from + (self.to - self.from) * share.clamp(0.0, 1.0)
    }

    pub(super) fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let count = (self.most / self.step + 1e-9).floor() as u32;
                (0..=count).map(|tick| f64::from(tick) * self.step).collect()
            }
            Scale::Counts => {
                let decades = self.most.log10().round() as i32;
                std::iter::once(0.0).chain((0..=decades).map(|n| 10_f64.powi(n))).collect()
            }
        }
    }
}

/// 1, 2 or 5 times a power of ten.
fn round_step(most: f64) -> f64 {
    let rough = most.max(1e-9) / MARKS;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= rough).unwrap_or(10.0);
    step * power
}

/// A mark's value: no more digits than it needs, thousands and millions by their letters.
pub(super) fn label(value: f64) -> String {
    let (value, letter) = match value {
        value if value >= 1e6 => (value / 1e6, "M"),
        value if value >= 10_000.0 => (value / 1e3, "k"),
        value => (value, ""),
    };
    let digits = format!("{value:.3}");
    format!("{}{letter}", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_at_a_round_value_above_the_largest_and_marks_round_steps() {
        let axis = Axis::new(Scale::Linear, 11.3, 0.0, 100.0);
        let labels: Vec<String> = axis.ticks().into_iter().map(label).collect();
        assert_eq!(labels, ["0", "2", "4", "6", "8", "10", "12"]);
        assert!((axis.place(6.0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn counts_begin_at_zero_and_end_at_a_power_of_ten() {
        let axis = Axis::new(Scale::Counts, 4321.0, 100.0, 0.0);
        let labels: Vec<String> = axis.ticks().into_iter().map(label).collect();
        assert_eq!(labels, ["0", "1", "10", "100", "1000", "10k"]);
        assert!((axis.place(0.0) - 100.0).abs() < 1e-9 && axis.place(10_000.0).abs() < 1e-9);
    }

    #[test]
    fn an_axis_of_nothing_is_still_an_axis() {
        let axis = Axis::new(Scale::Linear, 0.0, 0.0, 100.0);
        assert!(axis.place(0.0).abs() < 1e-9 && axis.ticks().len() >= 2);
    }

    #[test]
    fn labels_have_no_more_digits_than_they_need() {
        assert_eq!([0.25, 3.0, 20_000.0, 2_500_000.0].map(label), ["0.25", "3", "20k", "2.5M"]);
    }
}
