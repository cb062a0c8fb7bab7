//! The list of explained mutants and the verdicts of a run → what has to be done: survivors to
//! explain, rows to remove.
//!
//! A row is file, function, mutation, line of source, and why no test needs to see the mutant. Rows
//! stand in the order of the files and of the mutants in them.
//!
//! Limits: whether an explanation is true, a reader judges.

use super::{Mutant, Verdict, Verdicts};
use std::collections::BTreeMap;

/// The explained mutants: key → explanation.
pub type Explained = BTreeMap<[String; 4], String>;

/// Reads the rows; lines that begin with `#` explain the list.
///
/// # Errors
/// A row that has not five fields, one without an explanation, or one that stands twice.
pub fn parse(text: &str) -> Result<Explained, String> {
    let mut rows = Explained::new();
    for row in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let [file, function, mutation, line, why] = row.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("not `file, function, mutation, line, explanation`: {row}"));
        };
        if why.len() < 20 {
            return Err(format!("no explanation: {row}"));
        }
        let key = [file, function, mutation, line].map(str::to_owned);
        if rows.insert(key, why.to_owned()).is_some() {
            return Err(format!("stands twice: {row}"));
        }
    }
    Ok(rows)
}

/// Compares the list with the verdicts of a run over `mutants`, which were chosen from `all`.
/// Returns the complaints: survivors without a row, rows of mutants that are caught, and rows of
/// mutants that no longer exist.
pub fn compare(
    explained: &Explained,
    all: &[Mutant],
    mutants: &[&Mutant],
    verdicts: &Verdicts,
) -> Vec<String> {
    let mut found = Vec::new();
    for mutant in mutants {
        let key = mutant.key().map(str::to_owned);
        match (verdicts.get(&mutant.number), explained.contains_key(&key)) {
            (Some(Verdict::Missed), false) => {
                found
                    .push(format!("no test sees this, and no row explains it: {}", key.join("\t")));
            }
            (Some(verdict), true) if *verdict != Verdict::Missed => {
                let word = verdict.word();
                found.push(format!("explained and {word}, remove the row: {}", key.join("\t")));
            }
            (None, _) => found.push(format!("has no verdict: {}", key.join("\t"))),
            (Some(_), _) => {}
        }
    }
    for key in explained.keys() {
        if !all.iter().any(|mutant| mutant.key().map(str::to_owned) == *key) {
            found.push(format!("no mutant is so any more, remove the row: {}", key.join("\t")));
        }
    }
    found
}

/// A mutant for tests.
#[cfg(test)]
pub(super) fn mutant(number: usize, line: &str) -> Mutant {
    Mutant {
        number,
        package: "p".to_owned(),
        file: "a.rs".to_owned(),
        function: "f".to_owned(),
        extent: None,
        span: (0, 1),
        replacement: String::new(),
        mutation: "delete !".to_owned(),
        line: line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_need_a_row_and_rows_a_survivor() {
        let all = [mutant(1, "one"), mutant(2, "two"), mutant(3, "three"), mutant(4, "four")];
        let row =
            |line: &str| format!("a.rs\tf\tdelete !\t{line}\tequal, because nothing reads it\n");
        let list = format!("# why\n{}{}{}{}", row("one"), row("two"), row("four"), row("gone"));
        let explained = parse(&list).expect("rows");
        let caught = Verdict::Caught("t".to_owned());
        let verdicts = Verdicts::from([(1, Verdict::Missed), (2, caught), (3, Verdict::Missed)]);
        let ran: Vec<&Mutant> = all[..3].iter().collect();
        let found = compare(&explained, &all, &ran, &verdicts);
        let words: Vec<(&str, &str)> = found
            .iter()
            .map(|x| {
                (x.split([',', ':']).next().unwrap_or(""), x.rsplit('\t').next().unwrap_or(""))
            })
            .collect();
        let wanted = [
            ("explained and caught", "two"),
            ("no test sees this", "three"),
            ("no mutant is so any more", "gone"),
        ];
        assert_eq!(words, wanted);
        assert_eq!(compare(&explained, &all, &[&all[3]], &Verdicts::new()).len(), 2);
    }

    #[test]
    fn the_committed_rows_are_read() {
        let path = crate::root().join("crates/bytecode/tests/mutants/explained.tsv");
        let rows = parse(&std::fs::read_to_string(path).expect("the list")).expect("rows");
        assert!(!rows.is_empty());
    }

    #[test]
    fn rows_are_whole() {
        for bad in
            ["a\tb\tc\td", "a\tb\tc\td\tshort", &"a\tb\tc\td\tlong enough to be read\n".repeat(2)]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
