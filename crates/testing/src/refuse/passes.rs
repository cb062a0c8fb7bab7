//! The check of passes on random edits: what a pass has made, or its witness, is edited; the check
//! refuses it, or the function runs as before.
//!
//! ```text
//! module ─ build ─ check ─ passes ─► CheckedBody ─ a pass ─► Body, Witness ─ one or two random edits ─► Body, Witness
//!                                         └─ Judge ◄────────────────────────────────────────────────────┘
//!                                              ├─ refused: counted by rule
//!                                              └─ accepted: runs beside the reference tier
//! ```
//!
//! `ssa_check` edits texts of bodies, `ssa` runs a body in place of a function's own. An accepted
//! edit that leaves the body as the pass made it needs no run.
//!
//! A green run does not show that a wrong edit that no generated call comes by would be seen when
//! it runs; `crates/optimize/tests/passes/twins.txt` has edits of each rule.

use super::bodies::edit;
use super::{Edits, Original};
use crate::campaign::{self, Options, Totals};
use crate::generate::{Generator, Rng};
use prova_module::FuncIdx;
use prova_optimize::{Pass, optimize};
use prova_ssa::replace::{Claim, Witness};
use prova_ssa::{Block, Body, CheckedBody, Inst, Metering, Value, build, parse, print, renumber};

/// The judge of an edit. It gets the body before the pass, the edited one, and the edited witness,
/// and returns the rule by which the edit is refused.
pub type Judge = fn(&CheckedBody, &Body, &Witness) -> Result<(), String>;

/// The check of passes.
///
/// # Errors
/// The rule that is broken.
pub fn check(before: &CheckedBody, after: &Body, witness: &Witness) -> Result<(), String> {
    let replaced = before.replace(after.clone(), witness);
    replaced.map(drop).map_err(|rejection| rejection.rule.to_string())
}

/// Tries `count` edits of the output of passes for generated functions.
pub fn edits(seed: u64, count: u64, judge: Judge) -> Totals<Edits> {
    let options = Options { seed, count, ..Options::default() };
    let enough = |totals: &Totals<Edits>| totals.tally.tried >= count;
    campaign::campaign(&options, enough, |index| {
        let generator = if index % 4 == 3 { Generator::Smith } else { Generator::Biased };
        let case = generator.case(seed, index, 4);
        let mut edits = Edits::default();
        let Some(module) = case.module() else { return Ok(edits) };
        let subject = Subject { original: Original::new(&case, &module), judge };
        let mut rng = Rng::of(seed ^ 0x9a55, index);
        for func in module.defined_funcs() {
            subject
                .function(func, &mut rng, &mut edits)
                .map_err(|what| format!("{generator:?} case {index}: {what}"))?;
        }
        Ok(edits)
    })
}

/// A module whose functions are edited, and who judges the edits.
struct Subject<'c> {
    original: Original<'c>,
    judge: Judge,
}

impl Subject<'_> {
    /// Edits of what one pass makes of a function after some others.
    fn function(&self, func: FuncIdx, rng: &mut Rng, edits: &mut Edits) -> Result<(), String> {
        let metering = Metering { fuel: true, epoch: false };
        let module = self.original.module();
        let body = build(module, func, metering).map_err(|error| error.to_string())?;
        let body = CheckedBody::check(module, body).map_err(|error| error.to_string())?;
        let passes = &Pass::DEFAULT[..rng.below(Pass::DEFAULT.len())];
        let (before, refused) = optimize(body, passes);
        if let Some(refused) = refused.first() {
            return Err(refused.to_string());
        }
        let made = rng.pick(&Pass::ALL).run(&before);
        let identity = || (before.body().clone(), Witness::identity(before.body()));
        let (after, witness) = made.unwrap_or_else(identity);
        let honest = print(&after);
        // Large bodies would take all the time.
        for _ in 0..if honest.len() < 10_000 { 12 } else { 1 } {
            let (mut text, mut hint) = (honest.clone(), witness.clone());
            let kind = rng.below(3);
            if kind != 0 {
                text = renumber(&edit(&text, rng));
            }
            if kind != 1 {
                edit_witness(&mut hint, before.body(), rng);
            }
            let Ok(body) = parse(&text) else { continue };
            let same = print(&body) == honest;
            if same && hint == witness {
                continue;
            }
            if edits.judged((self.judge)(&before, &body, &hint), same) {
                self.original.runs_with(func, body).map_err(|what| {
                    let old = print(before.body());
                    format!("{what}\n{old}\nwas accepted as\n\n{text}\nby {hint:?}")
                })?;
            }
        }
        Ok(())
    }
}

/// One edit of a witness: a word of it more, less, or another one.
fn edit_witness(witness: &mut Witness, old: &Body, rng: &mut Rng) {
    let values = old.value_count().max(1);
    let value = |rng: &mut Rng| Value::from_u32(rng.below(values + 1) as u32);
    let block = |rng: &mut Rng| Block::from_u32(rng.below(old.block_count() + 1) as u32);
    let inst = |rng: &mut Rng| Inst::from_u32(rng.below(old.inst_count() + 1) as u32);
    let claim = |rng: &mut Rng| match rng.percent(60) {
        true => Claim::Value(Value::from_u32(rng.below(values) as u32)),
        false => Claim::Constant(rng.below(3) as u64),
    };
    match rng.below(12) {
        0 => change(&mut witness.blocks, rng, block),
        1 | 2 => change(&mut witness.params, rng, value),
        3 => swap(&mut witness.params, rng),
        4 => less(&mut witness.claims, rng),
        5 => change(&mut witness.claims, rng, |rng| (value(rng), claim(rng))),
        6 => {
            if let Some(at) = pick(&witness.claims, rng) {
                witness.claims[at].1 = claim(rng);
            }
        }
        7 => {
            // Of a parameter: claims about other values say nothing.
            let params: Vec<Value> = old.blocks().flat_map(|(_, data)| data.params()).collect();
            if let Some(at) = pick(&params, rng) {
                witness.claims.push((params[at], claim(rng)));
            }
        }
        8 => less(&mut witness.threaded, rng),
        9 => witness.threaded.push(block(rng)),
        10 => less(&mut witness.covers, rng),
        _ => witness.covers.push((inst(rng), inst(rng))),
    }
}

fn pick<T>(list: &[T], rng: &mut Rng) -> Option<usize> {
    (!list.is_empty()).then(|| rng.below(list.len()))
}

pub(super) fn change<T>(list: &mut [T], rng: &mut Rng, new: impl Fn(&mut Rng) -> T) {
    if let Some(at) = pick(list, rng) {
        list[at] = new(rng);
    }
}

fn swap<T>(list: &mut [T], rng: &mut Rng) {
    if let Some((from, to)) = pick(list, rng).zip(pick(list, rng)) {
        list.swap(from, to);
    }
}

pub(super) fn less<T>(list: &mut Vec<T>, rng: &mut Rng) {
    if let Some(at) = pick(list, rng) {
        list.remove(at);
    }
}
