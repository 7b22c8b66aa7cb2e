//! What was measured: a series of values, one for each round, under a name such as
//! `write/64/rate`.

use std::collections::BTreeMap;

/// One figure over the rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Series(Vec<f64>);

impl Series {
    /// The middle one; robust against the round in which something else wanted the machine.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    /// Round by round in proportion to `reference`, since both were measured side by side; the
    /// medians' proportion where they were not.
    pub fn against(&self, reference: &Self) -> Self {
        if self.0.len() == reference.0.len() {
            let rounds = self.0.iter().zip(&reference.0);
            Self(rounds.map(|(value, other)| value / other).collect())
        } else {
            Self(vec![self.median() / reference.median()])
        }
    }

    /// Round by round the greater of both.
    fn or_better(self, other: &Self) -> Self {
        if self.0.len() == other.0.len() {
            let rounds = self.0.iter().zip(&other.0);
            Self(rounds.map(|(one, other)| one.max(*other)).collect())
        } else if self.median() < other.median() {
            other.clone()
        } else {
            self
        }
    }

    /// The rounds, in their order.
    pub fn rounds(&self) -> &[f64] {
        &self.0
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, Default)]
pub struct Figures(BTreeMap<String, Series>);

impl Figures {
    /// Adds a round's value.
    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        let series = self.0.entry(name.into()).or_insert(Series(Vec::new()));
        series.0.push(value);
    }

    /// Adds a round's value, if there is one.
    pub fn add_known(&mut self, name: impl Into<String>, value: Option<f64>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// A figure, if it was measured.
    pub fn get(&self, name: &str) -> Option<&Series> {
        self.0.get(name)
    }

    /// A figure's median, if it was measured.
    pub fn median(&self, name: &str) -> Option<f64> {
        self.get(name).map(Series::median)
    }

    /// The best of those of the figures that were measured, round by round.
    pub fn best(&self, names: &[&str]) -> Option<Series> {
        names
            .iter()
            .filter_map(|name| self.get(name))
            .cloned()
            .reduce(|best, other| best.or_better(&other))
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Series)> {
        self.0.iter().map(|(name, series)| (name.as_str(), series))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series(values.to_vec())
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(series(&[9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(series(&[4.0, 1.0, 2.0, 9.0]).median(), 3.0);
        assert!(series(&[]).median().is_nan());
    }

    #[test]
    fn proportions_are_taken_round_by_round() {
        // The machine was half as fast in the second round, for both.
        let ours = series(&[10.0, 5.0, 12.0]);
        let theirs = series(&[20.0, 10.0, 24.0]);
        assert_eq!(ours.against(&theirs), series(&[0.5, 0.5, 0.5]));
        assert_eq!(ours.against(&series(&[20.0])), series(&[0.5]));
    }

    #[test]
    fn the_best_is_taken_round_by_round_of_what_there_is() {
        let mut figures = Figures::default();
        for (low, high) in [(1.0, 2.0), (4.0, 3.0)] {
            figures.add("a", low);
            figures.add("b", high);
        }
        assert_eq!(
            figures.best(&["a", "none", "b"]).unwrap(),
            series(&[2.0, 4.0])
        );
        assert_eq!(figures.best(&["none"]), None);
    }
}
