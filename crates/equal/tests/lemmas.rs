//! The rewrites of `words`, as lemmas: what a constructor makes is what its operator says.
//!
//! ```text
//! row ─┬─ by the constructors ─► word ─► nodes ─┐
//!      └─ as the operators say ─► term ─────────┴─► numbers tried, z3: they differ nowhere
//! ```
//!
//! `ledger.tsv` has for each function of `words` that rewrites rows at full width: its input, and a
//! twin with one condition dropped or one number wrong, which has to be another word. Without
//! `PROVA_Z3` both are computed on numbers, with it z3 proves the input's row and refutes the twin
//! (not in the theory `numbers`: six products that are quotients, whose theorems are proved in
//! the header of `divide`, and a product of 64 bits made of halves, which it does not decide in a
//! minute).
//! `functions.tsv` counts the ways out of each function: one more asks for a lemma, then
//! `PROVA_BLESS=1` writes it.
//!
//! Green says nothing of inputs of other shapes and widths (the tests beside the words make them at
//! random), and of operators that have no meaning here.

#[path = "lemmas/evaluate.rs"]
mod evaluate;
#[path = "meaning/integers.rs"]
mod integers;
#[path = "lemmas/lanes.rs"]
mod lanes;
#[path = "lemmas/smt.rs"]
mod smt;
#[path = "lemmas/text.rs"]
mod text;

use prova_equal::words::{Word, Words};
use std::collections::{BTreeMap, BTreeSet};
use text::{Reader, Term, term_of};

const LEDGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lemmas/ledger.tsv");
const FUNCTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lemmas/functions.tsv");

/// A row, read.
struct Lemma {
    functions: Vec<String>,
    theory: String,
    text: String,
    known: Vec<Term>,
    /// The input as it says, and as it is made.
    input: Term,
    made: Term,
    twin: Term,
    /// Whether the twin is another word.
    twin_is_other: bool,
}

fn lemmas() -> Vec<Lemma> {
    let rows = std::fs::read_to_string(LEDGER).expect("the rows");
    rows.lines().filter(|line| !line.starts_with('#')).map(lemma).collect()
}

fn lemma(line: &str) -> Lemma {
    let columns: Vec<&str> = line.split('\t').collect();
    let [functions, theory, known, input, twin] = columns[..] else { panic!("{line}") };
    let mut words = Words::new();
    let mut reader = Reader { words: &mut words, leaves: BTreeMap::new() };
    let conditions: Vec<(Word, Term)> =
        known.split(" & ").filter(|text| *text != "-").map(|text| reader.read(text)).collect();
    let (word, input_term) = reader.read(input);
    let (other, twin) = reader.read(twin);
    let known: Vec<(Word, bool)> = conditions.iter().map(|(word, _)| (*word, true)).collect();
    let (word, other) = (words.under(&known, word), words.under(&known, other));
    Lemma {
        functions: functions.split(' ').map(str::to_owned).collect(),
        theory: theory.to_owned(),
        text: line.to_owned(),
        known: conditions.into_iter().map(|(_, term)| term).collect(),
        input: input_term,
        made: term_of(&words, word),
        twin,
        twin_is_other: word != other,
    }
}

#[test]
fn each_row_is_rewritten_and_its_twin_is_another() {
    let mut wrong = Vec::new();
    for lemma in lemmas() {
        if lemma.input == lemma.made {
            wrong.push(format!("nothing is rewritten: {}", lemma.text));
        }
        if !lemma.twin_is_other {
            wrong.push(format!("the twin is the same word: {}", lemma.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every row on numbers: the word is what its input says, and some number refutes the twin.
#[test]
fn numbers_agree() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for lemma in lemmas() {
        let Some(found) = evaluate::differ(&lemma.known, &lemma.input, &lemma.made) else {
            continue;
        };
        tried += 1;
        let refuted = evaluate::differ(&lemma.known, &lemma.twin, &lemma.made);
        if found > 0 || refuted == Some(0) {
            wrong.push(format!("{found} {refuted:?} {} {:?}", lemma.text, lemma.made));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 40, "{tried}");
}

/// With `PROVA_Z3`, every row is proved and its twin refuted.
#[test]
fn solver_proves_each() {
    if std::env::var_os("PROVA_Z3").is_none() {
        println!("z3 was not asked: the rows were computed on numbers alone");
        return;
    }
    let mut lemmas = lemmas();
    lemmas.retain(|lemma| lemma.theory != "numbers");
    let mut queries = Vec::new();
    for Lemma { theory, known, input, made, twin, .. } in &lemmas {
        let integers = theory == "integers";
        queries.push(smt::differ(integers, known, (input, made)));
        queries.push(smt::differ(integers, known, (twin, made)));
    }
    let answers = smt::ask(&queries).expect("z3");
    assert_eq!(answers.len(), queries.len(), "{answers:?}");
    let mut wrong = Vec::new();
    for (lemma, answers) in lemmas.iter().zip(answers.chunks(2)) {
        if answers != ["unsat", "sat"] {
            wrong.push(format!("{answers:?} {}", lemma.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The functions of `words` and how many ways out each has: `return`s, arms, and its end.
fn functions() -> BTreeMap<String, usize> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/words");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name.starts_with("tests") {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a text");
        let mut of = None;
        for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let begins = line.split_once("fn ").filter(|(before, _)| {
                let plain = before.trim();
                plain.is_empty() || plain.starts_with("pub") || plain == "const"
            });
            if let Some((_, rest)) = begins {
                let end = rest.find(['(', '<']).unwrap_or(rest.len());
                of = Some(format!("{name}::{}", &rest[..end]));
            }
            let Some(of) = &of else { continue };
            let ways = line.matches("return ").count() + line.matches("=> ").count();
            *found.entry(of.clone()).or_insert(1) += ways;
        }
    }
    found
}

/// Each function that makes words has a lemma or a reason why not, and as many ways out as when
/// that was written.
#[test]
fn functions_have_lemmas() {
    let rows: BTreeSet<String> = lemmas().into_iter().flat_map(|lemma| lemma.functions).collect();
    let old = std::fs::read_to_string(FUNCTIONS).unwrap_or_default();
    let reasons: BTreeMap<&str, &str> = old
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            Some((columns.next()?, columns.nth(1)?))
        })
        .collect();
    let found = functions();
    let mut text = String::from(
        "# Functions of `words`, their ways out, and `lemma` or the reason why they have none.\n",
    );
    for (name, ways) in &found {
        let reason = if rows.contains(name) {
            "lemma"
        } else {
            reasons
                .get(name.as_str())
                .copied()
                .filter(|reason| *reason != "lemma")
                .unwrap_or("open")
        };
        text.push_str(&format!("{name}\t{ways}\t{reason}\n"));
    }
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(FUNCTIONS, &text).expect("the file can be written");
    }
    let wanted = std::fs::read_to_string(FUNCTIONS).unwrap_or_default();
    assert!(wanted == text, "other ways out than before: write a lemma, then bless:\n{text}");
    let gone: Vec<_> = rows.iter().filter(|name| !found.contains_key(*name)).collect();
    assert!(gone.is_empty(), "lemmas of functions that are not there: {gone:?}");
}
