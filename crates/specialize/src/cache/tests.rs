//! A cache in memory: what is found, what is not, and that nothing which stands in it changes what
//! a function does.
//!
//! Green does not show that a key has everything: what it forgets shows as an entry that is refused
//! (`a_key_that_forgets`), and costs time.

use super::{Key, Store, Uses, entry};
use crate::plant::{KEYS, Plant, with};
use crate::{Assume, Options, Outcome, specialize};
use prova_module::{Features, Limits, Module};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A store in memory.
#[derive(Debug, Default)]
struct Shelf(Mutex<BTreeMap<Key, Vec<u8>>>);

impl Store for Shelf {
    fn load(&self, key: &Key) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().expect("no test has failed").get(key).cloned())
    }

    fn save(&self, key: &Key, entry: &[u8]) -> Result<(), String> {
        self.0.lock().expect("no test has failed").insert(*key, entry.to_vec());
        Ok(())
    }
}

impl Shelf {
    fn all(&self) -> BTreeMap<Key, Vec<u8>> {
        self.0.lock().expect("no test has failed").clone()
    }

    fn of(all: BTreeMap<Key, Vec<u8>>) -> Arc<Shelf> {
        Arc::new(Shelf(Mutex::new(all)))
    }
}

/// A store that fails.
#[derive(Debug)]
struct Broken;

impl Store for Broken {
    fn load(&self, _: &Key) -> Result<Option<Vec<u8>>, String> {
        Err("no disk".to_owned())
    }

    fn save(&self, _: &Key, _: &[u8]) -> Result<(), String> {
        Err("no room".to_owned())
    }
}

const CASES: [&str; 6] = [
    include_str!("../../tests/cases/values.wat"),
    include_str!("../../tests/cases/loop.wat"),
    include_str!("../../tests/cases/sp.wat"),
    include_str!("../../tests/cases/text.wat"),
    include_str!("../../tests/cases/irreducible.wat"),
    include_str!("../../tests/cases/versions.wat"),
];

/// A program that reads all of its request, and calls.
const PROGRAM: &str = "(i64.store (local.get $n) (i64.add (call $global (i32.const 0))
    (call $global (i32.const 1))))
    (local.set $x (i64.add (i64.load (local.get $code)) (i64.const 41)))
    (local.set $x (i64.add (local.get $x) (call $other (local.get $code) (local.get $n)
        (local.get $k) (local.get $l))))
    (i64.add (local.get $x) (i64.load offset=16 (local.get $n)))";

fn frame(body: &str) -> String {
    include_str!("../../tests/plants/frame.wat").replace("(; BODY ;)", body)
}

fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module")
}

fn run(text: &str, assume: Assume, threads: usize, cache: Option<Arc<dyn Store>>) -> Outcome {
    let options = Options { assume, threads, cache, ..Options::default() };
    specialize(&module(text), &options).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn uses(outcome: &Outcome) -> Uses {
    outcome.cache.clone().expect("there is a cache")
}

/// What everything but the cache says of a module.
fn made(outcome: &Outcome) -> (Vec<u8>, Vec<String>) {
    let requests = outcome.requests.iter().map(|(slot, _, state)| match state {
        Ok(made) => format!("{slot} {} {:?} {:?}", made.bytes, made.assumptions, made.residual),
        Err(why) => format!("{slot} {why}"),
    });
    (outcome.module.bytes().to_vec(), requests.collect())
}

#[test]
fn the_same_bytes_cold_and_warm() {
    for text in CASES {
        for assume in [Assume::Check, Assume::Trust, Assume::Nothing] {
            let plain = run(text, assume, 1, None);
            let done = plain.requests.iter().filter(|(_, _, state)| state.is_ok()).count();
            let shelf = Shelf::of(BTreeMap::new());
            let cold = run(text, assume, 1, Some(shelf.clone()));
            assert_eq!(uses(&cold), Uses { made: done, ..Uses::default() });
            let warm = run(text, assume, 3, Some(shelf.clone()));
            assert_eq!(uses(&warm), Uses { found: done, ..Uses::default() });
            // As many as there are of each, in any order.
            let all = shelf.all();
            let half: BTreeMap<Key, Vec<u8>> = all.clone().into_iter().step_by(2).collect();
            let partly = run(text, assume, 2, Some(Shelf::of(half.clone())));
            assert!(uses(&partly).found >= half.len().min(done));
            let counted = Options { assume, tally: true, cache: Some(shelf), ..Options::default() };
            let counted = specialize(&module(text), &counted).expect("it is specialised");
            assert_eq!(uses(&counted).found, 0, "counts are the search's");
            for other in [cold, warm, partly, counted] {
                assert!(made(&other) == made(&plain));
            }
        }
    }
}

#[test]
fn edits_hit_and_miss() {
    let text = frame(PROGRAM);
    let shelf = Shelf::of(BTreeMap::new());
    let first = run(&text, Assume::Check, 1, Some(shelf.clone()));
    assert_eq!((uses(&first).made, first.requests.len()), (1, 1), "{:?}", made(&first).1);
    let (mut counts, mut wrong) = ([0; 2], Vec::new());
    let table = include_str!("../../tests/plants/cache.txt");
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [word, old, new] = parts[..] else { panic!("{line}") };
        assert_eq!(text.matches(old).count(), 1, "{old}\n{text}");
        let edited = text.replace(old, new);
        let warm = run(&edited, Assume::Check, 1, Some(Shelf::of(shelf.all())));
        let found = uses(&warm);
        let hits = word == "hit";
        let is_so = found.notes.is_empty() && found.found == usize::from(hits);
        let same = made(&warm) == made(&run(&edited, Assume::Check, 1, None));
        let is_made = warm.requests.iter().all(|(_, _, state)| state.is_ok());
        if !is_so || !same || !is_made {
            wrong.push(format!("{line}: {found:?}, same: {same}, made: {is_made}"));
        }
        counts[usize::from(hits)] += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counts.iter().all(|&count| count >= 8));
    for other in [Assume::Trust, Assume::Nothing] {
        let warm = run(&text, other, 1, Some(Shelf::of(shelf.all())));
        assert_eq!((uses(&warm).found, uses(&warm).notes.len()), (0, 0));
    }
}

/// B8, and what else a key may forget: another subject finds the entry, and the check refuses it.
#[test]
fn a_key_that_forgets() {
    let text = frame(PROGRAM);
    let check = [Assume::Check, Assume::Check];
    let rows = [
        (Plant::KeyWithoutFunction, check, "(i64.const 41)", "(i64.const 40)", "operands:"),
        (Plant::KeyWithoutText, check, r#""\01\02\03\84"#, r#""\05\02\03\84"#, "memory:"),
        (Plant::KeyWithoutConstants, check, r"\f7\ff\ff\ff", r"\f6\ff\ff\ff", "entry:"),
        (Plant::KeyWithoutPromises, [Assume::Trust, Assume::Check], "", "", "memory:"),
        (
            Plant::KeyWithoutMemory,
            check,
            "(memory 1) (memory 1)",
            "(memory 65536 (pagesize 1)) (memory 1)",
            "memory:",
        ),
    ];
    for (plant, [before, after], old, new, words) in rows {
        assert!(old.is_empty() || text.matches(old).count() == 1, "{old}");
        let edited = text.replacen(old, new, 1);
        let shelf = Shelf::of(BTreeMap::new());
        let cold = run(&edited, after, 1, None);
        let (first, warm) = with(plant, || {
            let first = run(&text, before, 1, Some(shelf.clone()));
            (first, run(&edited, after, 1, Some(shelf.clone())))
        });
        assert_eq!((uses(&first).made, uses(&warm).found), (1, 0), "{plant:?}");
        let notes = uses(&warm).notes;
        assert!(notes.len() == 1 && notes[0].1.contains(words), "{plant:?}: {notes:?}");
        assert!(made(&warm) == made(&cold), "{plant:?}");
        // What was wrong is written anew. (Text in pages of one byte is not specialised.)
        let again = with(plant, || run(&edited, after, 1, Some(shelf.clone())));
        let is_made = plant != Plant::KeyWithoutMemory;
        assert_eq!(uses(&again).found, usize::from(is_made), "{plant:?}");
    }
    assert!(KEYS.iter().all(|plant| rows.iter().any(|row| row.0 == *plant)));
}

/// The one entry of a shelf: its key and its text behind the checksum.
fn only(shelf: &Shelf) -> (Key, String) {
    let all = shelf.all();
    let (key, bytes) = all.first_key_value().expect("an entry");
    assert_eq!(all.len(), 1);
    let text = String::from_utf8(bytes.clone()).expect("an entry is text");
    (*key, text.split_once('\n').expect("a checksum").1.to_owned())
}

/// Runs with another entry; gives what was noted of it, and whether the result is as without.
fn poisoned(text: &str, key: Key, bytes: Vec<u8>) -> (String, Outcome) {
    let shelf = Shelf::of(BTreeMap::from([(key, bytes)]));
    let warm = run(text, Assume::Check, 1, Some(shelf));
    let notes = uses(&warm).notes;
    assert_eq!(notes.len() + uses(&warm).found, 1);
    (notes.into_iter().map(|(_, note)| note).collect(), warm)
}

#[test]
fn poisoned_entries_are_refused() {
    let text = frame(PROGRAM);
    let shelf = Shelf::of(BTreeMap::new());
    let plain = run(&text, Assume::Check, 1, Some(shelf.clone()));
    let (key, entry) = only(&shelf);
    let sealed = |old: &str, new: &str| {
        assert!(entry.contains(old), "{old}\n{entry}");
        entry::sealed(&entry.replacen(old, new, 1))
    };
    let other = frame(&PROGRAM.replace("41", "40"));
    let second = Shelf::of(BTreeMap::new());
    run(&other, Assume::Check, 1, Some(second.clone()));
    let (of, forged) = only(&second);
    let right = entry::sealed(&entry);
    let mut bit = right.clone();
    bit[200] ^= 1;
    let rows: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "it is no entry of a cache"),
        (b"SQLite format 3\0".to_vec(), "it is no entry of a cache"),
        (vec![0xff; 64], "it is no entry of a cache"),
        (vec![b' '; super::ENTRY_BYTES_MAX + 1], "it is too large"),
        (right[..right.len() - 1].to_vec(), "its checksum is another one"),
        (right[..100].to_vec(), "its checksum is another one"),
        (bit, "its checksum is another one"),
        (entry::sealed(&forged), "it is the entry of another key"),
        (entry::sealed(&entry[..entry.len() / 2]), "its body: "),
        (entry::sealed(&entry[..90]), "it has no certificate"),
        (sealed("roles ", "roles 9"), "it has no certificate"),
        (sealed("entry", "entry 1"), "it has no certificate"),
        (sealed("v0=", "v4294967295="), "it has no certificate"),
        (sealed("bits=0xf80706058403022a", "bits=0xf80706058403022b"), "operands: "),
        // The function of another request under the right key: one that goes wrong in one bit.
        (entry::sealed(&forged.replace(&of.to_string(), &key.to_string())), "operands: "),
        (sealed("call func=", "call func=9"), "form: "),
        (sealed("call func=", "call func=1 v0 @0x1\n  call func="), "form: "),
        (sealed("fallback", "inner 0"), "form: "),
    ];
    for (number, (bytes, words)) in rows.into_iter().enumerate() {
        let (note, warm) = poisoned(&text, key, bytes);
        assert!(note.contains(words), "{number}: {words}: {note}");
        assert!(made(&warm) == made(&plain), "{number}");
    }
    let (note, warm) = poisoned(&text, key, right);
    assert!(note.is_empty() && made(&warm) == made(&plain));
}

/// Entries that are changed at random, under checksums that are right: no panic, and what is taken
/// is the function that is made, or one that was proved.
#[test]
fn changed_entries_make_no_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % limit
    };
    let cases = std::env::var("PROVA_CASES").ok().and_then(|count| count.parse().ok());
    let (cases, mut taken, mut refused) = (cases.unwrap_or(400_usize), 0, 0);
    let texts = [&frame(PROGRAM), CASES[3], CASES[1], CASES[0]];
    for number in 0..cases {
        let text = texts[number % texts.len()];
        let shelf = Shelf::of(BTreeMap::new());
        let plain = run(text, Assume::Check, 1, Some(shelf.clone()));
        let mut all = shelf.all();
        for bytes in all.values_mut() {
            let entry = String::from_utf8(bytes.clone()).expect("an entry is text");
            let (_, rest) = entry.split_once('\n').expect("a checksum");
            *bytes = entry::sealed(&changed(rest, &mut random));
        }
        let count = all.len();
        let warm = run(text, Assume::Check, 1, Some(Shelf::of(all)));
        let Uses { found, made: anew, notes } = uses(&warm);
        assert_eq!((found + anew, anew), (count, notes.len()));
        taken += found;
        refused += anew;
        if found == 0 {
            assert!(made(&warm) == made(&plain), "case {number}");
        }
    }
    println!("{cases} cases: {taken} taken, {refused} refused");
    assert!(refused > cases / 2);
}

/// A text with a word changed, a line dropped, doubled or moved; its first line stays.
fn changed(text: &str, random: &mut impl FnMut(usize) -> usize) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len() - 1;
    let at = 1 + random(count);
    match random(6) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[1 + random(count)].clone()),
        2 => lines.swap(at, 1 + random(count)),
        _more => {
            let words: Vec<&str> = lines[at].split(' ').collect();
            let which = random(words.len());
            let donor = lines[1 + random(count)].clone();
            let donors: Vec<&str> = donor.split(' ').collect();
            let word = match random(5) {
                0 => donors[random(donors.len())].to_owned(),
                1 => String::new(),
                _more => turned(words[which], random),
            };
            let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            words[which] = word;
            lines[at] = words.join(" ");
        }
    }
    lines.join("\n") + "\n"
}

/// A word with another number in it.
fn turned(word: &str, random: &mut impl FnMut(usize) -> usize) -> String {
    let digits = word.rfind(|sign: char| sign.is_ascii_digit());
    let Some(at) = digits else { return format!("{word}0") };
    let new = ["0", "1", "2", "7", "12", "4294967295", "4294967294", "-1", "65536"];
    format!("{}{}{}", &word[..at], new[random(new.len())], &word[at + 1..])
}

#[test]
fn a_store_that_fails_is_told() {
    let text = frame(PROGRAM);
    let plain = run(&text, Assume::Check, 1, None);
    let broken = run(&text, Assume::Check, 1, Some(Arc::new(Broken)));
    let notes = uses(&broken).notes;
    assert!(notes[0].1.ends_with("is not used: no disk"), "{notes:?}");
    assert!(notes[1].1.ends_with("is not kept: no room"), "{notes:?}");
    assert!(made(&broken) == made(&plain));
}
