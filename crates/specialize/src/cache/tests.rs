//! A cache in memory: entries that are found and entries that are not; and no entry changes the
//! behaviour of a function.
//!
//! A green run does not show that a key has everything: a forgotten part shows as an entry that is
//! refused (`a_key_that_forgets`), and costs time.

use super::bytes::Reader;
use super::{HEAD, Key, Store, Uses, entry};
use crate::plant::{KEYS, Plant, with};
use crate::write::residual::Residual;
use crate::{Assume, Options, Outcome, Range, Role, Row, specialize};
use prova_module::{Features, FuncIdx, Limits, Module};
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

/// The outcome of a module without the cache's part: its bytes, and a line for each request.
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
        let (first, warm) = with(Some(plant), || {
            let first = run(&text, before, 1, Some(shelf.clone()));
            (first, run(&edited, after, 1, Some(shelf.clone())))
        });
        assert_eq!((uses(&first).made, uses(&warm).found), (1, 0), "{plant:?}");
        let notes = uses(&warm).notes;
        assert!(notes.len() == 1 && notes[0].1.contains(words), "{plant:?}: {notes:?}");
        assert!(made(&warm) == made(&cold), "{plant:?}");
        // A refused entry is written anew. (Text in pages of one byte is not specialised.)
        let again = with(Some(plant), || run(&edited, after, 1, Some(shelf.clone())));
        let is_made = plant != Plant::KeyWithoutMemory;
        assert_eq!(uses(&again).found, usize::from(is_made), "{plant:?}");
    }
    assert!(KEYS.iter().all(|plant| rows.iter().any(|row| row.0 == *plant)));
}

/// The one entry of a shelf: its key and its bytes.
fn only(shelf: &Shelf) -> (Key, Vec<u8>) {
    let all = shelf.all();
    let (key, bytes) = all.first_key_value().expect("an entry");
    assert_eq!(all.len(), 1);
    (*key, bytes.clone())
}

/// The bytes behind the head and the checksum of an entry.
fn rest(bytes: &[u8]) -> &[u8] {
    &bytes[HEAD.len() + 2 + 32..]
}

/// The content of an entry of a function at the start of everything.
fn said(key: &Key, bytes: &[u8]) -> Residual {
    entry::read(key, bytes, (FuncIdx(0), 0)).expect("an entry")
}

/// An entry that says something.
fn sealed(key: &Key, Residual { body, certificate }: &Residual) -> Vec<u8> {
    entry::write(key, certificate, (body, 0), |func| func).expect("an entry")
}

/// The same with another text of its body.
fn edited(key: &Key, said: &Residual, old: &str, new: &str) -> Vec<u8> {
    let text = prova_ssa::print(&said.body);
    assert!(text.contains(old), "{old}\n{text}");
    let body = prova_ssa::parse(&text.replacen(old, new, 1)).expect("a body");
    sealed(key, &Residual { body, certificate: said.certificate.clone() })
}

#[test]
fn entries_come_back() {
    for text in CASES.iter().map(|text| (*text).to_owned()).chain([frame(PROGRAM)]) {
        for assume in [Assume::Check, Assume::Nothing] {
            let shelf = Shelf::of(BTreeMap::new());
            run(&text, assume, 1, Some(shelf.clone()));
            for (key, bytes) in shelf.all() {
                let residual = said(&key, &bytes);
                assert!(sealed(&key, &residual) == bytes);
                let text = prova_ssa::print(&residual.body);
                assert_eq!(prova_ssa::parse(&text).as_ref(), Ok(&residual.body));
            }
        }
    }
}

/// All operators with immediates, types and ends that a text can have and a function of a request
/// cannot.
#[test]
fn bodies_come_back() {
    let text = "ssa func0\n\
        block0 entry @0x10 (v0: i32 local0, v1: (ref null func) stack3, v2: v128)\n  \
        v3: v128 = i8x16.shuffle low=0x1f1e1d1c1b1a1918 high=0x10 v2 v2 @0x12\n  \
        v4: i32 = i8x16.extract_lane_u lane=15 v3 @0x4\n  \
        v5: (ref null func) = ref.null heap=func @0x14\n  \
        v6: (ref null 3) = ref.null heap=3 @0x15\n  \
        v7: (ref null func) = select of=(ref null func) v1 v5 v0 @0x16\n  \
        memory.copy memory=0 memory=1 v0 v0 v4 @0x17\n  \
        v8: f32 = f32.const bits=0x7fc00000 @0x18\n  \
        v9: f64 = f64.const bits=0x8000000000000000 @0x18\n  \
        null v1 block1(v0) block2(p0, v0) @0x19\n\
        block1 label7 @0x1a (v10: i32)\n  table v10 block1(v4) block3() [0 1 0 1] @0x1b\n\
        block2 then1 @0x1c (v11: (ref func), v12: i32)\n  throw throw tag=0 v12 @0x1d\n\
        block3 else1 @0x1e ()\n  branch v0 block4() block5() @0x1f\n\
        block4 after @0x20 ()\n  tail return_call func=5 v0 @0x21\n\
        block5 handler2 @0xffffffff ()\n  unreachable @0x0\n";
    let body = prova_ssa::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let (mut bytes, more) = (Vec::new(), |func: FuncIdx| FuncIdx(func.0 + 10));
    super::body::write(&mut bytes, &body, 0x10, more).expect("it has bytes");
    let there = super::body::read(&mut Reader::new(&bytes), FuncIdx(9), 0x1234).expect("a body");
    let (back, less) =
        (|at: u32| at.wrapping_sub(0x1224), |func: FuncIdx| func.0.checked_sub(10).map(FuncIdx));
    assert_eq!(there.func(), FuncIdx(9));
    let here = there.with_func(FuncIdx(0)).relocated(back, less).expect("all have numbers");
    assert_eq!(prova_ssa::print(&here), prova_ssa::print(&body));
    for end in 0..bytes.len() {
        assert!(super::body::read(&mut Reader::new(&bytes[..end]), FuncIdx(0), 0).is_none());
    }
    // Bodies that have no bytes.
    for text in [
        "ssa func0 fuel\nblock0 entry @0x0 ()\n  unreachable @0x0\n",
        "ssa func0\nblock0 entry @0x0 ()\n  charge bits=0x1 @0x0\n  unreachable @0x0\n",
        "ssa func0\nblock0 entry @0x0 ()\n  catch @0x0\n",
    ] {
        let body = prova_ssa::parse(text).expect("a body");
        assert!(super::body::write(&mut Vec::new(), &body, 0, |func| func).is_none());
    }
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
    let (key, right) = only(&shelf);
    let (all, residual) = (rest(&right), said(&key, &right));
    let other = frame(&PROGRAM.replace("41", "40"));
    let second = Shelf::of(BTreeMap::new());
    run(&other, Assume::Check, 1, Some(second.clone()));
    let (of, forged) = only(&second);
    let text_of = |old: &str, new: &str| edited(&key, &residual, old, new);
    let roles_of = |edit: &dyn Fn(&mut Vec<Role>)| {
        let mut residual = said(&key, &right);
        edit(&mut residual.certificate.roles);
        sealed(&key, &residual)
    };
    let changed = |at: usize, byte: u8| {
        let mut all = all.to_vec();
        all[at] = byte;
        entry::sealed(&all)
    };
    let mut bit = right.clone();
    bit[200] ^= 1;
    let rows: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "it is no entry of a cache"),
        (b"SQLite format 3\0".to_vec(), "it is no entry of a cache"),
        (vec![0xff; 64], "it is no entry of a cache"),
        (right[..40].to_vec(), "it is no entry of a cache"),
        (b"prova-specialize 0123456789abcdef".repeat(3), "it is no entry of a cache"),
        (vec![b' '; super::ENTRY_BYTES_MAX + 1], "it is too large"),
        (right[..right.len() - 1].to_vec(), "its checksum is another one"),
        (right[..100].to_vec(), "its checksum is another one"),
        (bit, "its checksum is another one"),
        (entry::sealed(rest(&forged)), "it is the entry of another key"),
        (entry::sealed(&all[..20]), "it is the entry of another key"),
        (entry::sealed(&all[..all.len() - 1]), "it has no body"),
        (entry::sealed(&[all, &[0]].concat()), "it has more than a body"),
        (entry::sealed(&all[..40]), "it has no certificate"),
        (changed(33, b'z'), "it has no certificate"),
        (changed(32, 0xff), "it has no certificate"),
        (roles_of(&|roles| roles.push(Role::Broken)), "form: "),
        (roles_of(&|roles| roles.retain(|role| *role == Role::Entry)), "form: "),
        (text_of("bits=0xf80706058403022a", "bits=0xf80706058403022b"), "operands: "),
        // The function of another request under the right key: one that goes wrong in one bit.
        (sealed(&key, &said(&of, &forged)), "operands: "),
        (text_of("call func=", "call func=9"), "form: "),
        (text_of("call func=", "call func=1 v0 @0x1\n  call func="), "form: "),
        (roles_of(&|roles| roles[1] = Role::Inner(0)), "form: "),
        // Lists that once were looked through for each other thing.
        (roles_of(&|roles| many(roles, |row| row.known.extend(ranges(4_096)))), "form: "),
        (roles_of(&|roles| many(roles, |row| row.bases.extend([(7, 0); 4_096]))), "form: "),
    ];
    for (number, (bytes, words)) in rows.into_iter().enumerate() {
        let (note, warm) = poisoned(&text, key, bytes);
        assert!(note.contains(words), "{number}: {words}: {note}");
        assert!(made(&warm) == made(&plain), "{number}");
    }
    let (note, warm) = poisoned(&text, key, right);
    assert!(note.is_empty() && made(&warm) == made(&plain));
}

/// Edits all rows.
fn many(roles: &mut [Role], edit: impl Fn(&mut Row)) {
    for role in roles {
        if let Role::Copy(row) = role {
            edit(row);
        }
    }
}

/// `count` ranges of a byte, where each one touches the one before.
fn ranges(count: u32) -> impl Iterator<Item = Range> {
    (0..count).map(|at| Range { arg: 0, from: at, to: at + 1 })
}

/// Entries that are changed at random, under checksums that are right: no panic, and an entry that
/// is taken is the honest function, or one that was proved.
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
        for (key, bytes) in &mut all {
            let mut residual = said(key, bytes);
            let text = changed(&prova_ssa::print(&residual.body), &mut random);
            *bytes = match (random(2), prova_ssa::parse(&text)) {
                (0, Ok(body)) => {
                    residual.body = body;
                    sealed(key, &residual)
                }
                (_, _) => entry::sealed(&turned_byte(rest(bytes), &mut random)),
            };
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

/// Bytes behind the key with one of them changed, left out, or put in.
fn turned_byte(bytes: &[u8], random: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = 32 + random(bytes.len() - 32);
    match random(4) {
        0 => drop(bytes.remove(at)),
        1 => bytes.insert(at, random(256) as u8),
        2 => bytes[at] ^= 1 << random(8),
        _more => bytes[at] = random(256) as u8,
    }
    bytes
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
