//! Outcomes of repeated builds → how they split, and what agreement is worth.
//!
//! If the outputs come with probabilities p₁, p₂, …, then k builds all agree, and the difference is
//! missed, with probability Σ pᵢᵏ. [`build`](mod@super::build) counts;
//! [`bisect`](mod@super::bisect) decides by it how often to build.

use std::fmt;

/// How often each distinct output came, the most frequent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split(Vec<usize>);

impl Split {
    /// Of counts in any order.
    pub fn new(counts: impl IntoIterator<Item = usize>) -> Self {
        let mut counts: Vec<usize> = counts.into_iter().filter(|&count| count > 0).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        Self(counts)
    }

    /// The counts, the largest first.
    pub fn counts(&self) -> &[usize] {
        &self.0
    }

    /// How many builds there were.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// The probability that `runs` builds that split like these all agree.
    pub fn miss(&self, runs: usize) -> f64 {
        let total = self.total() as f64;
        self.0.iter().map(|&count| (count as f64 / total).powi(runs as i32)).sum()
    }

    /// The worth of the agreement of these builds, by the split of a real compiler.
    pub fn luck(runs: usize) -> String {
        let miss = 100.0 * Split::new([26, 14]).miss(runs);
        let would = format!("{runs} builds would all agree with probability {miss:.1} %");
        format!("had the outputs split 26 : 14, {would}")
    }

    /// The probability, at most, that agreement of one of a kind was luck, in words.
    pub fn doubt(what: &str, doubt: f64) -> String {
        let percent = 100.0 * doubt;
        format!("that agreement of a {what} was luck has a probability of at most {percent:.1} %")
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&counts.join(" : "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_builds_are_not_a_test() {
        let split = Split::new([14, 26]);
        assert_eq!(split.to_string(), "26 : 14");
        assert!((split.miss(2) - 0.545).abs() < 1e-9);
        assert!(split.miss(8) < 0.033 && split.miss(16) < 0.0011);
        assert_eq!(Split::new([5, 0]).miss(3), 1.0);
    }
}
