//! The verdicts of a run and the list of explained mutants → how many mutants of each file came to
//! which end.
//!
//! Invariant: each mutant that was listed is counted once, so `listed` is the sum of the others.

use super::explained::Explained;
use super::{Mutant, Verdict, Verdicts};
use std::collections::BTreeMap;
use std::fmt;

/// The ends that a mutant can come to, as they are printed.
const ENDS: [&str; 6] =
    ["not compiling", "caught", "timed out", "explained", "unexplained", "no verdict"];

/// Counts of mutants by their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    files: BTreeMap<String, [usize; ENDS.len()]>,
}

impl Tally {
    /// Counts mutants.
    pub fn new(mutants: &[&Mutant], verdicts: &Verdicts, explained: &Explained) -> Tally {
        let mut tally = Tally::default();
        for mutant in mutants {
            let end = match verdicts.get(&mutant.number) {
                Some(Verdict::Unviable) => 0,
                Some(Verdict::Caught(_)) => 1,
                Some(Verdict::Timeout(_)) => 2,
                Some(Verdict::Missed)
                    if explained.contains_key(&mutant.key().map(str::to_owned)) =>
                {
                    3
                }
                Some(Verdict::Missed) => 4,
                None => 5,
            };
            tally.files.entry(mutant.file.clone()).or_default()[end] += 1;
        }
        tally
    }
}

impl fmt::Display for Tally {
    /// A line for each file, one for all, under a line that names the columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8}", "listed")?;
        ENDS.iter().try_for_each(|end| write!(f, "  {end}"))?;
        let mut all = [0; ENDS.len()];
        for counts in self.files.values() {
            all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let files = self.files.iter().map(|(file, counts)| (file.as_str(), counts));
        for (file, counts) in files.chain([("all", &all)]) {
            write!(f, "\n{:>8}", counts.iter().sum::<usize>())?;
            for (end, count) in ENDS.iter().zip(counts) {
                write!(f, "{count:>width$}", width = end.len() + 2)?;
            }
            write!(f, "  {file}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::explained::{mutant, parse};
    use super::*;

    #[test]
    fn each_mutant_is_counted_once() {
        let all = [1, 2, 3, 4, 5, 6, 7].map(|number| mutant(number, &format!("line {number}")));
        let row = "a.rs\tf\tdelete !\tline 4\tequal, because nothing reads it\n";
        let explained = parse(row).expect("a row");
        let verdicts = Verdicts::from([
            (1, Verdict::Unviable),
            (2, Verdict::Caught(String::new())),
            (3, Verdict::Timeout(String::new())),
            (4, Verdict::Missed),
            (5, Verdict::Missed),
            (6, Verdict::Caught(String::new())),
        ]);
        let tally = Tally::new(&all.iter().collect::<Vec<_>>(), &verdicts, &explained);
        let text = tally.to_string();
        let numbers = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let lines: Vec<Vec<String>> = text.lines().skip(1).map(numbers).collect();
        assert_eq!(lines[0], ["7", "1", "2", "1", "1", "1", "1", "a.rs"]);
        assert_eq!(lines[1][..7], lines[0][..7]);
        assert_eq!(lines.len(), 2);
    }
}
