//! A name that there is not → the names that there are and that may have been meant.
//!
//! In this order: names that differ in upper and lower case alone; names that contain the wanted
//! one; names at a small distance, counted in letters inserted, deleted, changed, or exchanged with
//! their neighbour (the restricted Damerau-Levenshtein distance), the nearest first.
//!
//! Limits: the first [`LOOKED_AT_MAX`] names are looked at, and of each the first [`CHARS_MAX`]
//! characters, so that the time does not grow with a hostile module's names.

/// The most names that are suggested.
const TOLD_MAX: usize = 5;
/// The most names that are compared.
const LOOKED_AT_MAX: usize = 100_000;
/// The most characters of a name that are compared.
const CHARS_MAX: usize = 64;

/// Of `names`, each with what it stands for, what the nearest to `wanted` stand for: at most five,
/// the nearest first.
pub fn near<'n, T>(wanted: &str, names: impl IntoIterator<Item = (&'n str, T)>) -> Vec<T> {
    let wanted = lower(wanted);
    if wanted.is_empty() {
        return Vec::new();
    }
    let far = (wanted.len() / 3).max(1) + 1;
    let mut found: Vec<(usize, T)> = names
        .into_iter()
        .take(LOOKED_AT_MAX)
        .filter_map(|(name, item)| {
            let name = lower(name);
            let contains = name.windows(wanted.len()).any(|part| part == wanted);
            let rank = match () {
                () if name == wanted => 0,
                () if contains => 1,
                () if name.len().abs_diff(wanted.len()) >= far => return None,
                () => 1 + distance(&wanted, &name),
            };
            (rank <= far).then_some((rank, item))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().take(TOLD_MAX).map(|(_, item)| item).collect()
}

/// The beginning of a name in lower case.
fn lower(name: &str) -> Vec<char> {
    name.chars().take(CHARS_MAX).flat_map(char::to_lowercase).collect()
}

/// How many letters must be inserted, deleted, changed or exchanged with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    // Row i holds the distances of the first i letters of `a` from each beginning of `b`.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wanted: &str, names: &[&'static str]) -> Vec<&'static str> {
        near(wanted, names.iter().map(|&name| (name, name)))
    }

    #[test]
    fn letters_are_inserted_deleted_changed_exchanged() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ac", 1),
            ("fule", "fuel", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(&chars(a), &chars(b)), expected, "{a} {b}");
            assert_eq!(distance(&chars(b), &chars(a)), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_come_first_and_the_far_do_not() {
        let names = ["memory", "main", "mian2", "Main", "domain", "other", "x"];
        assert_eq!(of("main", &names), ["main", "Main", "domain"]);
        assert_eq!(of("mian", &names), ["mian2", "main", "Main"]);
        assert_eq!(of("nothing", &names), [""; 0]);
        assert_eq!(of("", &names), [""; 0]);
    }

    #[test]
    fn few_are_told_of_many_and_long_ones() {
        let many: Vec<String> =
            (0..200).map(|i| format!("name{i}{}", "x".repeat(10_000))).collect();
        let found = near("name1", many.iter().map(|name| (name.as_str(), name.len())));
        assert_eq!(found.len(), TOLD_MAX);
    }
}
