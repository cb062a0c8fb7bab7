//! Outputs of builds with nothing varied → what kind of chance differs in them.
//!
//! ```text
//! outputs ─ kind::leaves ─► differing bytes ─ tokens ─► each pair: a time? a process id? a temporary name?
//!                                             └ the same tokens in another order ─► a hash seed, or a race
//! ```
//!
//! [`seen`](super::seen) knows when a build ran and its process ids;
//! [`attribute`](mod@super::attribute) builds again where this does not tell.
//!
//! 1. A time is one of both builds: each side's number lies in the seconds in which its own build
//!    ran. In the same way a process id and a name of a temporary file are those of its build. So a
//!    random number passes for neither but by a chance of few in a million.
//! 2. The chance is *explained* if every difference that was looked at is.
//! 3. Of two orders of the same things: threads or processes that run a race each keep their own
//!    order, so one order is a merge of few sequences of the other, and no long sequence is turned
//!    around. In two orders of a hash table about 2√n things are (Vershik, Kerov 1977).
//!
//! Limits: the first [`LEAF_BYTES_MAX`] of a difference, [`TOKENS_MAX`] tokens; a date without time
//! of day is no time here. Linear, except the search of names. `tests/repro/attribution.rs` plants
//! each kind.

use super::build::Class;
use super::kind::{Leaf, leaves};
use super::seen::Seen;
use std::collections::{BTreeMap, HashMap};

/// Maximum number of bytes that are read of a difference.
pub const LEAF_BYTES_MAX: usize = 1 << 20;

/// Maximum number of tokens, or lines, of it that are compared.
pub const TOKENS_MAX: usize = 200_000;

/// Of fewer things an order tells nothing of what made it.
const ORDERED_MIN: usize = 12;

/// Clocks of files are coarser than those of programs, and zip counts in two seconds.
const SLACK_SECONDS: f64 = 2.0;

/// A source of chance in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chance {
    /// The time of the build.
    Clock,
    /// The number of a process.
    Pid,
    /// The name of a temporary file.
    TemporaryName,
    /// The order of a hash table, whose seed is drawn.
    HashSeed,
    /// Threads or processes that write when they get to it.
    Race,
    /// An order; whether by a hash seed or a race is unknown.
    Order,
    /// Other numbers that are drawn.
    Random,
}

impl Chance {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Pid => "process-id",
            Self::TemporaryName => "temporary-name",
            Self::HashSeed => "hash-seed",
            Self::Race => "race",
            Self::Order => "order",
            Self::Random => "random",
        }
    }
}

/// A kind of chance, and the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The kind.
    pub chance: Chance,
    /// The evidence for it.
    pub evidence: String,
}

/// The findings in the outputs.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Kinds that were recognised.
    pub(super) told: Vec<Told>,
    /// Nothing else differs.
    pub(super) explained: bool,
    /// Something stands in another order.
    pub(super) reordered: bool,
    /// The kind of the order, if something is reordered.
    pub(super) order: Option<Told>,
}

/// Reads the first output beside each other one.
pub(super) fn read(classes: &[&Class]) -> Reading {
    let mut reader = Reader::default();
    let Some((first, others)) = classes.split_first() else { return Reading::default() };
    for other in others {
        let (Some(kept_a), Some(kept_b)) = (&first.kept, &other.kept) else { continue };
        for path in first.artifacts.keys().chain(other.artifacts.keys()) {
            let digests = (first.artifacts.get(path), other.artifacts.get(path));
            if digests.0 == digests.1 {
                continue;
            }
            if digests.0.is_none() || digests.1.is_none() {
                // The name is what differs.
                if digests.0.is_some() {
                    reader.names(path, (first, other));
                }
                continue;
            }
            let found = leaves(&kept_a.join(path), &kept_b.join(path));
            reader.rest += usize::from(found.is_empty());
            for leaf in found {
                reader.leaf(path, &leaf, (&first.seen, &other.seen));
            }
        }
    }
    reader.reading()
}

#[derive(Default)]
struct Reader {
    kinds: BTreeMap<Chance, String>,
    /// Differences that are none of the kinds.
    rest: usize,
    /// Of each that is an order: how many things, and the longest sequence that is turned around.
    orders: Vec<(usize, usize)>,
}

impl Reader {
    fn reading(self) -> Reading {
        let reordered = !self.orders.is_empty();
        let order = self.orders.iter().max().map(|_| order(&self.orders));
        let explained = self.rest == 0 && !reordered && !self.kinds.is_empty();
        let told = self.kinds.into_iter().map(|(chance, evidence)| Told { chance, evidence });
        Reading { told: told.collect(), explained, reordered, order }
    }

    /// A file of the first output that the other does not have: its like of another name.
    fn names(&mut self, path: &str, (a, b): (&Class, &Class)) {
        let only = b.artifacts.keys().filter(|other| !a.artifacts.contains_key(*other));
        let shape = |path: &str| tokens(path).len();
        match only.into_iter().find(|other| shape(other) == shape(path)) {
            Some(other) => {
                let leaf =
                    Leaf { place: String::new(), a: path.into(), b: other.clone().into_bytes() };
                self.leaf("the name of an output", &leaf, (&a.seen, &b.seen));
            }
            None => self.rest += 1,
        }
    }

    fn leaf(&mut self, path: &str, leaf: &Leaf, seen: (&Seen, &Seen)) {
        let place = format!("{path}{}", leaf.place);
        let text = |bytes: &[u8]| -> String {
            // One character for each byte, so what is no text keeps its place.
            bytes.iter().take(LEAF_BYTES_MAX).map(|byte| char::from(*byte)).collect()
        };
        let (mut a, mut b) = (leaf.a.clone(), leaf.b.clone());
        if a.len() == b.len()
            && std::str::from_utf8(&a).is_err()
            && self.times(&mut a, &mut b, seen)
        {
            self.found(Chance::Clock, &place, "seconds of both builds", "as binary numbers");
        }
        let (mut a, mut b) = (text(&a), text(&b));
        self.temporary(&place, &mut a, &mut b, seen);
        if a == b {
            return;
        }
        if let Some(orders) =
            permuted(&a.lines().collect::<Vec<_>>(), &b.lines().collect::<Vec<_>>())
        {
            return self.orders.push(orders);
        }
        let (tokens_a, tokens_b) = (tokens(&a), tokens(&b));
        if let Some(orders) = permuted(&tokens_a, &tokens_b) {
            return self.orders.push(orders);
        }
        if tokens_a.len() != tokens_b.len() || tokens_a.len() >= TOKENS_MAX {
            self.rest += 1;
            return;
        }
        for at in (0..tokens_a.len()).filter(|&at| tokens_a[at] != tokens_b[at]) {
            let kinds = (kind(&tokens_a, at, seen.0), kind(&tokens_b, at, seen.1));
            match kinds {
                (Some(chance), Some(other)) if chance == other => {
                    self.found(chance, &place, tokens_a[at], tokens_b[at]);
                }
                _ => self.rest += 1,
            }
        }
    }

    fn found(&mut self, chance: Chance, place: &str, a: &str, b: &str) {
        let what = match chance {
            Chance::Clock => "the time of each build",
            Chance::Pid => "a process id of each build",
            _ => "a temporary file of each build",
        };
        self.kinds.entry(chance).or_insert_with(|| format!("{place} has {what}: `{a}`, `{b}`"));
    }

    /// Puts one and the same word in the place of names of temporary files.
    fn temporary(&mut self, place: &str, a: &mut String, b: &mut String, seen: (&Seen, &Seen)) {
        let found = (named(a, seen.0), named(b, seen.1));
        let (Some(name_a), Some(name_b)) = found else { return };
        if name_a != name_b {
            *a = a.replace(&name_a, "a-temporary-file");
            *b = b.replace(&name_b, "a-temporary-file");
            self.found(Chance::TemporaryName, place, &name_a, &name_b);
        }
    }

    /// Makes tokens equal that are the second of their build on each side, as a number of 32 bits.
    fn times(&mut self, a: &mut [u8], b: &mut [u8], seen: (&Seen, &Seen)) -> bool {
        let mut found = false;
        let mut at = 0;
        while at < a.len().min(LEAF_BYTES_MAX) {
            if a[at] == b[at] {
                at += 1;
                continue;
            }
            let is = |bytes: &[u8], seen: &Seen| {
                let Ok(word) = <[u8; 4]>::try_from(bytes) else { return [false; 2] };
                [u32::from_le_bytes(word), u32::from_be_bytes(word)]
                    .map(|seconds| within(f64::from(seconds), seen))
            };
            let start = (at.saturating_sub(3)..=at).find(|start| {
                let (Some(one), Some(other)) = (a.get(*start..start + 4), b.get(*start..start + 4))
                else {
                    return false;
                };
                let (one, other) = (is(one, seen.0), is(other, seen.1));
                (one[0] && other[0]) || (one[1] && other[1])
            });
            match start {
                Some(start) => {
                    a[start..start + 4].fill(0);
                    b[start..start + 4].fill(0);
                    found = true;
                    at = start + 4;
                }
                None => at += 1,
            }
        }
        found
    }
}

/// The longest name of a temporary file of the build that stands in the text; one that has a
/// process id is left to that.
fn named(text: &str, seen: &Seen) -> Option<String> {
    let of_pid = |name: &str| tokens(name).iter().any(|token| is_pid(token, seen));
    let found = seen.names.iter().filter(|name| name.len() >= 4 && !of_pid(name));
    found.filter(|name| text.contains(name.as_str())).max_by_key(|name| name.len()).cloned()
}

/// Runs of digits, runs of letters, and other characters, each by itself.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' | 'A'..='Z' => 1,
        _ => 2,
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let now = class(c);
        if at > start && (before != Some(now) || now == 2) {
            found.push(&text[start..at]);
            start = at;
            if found.len() >= TOKENS_MAX {
                return found;
            }
        }
        before = Some(now);
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

/// The kind of chance in a token, from the observations of its build.
fn kind(tokens: &[&str], at: usize, seen: &Seen) -> Option<Chance> {
    let token = tokens[at];
    if is_time(tokens, at, seen) {
        return Some(Chance::Clock);
    }
    // A part of a second, behind one.
    let behind = at >= 2 && [".", ","].contains(&tokens[at - 1]) && digits(token);
    if behind && is_time(tokens, at - 2, seen) {
        return Some(Chance::Clock);
    }
    is_pid(token, seen).then_some(Chance::Pid)
}

fn digits(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_pid(token: &str, seen: &Seen) -> bool {
    let number = token.parse::<u32>().ok().filter(|_| digits(token));
    number.is_some_and(|number| (seen.pids.0..=seen.pids.1).contains(&number))
}

fn within(seconds: f64, seen: &Seen) -> bool {
    (seen.time.0 - SLACK_SECONDS..=seen.time.1 + SLACK_SECONDS).contains(&seconds)
}

/// Whether a token is a time of the build: since 1970 in seconds or parts of them, or a part of a
/// time of day.
fn is_time(tokens: &[&str], at: usize, seen: &Seen) -> bool {
    let token = tokens[at];
    if !digits(token) {
        return false;
    }
    if let Ok(number) = token.parse::<u64>()
        && [1.0, 1e3, 1e6, 1e9].iter().any(|scale| within(number as f64 / scale, seen))
    {
        return true;
    }
    // `T235901`, and `20261120235901`.
    let compact = match token.len() {
        6 if at > 0 && ["T", "t", "_", "-"].contains(&tokens[at - 1]) => Some(token),
        14 => Some(&token[8..]),
        _ => None,
    };
    if let Some(clock) = compact
        && of_day([&clock[..2], &clock[2..4], &clock[4..]], seen)
    {
        return true;
    }
    // `23:59:01`; the token may be any part of it.
    [0, 2, 4].into_iter().any(|before| {
        let Some(start) = at.checked_sub(before) else { return false };
        let Some([hour, first, minute, second, last]) = tokens.get(start..start + 5) else {
            return false;
        };
        (*first, *second) == (":", ":") && of_day([hour, minute, last], seen)
    })
}

/// Whether hour, minute and second are those of the build, which the control setting has in GMT.
fn of_day(parts: [&str; 3], seen: &Seen) -> bool {
    let Ok(numbers) = parts.map(str::parse::<u32>).into_iter().collect::<Result<Vec<_>, _>>()
    else {
        return false;
    };
    let [hour, minute, second] = numbers[..] else { return false };
    if hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    const DAY: f64 = 86_400.0;
    let midnight = (seen.time.0 / DAY).floor() * DAY;
    let of_day = f64::from(hour * 3600 + minute * 60 + second);
    [-DAY, 0.0, DAY].iter().any(|shift| within(midnight + of_day + shift, seen))
}

/// Of two orders of the same things, how many stand elsewhere than before, and the longest sequence
/// that is turned around; nothing if they are not the same things.
fn permuted(a: &[&str], b: &[&str]) -> Option<(usize, usize)> {
    if a.len() != b.len() || a.len() < 2 || a.len() >= TOKENS_MAX {
        return None;
    }
    // The k-th of a word is taken for the k-th.
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, word) in b.iter().enumerate().rev() {
        places.entry(word).or_default().push(at);
    }
    let order: Vec<usize> =
        a.iter().map(|word| places.get_mut(word)?.pop()).collect::<Option<_>>()?;
    let moved = order.iter().enumerate().filter(|(at, place)| at != *place).count();
    // Patience: each pile's top is the smallest end of a falling sequence of its length.
    let mut tops: Vec<std::cmp::Reverse<usize>> = Vec::new();
    for place in order.into_iter().map(std::cmp::Reverse) {
        let pile = tops.partition_point(|top| *top < place);
        match tops.get_mut(pile) {
            Some(top) => *top = place,
            None => tops.push(place),
        }
    }
    (moved > 0).then_some((moved, tops.len()))
}

/// The cause of other orders of the same things.
fn order(orders: &[(usize, usize)]) -> Told {
    let (things, turned) = orders.iter().copied().max().unwrap_or_default();
    let expected = 2.0 * (things as f64).sqrt() - 1.77 * (things as f64).powf(1.0 / 6.0);
    let found = format!(
        "the same {things} things stand in another order, at most {turned} of them turned around"
    );
    let (chance, why) = match (things < ORDERED_MIN, (turned as f64) < 0.6 * expected) {
        (true, _) => (Chance::Order, "too few to tell a hash seed from a race"),
        (false, true) => (Chance::Race, "as where several writers each keep their own order"),
        (false, false) => {
            (Chance::HashSeed, "as in tables of another seed, one that no variable sets")
        }
    };
    Told { chance, evidence: format!("{found}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Seen {
        // 2001-09-09 01:46:40 to 01:46:45.
        Seen {
            time: (1_000_000_000.0, 1_000_000_005.0),
            pids: (4000, 4010),
            names: vec!["tmp.Ab3_x".into()],
        }
    }

    #[test]
    fn times_are_those_of_the_build() {
        let is = |text: &str, at: usize| kind(&tokens(text), at, &seen());
        for (text, at) in [
            ("1000000003", 0),
            ("v1000000003000", 1),
            ("1000000003.55", 2),
            ("at 01:46:43", 6),
            ("20010909T014643Z", 2),
            ("20010909014643", 0),
        ] {
            assert_eq!(is(text, at), Some(Chance::Clock), "{text}");
        }
        for (text, at) in
            [("1000000033", 0), ("02:46:43", 0), ("99:99:99", 0), ("014643", 0), ("4011", 0)]
        {
            assert_eq!(is(text, at), None, "{text}");
        }
        assert_eq!(is("pid4007", 1), Some(Chance::Pid));
        assert_eq!(named("x /tmp/tmp.Ab3_x/y", &seen()).as_deref(), Some("tmp.Ab3_x"));
    }

    #[test]
    fn a_merge_is_a_race_and_a_shuffle_is_a_hash_seed() {
        let words: Vec<String> = (0..60).map(|at| at.to_string()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Three writers, each of every third word.
        let merged: Vec<&str> = (0..3)
            .flat_map(|writer| words[20 * writer..20 * (writer + 1)].iter().rev().rev().copied())
            .collect();
        assert_eq!(permuted(&words, &merged), None, "the same order is no permutation");
        let mut merged = Vec::new();
        for at in 0..20 {
            merged.extend([words[40 + at], words[at], words[20 + at]]);
        }
        let race = permuted(&words, &merged).expect("the same words");
        assert!(race.1 <= 3, "{race:?}");
        assert_eq!(order(&[race]).chance, Chance::Race);
        let mut shuffled = words.clone();
        for at in 0..60 {
            shuffled.swap(at, (at * 37 + 11) % 60);
        }
        let hashed = permuted(&words, &shuffled).expect("the same words");
        assert_eq!(order(&[hashed]).chance, Chance::HashSeed, "{hashed:?}");
        assert_eq!(order(&[(3, 2)]).chance, Chance::Order);
        assert_eq!(permuted(&["a", "b"], &["a", "c"]), None);
    }
}
