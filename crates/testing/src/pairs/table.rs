//! [`Row`]s → a line each, and totals.

use super::Row;
use prova_diff::Verdict;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// The words of `--allow` that an auditor would use, before there was one word.
const MOVED: [&str; 2] = ["path", "moved"];
/// The one word.
const HARMLESS: [&str; 1] = ["harmless"];

/// The outcomes for the pairs of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Pairs whose sides differ, and run as they must.
    pub pairs: usize,
    /// Pairs whose sides are equal byte for byte; they count for nothing.
    pub equal: usize,
    /// Pairs with something `changed`.
    pub changed: usize,
    /// Pairs that pass `--allow path,moved`.
    pub moved: usize,
    /// Pairs that pass `--allow harmless`; none if that is no word.
    pub harmless: Option<usize>,
}

/// The outcomes for a set.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Honest pairs.
    pub honest: Count,
    /// Malicious pairs.
    pub malicious: Count,
    /// Pairs that do not run as they must.
    pub errors: Vec<String>,
    /// Of what fails, the kinds: what is wrong, and the noise or edit.
    pub failures: BTreeMap<String, usize>,
}

impl Totals {
    /// Counts a row.
    pub fn add(&mut self, row: &Row) {
        if !row.runs_as_it_must() {
            self.errors.push(row.name.clone());
            return;
        }
        let honest = row.edit.is_none();
        let count = if honest { &mut self.honest } else { &mut self.malicious };
        if row.report.equal {
            count.equal += 1;
            return;
        }
        let (moved, harmless) = (row.passes(&MOVED) == Some(true), row.passes(&HARMLESS));
        count.pairs += 1;
        count.changed += usize::from(row.changed());
        count.moved += usize::from(moved);
        if let Some(passes) = harmless {
            *count.harmless.get_or_insert_default() += usize::from(passes);
        }
        let kind = row.edit.clone().unwrap_or_else(|| row.noises.join("+"));
        let mut fails =
            |what: &str| *self.failures.entry(format!("{what}: {kind}")).or_default() += 1;
        match row.edit {
            None if row.changed() => fails("honest, changed"),
            None if harmless == Some(false) => fails("honest, not harmless"),
            None => {}
            Some(_) if moved || harmless == Some(true) => fails("MALICIOUS, PASSES"),
            Some(_) => {}
        }
    }

    /// The demands that a set does not meet: an error of a recipe, a malicious pair that passes,
    /// more than one honest pair in eleven that is changed, less than two in three that pass.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong: Vec<String> = self
            .errors
            .iter()
            .map(|name| format!("{name} does not run as its recipe says"))
            .collect();
        let (honest, malicious) = (&self.honest, &self.malicious);
        if malicious.moved > 0 || malicious.harmless.is_some_and(|count| count > 0) {
            wrong.push("a malicious pair passes".to_owned());
        }
        if 11 * honest.changed > honest.pairs {
            wrong.push(format!("{} of {} honest pairs are changed", honest.changed, honest.pairs));
        }
        if let Some(passes) = honest.harmless.filter(|passes| 3 * passes < 2 * honest.pairs) {
            wrong.push(format!("{passes} of {} honest pairs pass", honest.pairs));
        }
        wrong
    }
}

impl Display for Totals {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, count) in [("honest", &self.honest), ("malicious", &self.malicious)] {
            let harmless = count.harmless.map_or("-".to_owned(), |count| count.to_string());
            writeln!(
                f,
                "{name}: {} pairs, {} changed, {} pass path,moved, {harmless} pass harmless ({} more are equal)",
                count.pairs, count.changed, count.moved, count.equal
            )?;
        }
        for (kind, count) in &self.failures {
            writeln!(f, "  {count} {kind}")?;
        }
        self.wrong().iter().try_for_each(|what| writeln!(f, "wrong: {what}"))
    }
}

/// The head of the table.
pub const HEAD: &str = "pair\truns\tpath,moved\tharmless\tverdicts (functions/others)";

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let runs = match (self.differs, self.runs_as_it_must()) {
            (None, true) => "alike".to_owned(),
            (Some(run), true) => format!("differ in run {run}"),
            (None, false) => "ALIKE".to_owned(),
            (Some(run), false) => format!("DIFFER in run {run}"),
        };
        let passes = |words: &[&str]| match self.passes(words) {
            Some(true) => "passes",
            Some(false) => "no",
            None => "-",
        };
        write!(f, "{}\t{runs}\t{}\t{}\t", self.name, passes(&MOVED), passes(&HARMLESS))?;
        if self.report.equal {
            return write!(f, "equal");
        }
        let counts = self.report.counts.iter().rev();
        let told = counts.filter(|count| count.verdict != Verdict::Identical);
        let told =
            told.map(|count| format!("{} {}/{}", count.verdict, count.functions, count.others));
        write!(f, "{}", told.collect::<Vec<_>>().join(", "))
    }
}
