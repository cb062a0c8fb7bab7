//! The check of copies on random edits: a body with turned loops, or the origins of its blocks, is
//! edited; the check refuses it, or the function runs as before.
//!
//! ```text
//! module ─ build ─ check ─ passes ─ turn ─► body, Body with copies, origins ─ one or two random edits ─► Body, origins
//!                                            └─ Judge ◄────────────────────────────────────────────────────┘
//!                                                 ├─ refused: counted by rule
//!                                                 └─ accepted: runs beside the reference tier
//! ```
//!
//! A function without a loop to turn is left out; in one module of three it is a copy of itself,
//! block by block.
//!
//! A green run does not show that a wrong edit that no generated call comes by would be seen when
//! it runs; `crates/optimize/tests/turn/twins.txt` has edits of each rule.

use super::bodies::edit;
use super::passes::change;
use super::{Edits, Original};
use crate::campaign::{self, Options, Totals};
use crate::generate::{Generator, Rng};
use prova_module::FuncIdx;
use prova_optimize::turn::Turned;
use prova_optimize::{Pass, optimize};
use prova_ssa::{Block, Body, CheckedBody, Metering, build, parse, print, renumber};

/// The judge of an edit. It gets the body that the copies are of, the edited one, and the block
/// that each of its blocks is a copy of, and returns the rule by which the edit is refused.
pub type Judge = fn(&CheckedBody, &Body, &[Block]) -> Result<(), String>;

/// The check of copies.
///
/// # Errors
/// The rule that is broken.
pub fn check(before: &CheckedBody, after: &Body, origins: &[Block]) -> Result<(), String> {
    let copied = before.copied(after.clone(), origins);
    copied.map(drop).map_err(|rejection| rejection.rule.to_string())
}

/// Tries `count` edits of copies of generated functions.
pub fn edits(seed: u64, count: u64, judge: Judge) -> Totals<Edits> {
    let options = Options { seed, count, ..Options::default() };
    let enough = |totals: &Totals<Edits>| totals.tally.tried >= count;
    campaign::campaign(&options, enough, |index| {
        let generator = if index % 4 == 3 { Generator::Smith } else { Generator::Biased };
        let case = generator.case(seed, index, 4);
        let mut edits = Edits::default();
        let Some(module) = case.module() else { return Ok(edits) };
        let original = Original::new(&case, &module);
        let mut rng = Rng::of(seed ^ 0xc0b1, index);
        for func in module.defined_funcs() {
            function(&original, func, index % 3 == 2, &mut rng, judge, &mut edits)
                .map_err(|what| format!("{generator:?} case {index}: {what}"))?;
        }
        Ok(edits)
    })
}

/// Edits of a function's body with copies.
fn function(
    original: &Original<'_>,
    func: FuncIdx,
    is_itself: bool,
    rng: &mut Rng,
    judge: Judge,
    edits: &mut Edits,
) -> Result<(), String> {
    let module = original.module();
    let metering = Metering { fuel: true, epoch: false };
    let body = build(module, func, metering).map_err(|error| error.to_string())?;
    let body = CheckedBody::check(module, body).map_err(|error| error.to_string())?;
    let passes = if rng.percent(50) { &[Pass::Params, Pass::Fold][..] } else { &Pass::DEFAULT };
    let (before, refused) = optimize(body, passes);
    if let Some(refused) = refused.first() {
        return Err(refused.to_string());
    }
    let (wide, made, origins) = match Turned::new(before.body()) {
        Some(turned) => {
            let wide = before.undo(turned.wide, &turned.witness);
            (wide.map_err(|rejection| rejection.to_string())?, turned.body, turned.origins)
        }
        None if is_itself => {
            let (body, origins) = (before.body().clone(), before.body().blocks());
            let origins = origins.map(|(block, _)| block).collect();
            (before, body, origins)
        }
        None => return Ok(()),
    };
    let honest = print(&made);
    check(&wide, &made, &origins).map_err(|rule| format!("{rule}: honest\n{honest}"))?;
    let blocks = wide.body().block_count();
    // Large bodies would take all the time.
    for _ in 0..if honest.len() < 10_000 { 12 } else { 1 } {
        let (mut text, mut hint) = (honest.clone(), origins.clone());
        let kind = rng.below(4);
        if kind != 0 {
            text = renumber(&edit(&text, rng));
        }
        if kind == 2 {
            text = renumber(&edit(&text, rng));
        }
        if kind == 0 || kind == 3 {
            change(&mut hint, rng, |rng| Block::from_u32(rng.below(blocks + 1) as u32));
        }
        let Ok(body) = parse(&text) else { continue };
        let same = print(&body) == honest;
        if same && hint == origins {
            continue;
        }
        if edits.judged(judge(&wide, &body, &hint), same) {
            original.runs_with(func, body).map_err(|what| {
                let old = print(wide.body());
                format!("{what}\n{old}\nwas accepted as\n\n{text}\nof {hint:?}")
            })?;
        }
    }
    Ok(())
}
