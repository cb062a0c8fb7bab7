//! The accepted edits that were explained by hand, and the lookup in their list.
//!
//! `class` comes first. A line explains an edit by its kind and the ops that it changed, so it must
//! say why the check accepts such an edit only where both are equal.

use super::listing::{Item, Listing, operand_values};
use prova_bytecode::{Candidate, Kind};

const LIST: &str = include_str!("explained.tsv");

/// The number of the line that explains an edit, from 1.
pub(super) fn line(kind: &str, honest: &Candidate, edited: &Candidate) -> Option<usize> {
    let (before, after) = changed(honest, edited)?;
    LIST.lines()
        .position(|line| {
            let mut fields = line.split('\t');
            let mut is = |field: &str| {
                fields.next().is_some_and(|all| all.split('|').any(|one| one == field))
            };
            is(kind) && is(&before) && is(&after)
        })
        .map(|index| index + 1)
}

/// The ops that differ between both versions, each list in its order.
fn changed(honest: &Candidate, edited: &Candidate) -> Option<(String, String)> {
    let (before, after) = (Listing::new(honest)?.items, Listing::new(edited)?.items);
    let same = |(a, b): &(&Item, &Item)| alike(a, b);
    let start = before.iter().zip(&after).take_while(same).count();
    let (before, after) = (&before[start..], &after[start..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    let ops = |items: &[Item]| {
        let ops: Vec<&str> =
            items[..items.len() - end].iter().map(|item| item.op.mnemonic()).collect();
        if ops.is_empty() { "-".to_owned() } else { ops.join(" ") }
    };
    Some((ops(before), ops(after)))
}

/// Whether two instructions are the same except the targets of their branches.
fn alike(a: &Item, b: &Item) -> bool {
    a.op == b.op
        && a.table.len() == b.table.len()
        && operand_values(a.op)
            .filter(|(_, kind)| *kind != Kind::rel)
            .all(|(i, _)| a.values[i] == b.values[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_four_fields_and_names_ops() {
        let lines: Vec<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() < 30, "{} cases are too many to be explained by hand", lines.len());
        for line in lines {
            let fields: Vec<&str> = line.split('\t').collect();
            let [_, before, after, why] = fields[..] else {
                panic!("{} fields: {line}", fields.len())
            };
            assert!(why.len() > 40 && why.ends_with('.'), "{line}");
            let ops = before.split([' ', '|']).chain(after.split([' ', '|']));
            for op in ops.filter(|op| *op != "-") {
                let known = prova_bytecode::OPS.iter().any(|known| known.mnemonic() == op);
                assert!(known, "{op}: {line}");
            }
        }
    }
}
