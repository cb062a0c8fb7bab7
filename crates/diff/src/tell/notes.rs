//! A large cluster → what its causes have in common, in a line or two; and a note on tools that
//! only one side seems to have gone through.
//!
//! Names are printable already. Linear in the causes.

use crate::pair::side::Side;
use crate::tell::report::{Cluster, Difference, Kind, Verdict, plural};
use prova_module::DataMode;
use std::collections::BTreeMap;

/// Fewest segments that a tool leaves which takes zeros out, and most that linkers write.
const CUT_MIN: usize = 8;
const WHOLE_MAX: usize = 4;

/// Fewest causes of a cluster that are counted by crate, and most crates and pairs of offsets
/// named.
const CRATES_MIN: usize = 8;
const CRATES_MAX: usize = 8;
const OFFSETS_MAX: usize = 6;

/// Writes the notes of all clusters; `fields` counts by cluster how often a field offset of A
/// became which one of B.
pub(crate) fn notes(
    clusters: &mut [Cluster],
    differences: &[Difference],
    fields: &BTreeMap<usize, BTreeMap<(u64, u64), u32>>,
) {
    for (index, cluster) in clusters.iter_mut().enumerate() {
        if let Some(fields) = fields.get(&index).filter(|fields| !fields.is_empty()) {
            let count =
                |((a, b), count): (&(u64, u64), &u32)| (format!("{a} → {b}:"), u64::from(*count));
            let counts = fields.iter().map(count).collect();
            cluster.notes.push(format!("offsets: {}", largest(counts, OFFSETS_MAX, "pairs")));
        }
        if cluster.causes < CRATES_MIN {
            continue;
        }
        let mut crates: BTreeMap<&str, u64> = BTreeMap::new();
        for at in &cluster.differences[..cluster.causes] {
            let difference = &differences[*at];
            let found = crate_of(&difference.name).filter(|_| difference.kind == Kind::Function);
            *crates.entry(found.unwrap_or_default()).or_default() += 1;
        }
        crates.remove("");
        if crates.len() > 1 {
            let counts = crates.iter().map(|(name, count)| ((*name).to_owned(), *count));
            let by_crate = largest(counts.collect(), CRATES_MAX, "crates");
            cluster.notes.push(format!("in crates: {by_crate}"));
        }
    }
}

/// A note on tools behind the linker, if only one side seems to have gone through one: its data is
/// cut at zeros, and code differs.
pub(crate) fn tools(sides: (&Side<'_>, &Side<'_>), differences: &[Difference]) -> Option<String> {
    let code = |one: &Difference| one.kind == Kind::Function && one.verdict == Verdict::Changed;
    let count = |side: &Side<'_>| {
        let all = side.module.data().iter();
        all.filter(|data| matches!(data.mode, DataMode::Active { .. })).count()
    };
    let (a, b) = (count(sides.0), count(sides.1));
    let cut = a.max(b) >= CUT_MIN && a.min(b) <= WHOLE_MAX;
    let side = if a > b { "A" } else { "B" };
    (cut && differences.iter().any(code)).then(|| {
        format!("data is in {} in A and in {b} in B: an optimizer such as `wasm-opt`, which clang runs by itself where it finds it, may have seen {side} alone", plural(a as u64, "segment"))
    })
}

/// The crate of a Rust name, or the first namespace of a C++ one.
fn crate_of(name: &str) -> Option<&str> {
    let start = name.find(|c: char| c.is_alphanumeric() || c == '_')?;
    let end = name[start..].find("::")?;
    let first = &name[start..start + end];
    first.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(first)
}

/// The largest counts in words, and how many more there are.
fn largest(mut counts: Vec<(String, u64)>, most: usize, what: &str) -> String {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let shown: Vec<String> =
        counts.iter().take(most).map(|(name, count)| format!("{name} {count}")).collect();
    let more = counts.len().saturating_sub(most);
    let more = if more > 0 { format!(", and {more} more {what}") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_the_first_segment_and_other_names_have_none() {
        assert_eq!(crate_of("core::fmt::write"), Some("core"));
        assert_eq!(
            crate_of("<alloc::string::String as core::fmt::Write>::write_str"),
            Some("alloc")
        );
        assert_eq!(crate_of("<&mut T as serde_json::Read>::next"), None);
        assert_eq!(crate_of("memcpy"), None);
    }

    #[test]
    fn the_largest_stand_first_and_the_rest_is_counted() {
        let counts = ["a", "b", "c"].into_iter().zip([1, 3, 1]);
        let counts = counts.map(|(name, count)| (name.to_owned(), count)).collect();
        assert_eq!(largest(counts, 2, "crates"), "b 3, a 1, and 1 more crates");
    }
}
