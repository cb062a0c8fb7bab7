//! The proof of emission on random edits: what was emitted of a function, or the homes of its
//! values, is edited; the proof refuses it, or the function runs as before.
//!
//! ```text
//! module ─ build ─ check ─ some passes ─► CheckedBody ─ emit ─► bytes, homes ─ one or two random edits ─► bytes, homes
//!                                             └─ Judge ◄────────────────────────────────────────────────┘
//!                                                  ├─ refused: counted by rule
//!                                                  └─ accepted: the module with them runs beside the reference tier
//! ```
//!
//! `trips` runs modules behind honest trips, `ssa_passes` edits the output of passes. Edits that
//! are no valid module are not counted. An edit that is accepted with the bytes that were emitted
//! needs no run.
//!
//! A green run does not show that a wrong edit that no generated call comes by would be seen when
//! it runs; `crates/emit/tests/emitted/twins.txt` has edits of each rule.

use super::Edits;
use crate::agree::trips::Subject;
use crate::campaign::{self, Options, Totals};
use crate::generate::{Generator, Rng};
use prova_emit::emitted::{EmittedBody, Homes, Twin};
use prova_emit::reducify::reducify;
use prova_emit::{Emitted, Style, Types, assemble, emit_with};
use prova_module::{FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::{CheckedBody, Metering, build};
use std::ops::Range;
use wasmparser::{BinaryReader, FunctionBody};

/// The judge of an edit. It gets both modules, the body that was emitted, and the homes of its
/// values, and returns the rule by which the edit is refused.
pub type Judge = fn(&Twin, &CheckedBody, &Homes<'_>) -> Result<(), String>;

/// The proof of emission.
///
/// # Errors
/// The rule that is broken.
pub fn check(twin: &Twin, body: &CheckedBody, homes: &Homes<'_>) -> Result<(), String> {
    let proved = EmittedBody::check(twin, body, homes);
    proved.map(drop).map_err(|rejection| rejection.rule.to_string())
}

/// Tries `count` edits of emissions of generated functions, from module number `first` on.
pub fn edits(seed: u64, first: u64, count: u64, judge: Judge) -> Totals<Edits> {
    let options = Options { seed, first, count, ..Options::default() };
    let enough = |totals: &Totals<Edits>| totals.tally.tried >= count;
    campaign::campaign(&options, enough, |index| {
        let generator = if index % 4 == 3 { Generator::Smith } else { Generator::Biased };
        let case = generator.case(seed, index, 4);
        let mut edits = Edits::default();
        let Some(module) = case.module() else { return Ok(edits) };
        let subject = Subject::new(&case, &module, index);
        let mut rng = Rng::of(seed ^ 0xe317, index);
        for func in module.defined_funcs() {
            function(&subject, func, &mut rng, judge, &mut edits)
                .map_err(|what| format!("{generator:?} case {index}: {func}: {what}"))?;
        }
        Ok(edits)
    })
}

/// Edits of what a function is emitted as behind some passes, in either style.
fn function(
    subject: &Subject<'_>,
    func: FuncIdx,
    rng: &mut Rng,
    judge: Judge,
    edits: &mut Edits,
) -> Result<(), String> {
    let module = subject.module();
    let body = build(module, func, Metering::NONE).map_err(|error| error.to_string())?;
    let body = CheckedBody::check(module, body).map_err(|error| error.to_string())?;
    let passes = if rng.percent(50) { &[][..] } else { &Pass::DEFAULT };
    let mut body = optimize(body, passes).0;
    if let Some(reduced) = reducify(&body).map_err(|error| error.to_string())? {
        body = reduced;
    }
    let types = Types::new(module);
    let style = *rng.pick(&[Style::Short, Style::Plain]);
    let made = emit_with(style, module, &types, body.body()).map_err(|error| error.to_string())?;
    let (emitted, homes) = made;
    // Large bodies would take all the time.
    for _ in 0..if emitted.bytes.len() < 2_000 { 24 } else { 2 } {
        let (mut bytes, mut hint) = (emitted.bytes.clone(), homes.clone());
        for _ in 0..rng.between(1, 2) {
            bytes = edit(&bytes, rng);
        }
        if rng.percent(10) {
            edit_homes(&mut hint, rng);
        }
        let is_same = bytes == emitted.bytes;
        if is_same && hint == homes {
            continue;
        }
        let edited = Emitted { func, bytes, extra_types: emitted.extra_types };
        let of = |at| (at == func).then_some(&edited);
        let bodies: Vec<Option<&Emitted>> = module.defined_funcs().map(of).collect();
        let new = assemble(module, &types, &bodies).bytes;
        let Ok(new) = Module::decode(new, module.features(), &Limits::default()) else { continue };
        let twin = Twin::check(module, &new).map_err(|rejection| rejection.to_string())?;
        if edits.judged(judge(&twin, &body, &Homes(&hint)), is_same) {
            subject.same(&new).map_err(|what| {
                let text = wasmprinter::print_bytes(new.bytes()).unwrap_or_default();
                format!("{what}\nbehind {passes:?} was accepted as\n{text}")
            })?;
        }
    }
    Ok(())
}

/// Where the operators of a body's bytes are.
fn operators(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let body = FunctionBody::new(BinaryReader::new(bytes, 0));
    let mut reader = body.get_operators_reader().ok()?;
    let mut all = Vec::new();
    while !reader.eof() {
        let from = reader.original_position() as usize;
        reader.read().ok()?;
        all.push(from..reader.original_position() as usize);
    }
    Some(all)
}

/// One edit of a body's bytes: an operator more, less, another one, elsewhere, or with another
/// immediate.
fn edit(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let Some(mut all) = operators(bytes).filter(|all| all.len() > 2) else { return bytes.to_vec() };
    let head = bytes[..all[0].start].to_vec();
    // The last `end` stays.
    let last = all.pop();
    let (at, other) = (rng.below(all.len()), rng.below(all.len()));
    let mut own = None;
    match rng.below(12) {
        0 => drop(all.remove(at)),
        1 => drop(all.drain(at..all.len().min(at + rng.between(2, 4)))),
        2 => all.swap(at, other),
        3 => all.swap(at, at.saturating_sub(1)),
        4 => all.insert(at, all[other].clone()),
        // Another one with the same code: its type is often the same.
        5..=8 => {
            let like = |other: &&Range<usize>| bytes[other.start] == bytes[all[at].start];
            let likes: Vec<_> = all.iter().filter(like).cloned().collect();
            all[at] = rng.pick(&likes).clone();
        }
        _ => {
            let mut other = bytes[all[at].clone()].to_vec();
            if let Some(byte) = other.last_mut() {
                *byte = if rng.percent(50) { rng.below(8) as u8 } else { byte.wrapping_add(1) };
            }
            own = Some(other);
        }
    }
    let mut new = head;
    for (number, range) in all.into_iter().chain(last).enumerate() {
        match &own {
            Some(own) if number == at => new.extend_from_slice(own),
            _ => new.extend_from_slice(&bytes[range]),
        }
    }
    new
}

/// Another home for a value, or two that change places.
fn edit_homes(homes: &mut [u32], rng: &mut Rng) {
    if homes.is_empty() {
        return;
    }
    let (a, b) = (rng.below(homes.len()), rng.below(homes.len()));
    match rng.below(3) {
        0 => homes.swap(a, b),
        1 => homes[a] = homes[b],
        _ => homes[a] = u32::MAX,
    }
}
