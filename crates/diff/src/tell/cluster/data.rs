//! Runs and words of data that differ → differences and their clusters.
//!
//! Data that grows opens a cluster; addresses that moved because of it join that cluster.

use super::location::locations;
use super::{Clusterer, RUNS_MAX, XREFS_MAX, plain};
use crate::judge::assumption::Taken;
use crate::judge::data::{DataDiff, First, Look, Run, Words};
use crate::numbers::data::Place;
use crate::numbers::shift::Shift;
use crate::numbers::strings::{Sort as Text, is_printable, is_text};
use crate::pair::side::{Side, bytes};
use crate::tell::assumed::sorts;
use crate::tell::cluster::ALONE_MAX;
use crate::tell::report::{Difference, Kind, Sort, Verdict, plural};
use crate::tell::words::assumption::{apart, assumed};
use prova_builds::names::printable;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Maximum distance in bytes from the start of a text to the bytes in it that differ.
const STRING_MAX: u64 = 120;

impl Clusterer<'_, '_> {
    /// Runs of bytes, lengths that follow from them, segments that moved.
    pub(crate) fn data(&mut self, data: &DataDiff, of: (&Shift, &[Place], bool)) {
        let mut unexplained: BTreeMap<u32, usize> = BTreeMap::new();
        let mut growths = BTreeSet::new();
        for run in &data.runs {
            match run.look {
                Look::Text(Text::Path, ..) => {
                    growths.insert(run.growth());
                }
                Look::Text(..) | Look::Random | Look::Bytes => {
                    *unexplained.entry(run.segment).or_default() += 1;
                }
                Look::Length(..) | Look::Grew(_) | Look::Padding(_) | Look::Stale(_) => {}
                Look::Copy => {}
            }
        }
        unexplained.retain(|_, runs| *runs > RUNS_MAX);
        self.folded.segments = unexplained.into_keys().collect();
        self.folded.paths = growths.len() > ALONE_MAX;
        // What follows from growth comes after all growth.
        let follows = |run: &&Run| {
            let grew = matches!(run.look, Look::Length(..) | Look::Grew(_) | Look::Padding(_));
            grew || matches!(run.look, Look::Stale(_) | Look::Copy)
        };
        for run in data.runs.iter().filter(|run| !follows(run)) {
            match self.exchange(run) {
                Some(kind) => self.exchanged(run, &kind),
                None => self.run(run),
            }
        }
        self.growth.sort_unstable();
        for run in data.runs.iter().filter(follows) {
            self.run(run);
        }
        self.growth.sort_unstable();
        for (segment, name, address, delta) in &data.moved {
            let name = segment_name(*segment, name);
            let difference = Difference {
                verdict: Verdict::Moved,
                kind: Kind::Data,
                name,
                a: Some(*address),
                b: Some(address.wrapping_add_signed(*delta)),
                summary: format!(
                    "the segment starts {} {}",
                    plural(delta.unsigned_abs(), "byte"),
                    if *delta < 0 { "earlier" } else { "later" }
                ),
                evidence: vec!["its bytes are found at the new place".into()],
                assumed: Vec::new(),
                code: Vec::new(),
                sites: 1,
                cluster: 0,
            };
            let (cluster, cause) = self.moved(*address, *delta);
            self.add(difference, cluster, cause);
        }
        self.words(data, of);
    }

    /// Words of data that moved or are assumed to be something; places of segments; the cut.
    fn words(&mut self, data: &DataDiff, (shift, places, recut): (&Shift, &[Place], bool)) {
        let moved = shift.ranges.iter().find(|range| range.delta != 0);
        let (address, delta) =
            moved.map_or((0, shift.end_delta), |range| (range.start, range.delta));
        let mut add = |verdict, count: usize, summary: &str, evidence: String, taken: &[Taken]| {
            if count == 0 {
                return;
            }
            let mut difference = plain(verdict, Kind::Data, "words".into());
            difference.summary = format!("{} of data: {summary}", plural(count as u64, "word"));
            difference.evidence = vec![evidence];
            difference.sites = count as u64;
            difference.assumed = sorts(taken);
            let (cluster, cause) = self.moved(address, delta);
            self.add(difference, cluster, cause);
        };
        let why = "code loads each and uses it as an address, and each moved as what is there did";
        add(Verdict::Moved, data.pointers, "addresses of things that moved", why.into(), &[]);
        let first = |words: &Words| match words.first {
            Some(First::Pair(one)) => assumed(one),
            Some(First::Apart(a, b)) => apart((a, b)),
            None => String::new(),
        };
        let what = "assumed to be addresses of things that moved";
        add(
            Verdict::AssumedMoved,
            data.assumed.count,
            what,
            first(&data.assumed),
            &data.assumed.taken,
        );
        let what = "assumed to be slots of functions that have others";
        add(Verdict::AssumedMoved, data.slots.count, what, first(&data.slots), &data.slots.taken);
        let what = "assumed to be no addresses, as they stay where things moved";
        add(Verdict::AssumedMoved, data.stays.count, what, first(&data.stays), &data.stays.taken);
        if let Some((a, b)) = data.torn.first() {
            let mut difference = plain(Verdict::Changed, Kind::Data, "words".into());
            let words = plural(data.torn.len() as u64, "word");
            difference.summary = format!("{words} of data: addresses of other things");
            let why = "and other code or data shows another pair";
            difference.evidence = vec![format!("address {a} is {b} here, {why}")];
            difference.sites = data.torn.len() as u64;
            let cause = || "words of data are addresses of other things".into();
            let cluster = self.cluster("torn", cause);
            self.add(difference, cluster, true);
        }
        for (segment, [a, b]) in places {
            let mut difference = plain(Verdict::Changed, Kind::Data, segment_name(*segment, ""));
            difference.summary = format!("the place that the segment is written to: {a} → {b}");
            difference.sites = 1;
            let cluster = self.cluster("places", || "segments are written to other places".into());
            self.add(difference, cluster, true);
        }
        if recut {
            let mut difference = plain(Verdict::Renumbered, Kind::Data, "segments".into());
            difference.summary = "the same memory, cut into other segments".into();
            difference.evidence =
                vec!["the initial images of memory 0 are equal byte for byte".into()];
            difference.sites = 1;
            let cluster = self.cluster("cut", || "the same memory, cut into other segments".into());
            self.add(difference, cluster, true);
        }
    }

    /// A run whose bytes change places as fields in code do: it follows from that code.
    fn exchanged(&mut self, run: &Run, kind: &str) {
        let mut difference = of_run(run);
        difference.summary = differ(difference.sites, &place(run));
        difference.evidence.push("its bytes change places as fields in code do".into());
        let cluster = self.operands(kind, &BTreeMap::new());
        self.add(difference, cluster, false);
    }

    /// A number that grew as a string did.
    fn length(&mut self, run: &Run, by: i64, place: &str, mut difference: Difference) {
        let (verdict, summary, why) = match run.look {
            Look::Length(sort, _) => (
                Verdict::of_text(sort),
                format!("length of a string, {by:+}, at {place}"),
                "the word before it points to the string, and both end at the same place",
            ),
            _ => (
                Verdict::AssumedMoved,
                format!("a number that grew as a string did, {by:+}, at {place}"),
                "nothing shows that it is the string's length",
            ),
        };
        (difference.verdict, difference.summary) = (verdict, summary);
        if let Look::Grew(_) = run.look {
            difference.assumed = sorts(&[Taken::of(Sort::Grew, run.a, run.b)]);
        }
        difference.evidence.push(why.into());
        match self.grown.get(&by).copied() {
            Some(cluster) => self.add(difference, cluster, false),
            None => {
                let key = format!("length {by}");
                let cluster = self.cluster(&key, || format!("lengths of strings, {by:+}"));
                self.add(difference, cluster, true);
            }
        }
    }

    fn run(&mut self, run: &Run) {
        let (mut difference, place) = (of_run(run), place(run));
        match run.look {
            Look::Length(_, by) | Look::Grew(by) => self.length(run, by, &place, difference),
            Look::Padding(named) => {
                difference.verdict = if named { Verdict::Moved } else { Verdict::AssumedMoved };
                if !named {
                    difference.assumed = sorts(&[Taken::of(Sort::Padding, run.a, run.b)]);
                    let why = "nothing shows that something starts behind these zeros";
                    difference.evidence.push(why.into());
                }
                difference.summary = format!("padding {} at {place}", by_words(run.growth()));
                let (cluster, cause) = self.moved(run.a, run.growth());
                self.add(difference, cluster, cause);
            }
            Look::Copy => {
                difference.verdict = Verdict::AssumedMoved;
                let (once, twice) = if run.growth() > 0 { ("A", "B") } else { ("B", "A") };
                difference.summary = format!(
                    "{} at {place}, which {once} has once and {twice} twice",
                    plural(run.growth().unsigned_abs(), "byte")
                );
                let why = "code names both in the same places: assumed that they are read alone";
                difference.evidence.push(why.into());
                let (cluster, cause) = self.moved(run.a, run.growth());
                self.add(difference, cluster, cause);
            }
            Look::Stale(by) => {
                difference.summary = format!("an address that did not move, at {place}");
                difference
                    .evidence
                    .push(format!("code uses it as an address, and what is there moved by {by:+}"));
                let cluster =
                    self.cluster("stale", || "addresses that did not move with their data".into());
                self.add(difference, cluster, true);
            }
            Look::Text(..) | Look::Random | Look::Bytes => {
                let (key, cause) = self.word_run(run, &place, &mut difference);
                if let Look::Text(Text::Path, ..) = run.look {
                    difference.assumed = sorts(&[Taken::of(Sort::Path, 0, 0)]);
                }
                let asked = matches!(run.look, Look::Random | Look::Text(Text::Timestamp, ..));
                if asked && run.active && self.xrefs < XREFS_MAX {
                    self.xrefs += 1;
                    difference.evidence.push(users(self.sides.0.module, string(self.sides.0, run)));
                }
                let cluster = self.cluster(&key, || cause);
                if run.growth() != 0 && run.active {
                    self.growth.push((run.a, run.growth(), cluster));
                    self.grown.entry(run.growth()).or_insert(cluster);
                }
                self.add(difference, cluster, true);
            }
        }
    }

    /// If bytes change places as fields in code do, the operands of that code's cluster.
    fn exchange(&self, run: &Run) -> Option<String> {
        let (a, b) = (&run.bytes_a, &run.bytes_b);
        if run.look != Look::Bytes {
            return None;
        }
        let by = |distance: u64| {
            let distance = usize::try_from(distance).unwrap_or(usize::MAX);
            let with = |at: usize, other: Option<usize>| {
                other.is_some_and(|to| a.get(to) == Some(&b[at]) && b.get(to) == Some(&a[at]))
            };
            let changes = |at: usize| {
                with(at, at.checked_add(distance)) || with(at, at.checked_sub(distance))
            };
            a.len() == b.len() && (0..a.len()).all(|at| a[at] == b[at] || changes(at))
        };
        self.exchanged.iter().find(|(distance, _)| by(*distance)).map(|(_, kind)| kind.clone())
    }

    /// Words a run that is a cause by itself; gives its cluster's key and cause.
    fn word_run(&self, run: &Run, place: &str, difference: &mut Difference) -> (String, String) {
        let segment = segment_name(run.segment, &run.name);
        let (growth, bytes) = (run.growth(), difference.sites);
        let by = by_words(growth);
        let crowded = self.folded.segments.contains(&run.segment);
        match &run.look {
            Look::Text(sort, a, b) => {
                let what = sort.name();
                difference.verdict = Verdict::of_text(*sort);
                difference.summary = format!("{what} {by} at {place}");
                difference.evidence.push(format!("text in A: {a}"));
                difference.evidence.push(format!("text in B: {b}"));
                let path = *sort == Text::Path;
                if path && self.folded.paths {
                    return ("paths".into(), "path strings differ".into());
                }
                if !path && crowded {
                    return contents(&segment);
                }
                if sort.is_of_build() {
                    let tail = if growth == 0 { "" } else { "; later addresses moved" };
                    return (format!("{what} {growth}"), format!("{what} {by}{tail}"));
                }
                (format!("text {segment} {}", run.a), format!("{what} in {segment} {by}"))
            }
            // Among many runs some look random by chance.
            Look::Random if !crowded => {
                difference.verdict = Verdict::RandomLooking;
                difference.summary = differ(bytes, place);
                let why = "nearly every byte differs, about half of the bits, and no small number on either side";
                difference.evidence.push(why.into());
                let cause = format!(
                    "random-looking bytes in {segment}, as a seed drawn at build time leaves"
                );
                (format!("random {segment}"), cause)
            }
            _ if growth == 0 => {
                difference.summary = differ(bytes, place);
                let locations = locations(self.sides, run);
                let are_locations = locations.is_some();
                difference.evidence.extend(locations.into_iter().flatten());
                if are_locations {
                    let cause = "lines or columns that panics print changed";
                    return ("locations".into(), cause.into());
                }
                if crowded {
                    return contents(&segment);
                }
                (format!("bytes {segment}"), format!("bytes of {segment} changed"))
            }
            _ => {
                let (a, b) = (run.bytes_a.len(), run.bytes_b.len());
                difference.summary = format!("{a} bytes became {b} at {place}");
                if crowded {
                    return contents(&segment);
                }
                (format!("bytes {segment} {}", run.a), format!("data in {segment} {by}"))
            }
        }
    }

    /// The cluster of an address that moved: the cluster of the last growth before it, or of the
    /// first growth if none is before it. Also whether the cluster is itself the cause, because
    /// nothing grew.
    pub(super) fn moved(&mut self, address: u64, delta: i64) -> (usize, bool) {
        let before = self.growth.partition_point(|(at, _, _)| *at <= address).checked_sub(1);
        match before.map(|at| &self.growth[at]).or(self.growth.first()) {
            Some((_, _, cluster)) => (*cluster, false),
            None => (
                self.cluster(&format!("moved {delta}"), || match delta {
                    0 => "padding in data is elsewhere".to_owned(),
                    delta => format!("data moved by {delta:+} bytes"),
                }),
                true,
            ),
        }
    }
}

/// The part of a difference that every run has: its place, its size and its bytes.
fn of_run(run: &Run) -> Difference {
    let mut difference = plain(Verdict::Changed, Kind::Data, segment_name(run.segment, &run.name));
    (difference.a, difference.b) = (Some(run.a), Some(run.b));
    difference.sites = run.bytes_a.len().max(run.bytes_b.len()) as u64;
    let text = matches!(run.look, Look::Text(..));
    let (a, b) = (bytes_words(&run.bytes_a, text), bytes_words(&run.bytes_b, text));
    difference.evidence.push(format!("A has {a}, B has {b}"));
    difference
}

/// Where a run is.
fn place(run: &Run) -> String {
    if run.active { format!("address {}", run.a) } else { format!("offset {}", run.a) }
}

/// The addresses in A of the bytes that differ; for text from its start on, whose address code has.
fn string(side: &Side<'_>, run: &Run) -> Range<u64> {
    let first = side.map.span_at(run.a).map_or(run.a, |span| span.start);
    let before = STRING_MAX.min(run.a - first);
    let text = matches!(run.look, Look::Text(..));
    let bytes = bytes(side, run.a - before, before).filter(|_| text).unwrap_or_default();
    let printable = bytes.iter().rev().take_while(|byte| is_printable(**byte)).count() as u64;
    run.a - printable..run.a + run.bytes_a.len() as u64
}

/// Who uses a range of addresses, in a line.
fn users(module: &prova_module::Module, range: Range<u64>) -> String {
    let found = prova_xref::xref(module, range);
    let all = found.reads.iter().chain(&found.writes).chain(&found.escapes);
    let names: BTreeSet<&str> = all.map(|one| one.name.as_str()).collect();
    let shown: Vec<&str> = names.iter().copied().take(4).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    let (reads, writes, escapes) = (found.reads.len(), found.writes.len(), found.escapes.len());
    let count = |count: usize, what| plural(count as u64, what);
    let users = format!(
        "used by code: {}, {}, {} of the address",
        count(reads, "read"),
        count(writes, "write"),
        count(escapes, "escape")
    );
    if shown.is_empty() { users } else { format!("{users}, in {}{more}", shown.join(", ")) }
}

/// The cluster of a segment that differs in many places.
fn contents(segment: &str) -> (String, String) {
    (format!("contents {segment}"), format!("contents of {segment} differ in many places"))
}

fn differ(bytes: u64, place: &str) -> String {
    let verb = if bytes == 1 { "differs" } else { "differ" };
    format!("{} {verb} at {place}", plural(bytes, "byte"))
}

pub(super) fn by_words(growth: i64) -> String {
    match growth {
        0 => "changed".to_owned(),
        growth if growth > 0 => format!("grew by {}", plural(growth.unsigned_abs(), "byte")),
        growth => format!("shrank by {}", plural(growth.unsigned_abs(), "byte")),
    }
}

/// Most characters of text, and most bytes in hexadecimal.
const SHOWN_CHARS: usize = 40;
const SHOWN_BYTES: usize = 16;

/// Bytes as text where they are text, else in hexadecimal. One or two bytes are text only if `text`
/// says that the run is.
fn bytes_words(bytes: &[u8], text: bool) -> String {
    if bytes.is_empty() {
        return "nothing".into();
    }
    let words = text_of(bytes).filter(|_| text || bytes.len() > 2);
    words.unwrap_or_else(|| hex(bytes))
}

/// The text that bytes are, in quotes, with ends of strings and lines as escapes.
fn text_of(bytes: &[u8]) -> Option<String> {
    if !is_text(bytes) {
        return None;
    }
    let mut shown = String::new();
    let text = std::str::from_utf8(bytes).ok()?;
    for c in text.chars().take(SHOWN_CHARS) {
        match c {
            '\0' => shown.push_str("\\0"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c => shown.push(c),
        }
    }
    let more = if text.chars().nth(SHOWN_CHARS).is_some() { "…" } else { "" };
    Some(format!("\"{}{more}\"", printable(&shown)))
}

fn hex(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > SHOWN_BYTES { format!("{shown}…") } else { shown }
}

fn segment_name(segment: u32, name: &str) -> String {
    if name.is_empty() { format!("data {segment}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_other_bytes_in_hexadecimal() {
        for (bytes, shown) in [
            (&b"twofold\0"[..], "\"twofold\\0\""),
            (b"a\tb\n", "\"a\\tb\\n\""),
            ("größe".as_bytes(), "\"größe\""),
            (b"", "nothing"),
            (b"ab", "6162"),
            (b"\0\0\0\0", "00000000"),
            (b"a\0\0\0", "61000000"),
            (b"abc\x07", "61626307"),
            (b"\xff\xfe\xfd", "fffefd"),
            ("ab\u{202e}cd".as_bytes(), "6162e280ae6364"),
        ] {
            assert_eq!(bytes_words(bytes, false), shown);
        }
        assert_eq!(bytes_words(b"ab", true), "\"ab\"");
        assert_eq!(bytes_words(&[b'x'; 50], true), format!("\"{}…\"", "x".repeat(40)));
    }
}
