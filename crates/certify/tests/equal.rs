//! Code that does what its function says is proved to, by the relation that is found; twins that do
//! not are refused, also with the relation of the right code.
//!
//! `rules.tsv` has for each rule of `prova-equal` accepted and refused code, `vectors.tsv` for code
//! of vectors; `mutants.tsv` the
//! edits of one bit of accepted code that are accepted, which have to be read: each does the same.
//! `PROVA_BLESS=1` writes it.
//!
//! Green says nothing of code that a compiler makes (`prova-native`, example `equal`), and no code
//! runs here.

pub(crate) mod relation;
pub(crate) mod rows;
mod searched;

use crate::equal::rows::{Of, Row, row, rows_of, verdict};
use prova_certify::relation::encode;
use prova_equal::format::{HEADS, above, fixed};
use prova_equal::words::{Fixed, Head};
use prova_equal::{Cause, Claim, Error, Expr, Leader, Place, Relation};
use prova_ssa::{CheckedBody, Metering};
use std::collections::BTreeMap;

const RULES: &str = include_str!("equal/rules.tsv");
const LENGTHS: &str = include_str!("equal/lengths.tsv");
const VECTORS: &str = include_str!("equal/vectors.tsv");
const MUTANTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/mutants.tsv");

fn rows() -> Vec<Row> {
    rows_of(RULES)
}

#[test]
fn each_row_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for row in rows().into_iter().chain(rows_of(VECTORS)) {
        let outcome = row.judge(&row.bytes);
        // What the sandbox check refuses first, the proof alone refuses too.
        if row.verdict == "Unwritten" && row.is_proved_alone() {
            wrong.push(format!("{} {}: proved without the sandbox check", row.rule, row.name));
        }
        if verdict(&outcome) != row.verdict {
            let why = outcome.err().map(|error| error.to_string());
            wrong.push(format!("{} {}: not {}, {why:?}", row.rule, row.name, row.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The relation of each accepted row can be written, and what is read proves the same code.
#[test]
fn relations_are_written_and_read() {
    let mut written = 0;
    for row in rows().iter().chain(&rows_of(VECTORS)).filter(|row| row.verdict == "ok") {
        let Some(certificate) = row.certificate(&row.bytes) else { continue };
        let relation = row.relation(&row.bytes, &certificate);
        let bytes = encode(&relation).unwrap_or_else(|| panic!("{}: it has no form", row.name));
        let read = Relation::read(&bytes, row.bytes.len());
        let read = read.unwrap_or_else(|fault| panic!("{}: {fault:?}", row.name));
        assert_eq!(row.check(&row.bytes, &certificate, &read), Ok(()), "{}", row.name);
        written += usize::from(!relation.leaders.is_empty());
    }
    assert!(written >= 8, "{written} with leaders");
}

/// Claims are left out of relations that prove their code, and of no others; those that are left
/// prove it.
#[test]
fn what_is_left_out_is_not_needed() {
    let (mut proved, mut refused, mut without_leader) = (0, 0, 0);
    for row in rows().iter().chain(&rows_of(VECTORS)) {
        let Some(certificate) = row.certificate(&row.bytes) else { continue };
        let relation = row.relation(&row.bytes, &certificate);
        let fewer = row.pruned(&row.bytes, &certificate, &relation);
        match row.check(&row.bytes, &certificate, &relation) {
            Ok(()) => {
                let fewer = fewer.unwrap_or_else(|| panic!("{}: nothing is left", row.name));
                assert_eq!(row.check(&row.bytes, &certificate, &fewer), Ok(()), "{}", row.name);
                proved += 1;
            }
            Err(Error::Differs(_)) => {
                assert_eq!(fewer, None, "{}", row.name);
                without_leader += usize::from(relation.leaders.is_empty());
                refused += 1;
            }
            Err(Error::Rejected(_)) => {}
        }
    }
    assert!(proved > 100 && refused > 200, "{proved} proved, {refused} refused");
    assert!(without_leader > 50, "{without_leader} refused without a leader");
}

/// Claims with each operator that a claim may have, and each kind of place.
#[test]
fn every_claim_has_a_form() {
    let term = |head, operands: &[Expr]| Expr::Term(head, 24, 1 << 100 | 7, operands.into());
    let mut claims = Vec::new();
    let stack = [-48, 19, -5, 1 << 40, -(1 << 40) - 3].map(Place::Stack);
    for place in [Place::Register(9), Place::Vector(15)].into_iter().chain(stack) {
        for (bits, extended) in [(32, true), (128, false), (33, true), (7, false)] {
            claims.push(Claim::Holds { place, bits, extended, expr: Expr::Value(70_000) });
        }
        let saved = fixed(Fixed::Register(12));
        let based = [saved, above(Fixed::Stack, -8), above(Fixed::Context, 1 << 40)];
        for expr in based.into_iter().chain([fixed(Fixed::Context), above(Fixed::Code, -7)]) {
            claims.push(Claim::Holds { place, bits: 64, extended: false, expr });
        }
    }
    claims.push(Claim::Reached { bytes: 16, address: term(Head::Read, &[Expr::Value(9)]) });
    claims.push(Claim::Compared {
        floats: true,
        words: Box::new((Expr::Value(1), term(Head::Cat, &[]))),
    });
    claims.push(Claim::Is { value: 5, expr: Expr::Value(4) });
    let known = |head| {
        Claim::Known(term(head, &[Expr::Value(3), term(Head::Const, &[])]), head == Head::Sum)
    };
    claims.extend(HEADS.into_iter().map(known));
    // Others have a part of these claims each, and stand before and behind one another.
    let some = |nth: usize, step: usize| {
        let claims = claims.iter().skip(nth).step_by(step).cloned().collect();
        Leader { block: 9, at: 3, passed: 2, claims }
    };
    let before = Leader { block: 4, ..some(1, 3) };
    let leaders = [Leader::default(), some(0, 1), before, some(0, 2), some(2, 5), some(1, 2)];
    let relation = Relation { leaders: (0..).step_by(77).zip(leaders).collect() };
    let bytes = encode(&relation).expect("each has a form");
    // Claims are written in another order.
    let sorted = |mut relation: Relation| {
        for leader in relation.leaders.values_mut() {
            leader.claims.sort_by_key(|claim| format!("{claim:?}"));
        }
        relation
    };
    let read = Relation::read(&bytes, 1_000).expect("a relation");
    assert_eq!(sorted(read), sorted(relation));
}

/// Right code of which the proof says nothing: its body has charges that the code has not, others
/// write its memory, or nobody says which references the frame holds.
#[test]
fn what_is_not_covered_is_refused() {
    let empty = "4883fe407201c30f0b\t7:10:e\tcmp rsi,64; jb over; ret; over: ud2";
    let plain = || row(&format!("E1\tok\ta return\t-\t(memory 1)(func)\t{empty}"));
    let refused = |mut row: Row, fuel: Option<bool>| {
        let certificate = row.certificate(&row.bytes).expect("a certificate");
        let relation = row.relation(&row.bytes, &certificate);
        if let Some(fuel) = fuel {
            let metering = Metering { fuel, epoch: false };
            let built = prova_ssa::build(&row.module, row.body().func(), metering).expect("a body");
            let body = CheckedBody::check(&row.module, built).expect("a right one");
            row.body = Of::Function(body);
        }
        match row.check(&row.bytes, &certificate, &relation) {
            Err(Error::Differs(difference)) => difference.what,
            Err(Error::Rejected(rejection)) => panic!("{rejection}"),
            Ok(()) => "accepted",
        }
    };
    assert_eq!(refused(plain(), None), "accepted");
    assert_eq!(refused(plain(), Some(false)), "accepted");
    assert_eq!(refused(plain(), Some(true)), "another metering");
    let shared = format!("E1\tok\ta return\t-\t(memory 1 1 shared)(func)\t{empty}");
    assert_eq!(refused(row(&shared), None), "a shared memory");
    let rows = rows();
    let holds = |row: &Row| row.name == "a frame that holds an exception";
    let holding = rows.into_iter().find(holds).expect("a row");
    let what = "references to exceptions or objects in the frame";
    assert_eq!(refused(holding, Some(false)), what);
}

/// A relation's claims and their parts are bounded by the code's size.
#[test]
fn relations_have_bounds() {
    let of_parts = |parts: usize| {
        let value = || Expr::Value(0);
        let mut expr = value();
        for _ in 0..parts / 2 {
            expr = Expr::Term(Head::And, 32, 0, [expr, value()].into());
        }
        Claim::Known(expr, true)
    };
    let relation = |leaders: u32, claims: Vec<Claim>| {
        let leader = |at| (at, Leader { block: 0, at: 0, passed: 0, claims: claims.clone() });
        encode(&Relation { leaders: (0..leaders).map(leader).collect() }).expect("a form")
    };
    let most = |parts: usize| Relation::read(&relation(1, vec![of_parts(parts)]), 1_000);
    assert!(most(255).is_ok());
    for parts in [257, 259, 301] {
        let fault = most(parts).expect_err("more parts than an expression may have");
        assert_eq!(fault.what, "an expression of too many parts");
    }
    let claims: Vec<Claim> = (0..100).map(|i| of_parts(2 * i + 1)).collect();
    let fault = Relation::read(&relation(2_000, claims), 10).expect_err("too many claims");
    assert_eq!(fault.what, "more claims than the code has use for");
}

#[test]
fn each_rule_has_both() {
    for rule in ["E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8"] {
        let rows = rows();
        let of = |ok: bool| rows.iter().any(|row| row.rule == rule && (row.verdict == "ok") == ok);
        assert!(of(true) && of(false), "{rule}");
    }
}

/// E4: what the right code's relation claims is not believed of other code.
#[test]
fn a_relation_of_the_right_code_does_not_help() {
    let rows = rows();
    let right: BTreeMap<&str, &Row> =
        rows.iter().filter(|row| row.verdict == "ok").map(|row| (row.name.as_str(), row)).collect();
    let mut tried = 0;
    for row in rows.iter().filter(|row| row.like != "-") {
        let other = right[row.like.as_str()];
        assert_eq!(other.bytes.len(), row.bytes.len(), "{}: leaders would move", row.name);
        let certificate = other.certificate(&other.bytes).expect("a certificate");
        let relation = other.relation(&other.bytes, &certificate);
        assert!(other.check(&other.bytes, &certificate, &relation).is_ok(), "{}", other.name);
        let certificate = row.certificate(&row.bytes).expect("a certificate");
        let Err(Error::Differs(difference)) = row.check(&row.bytes, &certificate, &relation) else {
            panic!("{}", row.name);
        };
        let by_claims = matches!(difference.cause, Cause::Claim | Cause::Result | Cause::Position);
        assert!(by_claims, "{}: {difference}", row.name);
        tried += 1;
    }
    assert!(tried > 3, "{tried}");
}

/// A length of a memory is at least what it was before a call; a half of it may be less. The
/// sandbox check refuses to read halves (P5), and the proof alone takes them for no lengths either.
#[test]
fn halves_of_lengths_are_forgotten_at_calls() {
    let proved: Vec<bool> = rows_of(LENGTHS).iter().map(Row::is_proved_alone).collect();
    assert_eq!(proved, [true, false, true, false]);
}

/// Code without the relation that it needs is refused, and so is code of another function.
#[test]
fn a_loop_needs_its_claims() {
    let rows = rows();
    let sum = rows.iter().find(|row| row.name == "sum").expect("a row");
    let certificate = sum.certificate(&sum.bytes).expect("a certificate");
    let relation = sum.relation(&sum.bytes, &certificate);
    assert!(sum.check(&sum.bytes, &certificate, &relation).is_ok());
    assert!(!relation.leaders.is_empty());
    let nothing = sum.check(&sum.bytes, &certificate, &Relation::default());
    assert_eq!(verdict(&nothing), "Merge");
    // Each claim alone: without it the code is accepted or refused, and never otherwise.
    let mut needed = 0;
    for (&at, leader) in &relation.leaders {
        for i in 0..leader.claims.len() {
            let mut less = relation.clone();
            less.leaders.get_mut(&at).expect("a leader").claims.remove(i);
            needed += usize::from(sum.check(&sum.bytes, &certificate, &less).is_err());
        }
        for change in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            let mut other = relation.clone();
            let leader = other.leaders.get_mut(&at).expect("a leader");
            leader.block += change.0;
            leader.at += change.1;
            leader.passed += change.2;
            assert!(sum.check(&sum.bytes, &certificate, &other).is_err(), "{change:?}");
        }
    }
    assert!(needed >= 2, "{needed}");
}

/// Each edit of one bit of accepted code: those that are accepted, to be read.
#[test]
fn accepted_edits_are_listed() {
    let mut lines = vec![
        "# Edits of one bit of the accepted rows of `rules.tsv` that are accepted too: the row, the offset,".to_owned(),
        "# the byte before and after. Each was read: it does the same. Rows that a compiler made are left out.".to_owned(),
    ];
    let (mut tried, mut confined) = (0, 0);
    for row in rows().iter().filter(|row| row.verdict == "ok" && !row.is_made) {
        for at in 0..row.bytes.len() {
            for bit in 0..8 {
                let mut bytes = row.bytes.clone();
                bytes[at] ^= 1 << bit;
                tried += 1;
                let Some(certificate) = row.certificate(&bytes) else { continue };
                confined += 1;
                let relation = row.relation(&bytes, &certificate);
                if row.check(&bytes, &certificate, &relation).is_ok() {
                    let (before, after) = (row.bytes[at], bytes[at]);
                    lines.push(format!("{}\t{at:#x}\t{before:02x}\t{after:02x}", row.name));
                }
            }
        }
    }
    println!("{tried} edits, {confined} confined, {} accepted", lines.len() - 2);
    let found = lines.join("\n") + "\n";
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(MUTANTS, &found).expect("the file can be written");
    }
    let wanted = std::fs::read_to_string(MUTANTS).unwrap_or_default();
    assert!(found == wanted, "other edits are accepted than before:\n{found}");
}

/// A chain of operators without effects may be as long as its body.
#[test]
fn a_long_chain_is_proved() {
    let powers = |of: usize, made: usize| {
        let wat = format!(
            "(func (param i32) (result i32) local.get 0 {})",
            "local.get 0 i32.mul ".repeat(of)
        );
        let end = u32::try_from(made * 3 + 3).expect("small code");
        let jump = end.to_le_bytes().map(|byte| format!("{byte:02x}")).concat();
        let hex = format!("4883fe580f82{jump}89d0{}c30f0b", "0fafc2".repeat(made));
        let row = row(&format!("E3\tok\tpowers\t-\t{wat}\t{hex}\t{}:10:e\tby hand", 10 + end));
        verdict(&row.judge(&row.bytes))
    };
    assert_eq!(powers(5_000, 5_000), "ok");
    assert_eq!(powers(5_000, 4_999), "Result");
}
