//! The check of specialised functions on random edits: what was made for a request, or its
//! certificate, is edited; the check refuses it, or the function runs as before.
//!
//! ```text
//! module with a request ─ specialise ─► module', Body, Certificate ─ one or two random edits ─► Body, Certificate
//!                                          └─ Judge ◄────────────────────────────────────────────────┘
//!                                              ├─ refused: counted by rule
//!                                              └─ accepted: runs beside the body that was made
//! ```
//!
//! Modules are those of [`requests`]. The body runs in module', where intrinsics are gone. Honest
//! bodies are proved, and give the results of module' in the reference tier. Where cells are
//! believed to be private, their bytes are not compared: a store that was put off may be dropped.
//! Edited bodies are well formed in module', or are refused for that, as before their emission.
//!
//! A green run does not show that a wrong edit that no call comes by would be seen when it runs;
//! `crates/specialize/tests/plants/table.txt` and `forged.txt` have edits of each rule.

use super::Edits;
use super::bodies::edit;
use super::passes::{change, less};
use crate::campaign::{self, Options, Totals};
use crate::generate::requests::{self, SLOT};
use crate::generate::{Case, Rng};
use crate::sides::compare::{Apart, difference};
use crate::sides::host::Host;
use crate::sides::run::{Program, Record, Setup, State};
use crate::sides::ssa::Ssa;
use crate::sides::{External, Side};
use prova_core::Tier;
use prova_module::{FuncIdx, Module};
use prova_runtime::{Metering, Settings};
use prova_specialize::{
    Assume, Cell, Certificate, Certified, Known, Options as Specializing, Range, Role, Row,
    specialize,
};
use prova_ssa::replace::LooseBody;
use prova_ssa::{Block, Body, Value, parse, print, renumber};

/// The judge of an edit. Returns the rule by which it is refused.
pub type Judge = fn(&Certified) -> Result<(), String>;

/// The check of specialised functions.
///
/// # Errors
/// The rule that is broken.
pub fn check(edited: &Certified) -> Result<(), String> {
    edited.prove().map(drop).map_err(|rejection| rejection.rule.to_string())
}

/// Tries `count` edits of functions that are made for generated requests.
pub fn edits(seed: u64, count: u64, judge: Judge) -> Totals<Edits> {
    let options = Options { seed, count, ..Options::default() };
    let enough = |totals: &Totals<Edits>| totals.tally.tried >= count;
    campaign::campaign(&options, enough, |index| {
        let mut rng = Rng::of(seed ^ 0x5bec, index);
        let mut edits = Edits::default();
        let assume = *rng.pick(&[Assume::Check, Assume::Trust, Assume::Nothing]);
        let case = requests::case(&mut rng, assume != Assume::Nothing);
        let module = case.supported()?.ok_or("a frame that is not supported")?;
        let tried = request(&case, &module, assume, &mut rng, judge, &mut edits);
        tried.map_err(|what| format!("case {index}, {assume:?}: {what}"))?;
        Ok(edits)
    })
}

/// Edits of the function for a module's request, if one is made.
fn request(
    case: &Case,
    module: &Module,
    assume: Assume,
    rng: &mut Rng,
    judge: Judge,
    edits: &mut Edits,
) -> Result<(), String> {
    let options = Specializing { assume, ..Specializing::default() };
    let outcome = specialize(module, &options).map_err(|error| error.to_string())?;
    let Some((_, _, Ok(made))) = outcome.requests.first() else { return Ok(()) };
    let make = if rng.percent(50) { Certified::new } else { Certified::with_rows };
    let Some(honest) = make(module, SLOT, assume) else { return Ok(()) };
    check(&honest).map_err(|rule| format!("{rule}: honest\n{}", print(&honest.body)))?;
    let subject = Subject::new(case, &outcome.module, made.func, assume);
    let expected = subject.expected(honest.body.clone())?;
    let text = print(&honest.body);
    let (head, _) = text.split_once('\n').ok_or("a body without a head")?;
    let own = format!("ssa func{}", made.func.0);
    // Large bodies would take all the time.
    for _ in 0..if text.len() < 10_000 { 40 } else { 4 } {
        let mut edited = honest.clone();
        let kind = rng.below(3);
        let mut new = text.clone();
        if kind != 0 {
            new = renumber(&edit(&new, rng));
        }
        if kind != 1 {
            edit_certificate(&mut edited.certificate, rng);
        }
        let Ok(body) = parse(&new) else { continue };
        let same = print(&body) == text;
        if same && edited.certificate == honest.certificate {
            continue;
        }
        edited.body = body;
        // The body of the function's own number.
        let body = parse(&new.replacen(head, &own, 1)).map_err(|error| error.to_string())?;
        let formed = LooseBody::check(&outcome.module, body.clone());
        let judged = formed.map_err(|rejection| rejection.rule.to_string());
        if edits.judged(judged.and_then(|_| judge(&edited)), same) {
            let record = subject.run(body);
            if let Some(what) = difference(&expected, &record) {
                let hint = &edited.certificate;
                return Err(format!("{what}\n{text}\nwas edited to\n\n{new}\nby {hint:?}"));
            }
        }
    }
    Ok(())
}

/// A specialised module, in which bodies stand for the specialised function.
struct Subject<'c> {
    program: Program<'c>,
    func: FuncIdx,
    is_private: bool,
}

impl<'c> Subject<'c> {
    const SETTINGS: Settings = Settings { metering: Metering::None, deterministic: true };

    fn new(case: &'c Case, module: &'c Module, func: FuncIdx, assume: Assume) -> Subject<'c> {
        let program = Program::of(module, case, Host::Function);
        Subject { program, func, is_private: assume != Assume::Nothing }
    }

    /// The record of the honest body.
    ///
    /// # Errors
    /// If a call does not do what the module does.
    fn expected(&self, honest: Body) -> Result<Record, String> {
        let module = Setup { tier: Tier::Reference, settings: Self::SETTINGS }.run(&self.program);
        let module = Record { calls: self.compared(module).calls, ..Record::default() };
        let record = self.run(honest);
        let calls = Record { calls: record.calls.clone(), ..Record::default() };
        difference(&module, &calls).map_or(Ok(record), Err)
    }

    fn run(&self, body: Body) -> Record {
        let executor = Ssa::with_body(self.func, body);
        self.compared(External { executor, settings: Self::SETTINGS }.run(&self.program))
    }

    /// A record without what need not be the same.
    fn compared(&self, mut record: Record) -> Record {
        Apart { places: true, ..Apart::default() }.take(&mut record);
        if let (true, Some(State::Memory(bytes))) = (self.is_private, record.state.first_mut()) {
            for cells in requests::cells() {
                bytes[cells].fill(0);
            }
        }
        record
    }
}

/// One edit of a certificate.
fn edit_certificate(certificate: &mut Certificate, rng: &mut Rng) {
    let roles = &mut certificate.roles;
    let (at, other) = (rng.below(roles.len()), rng.below(roles.len()));
    match rng.below(16) {
        0 => roles.swap(at, other),
        1 => roles[at] = roles[other].clone(),
        2 => {
            let new = [Role::Fallback, Role::Broken, Role::Inner(0)];
            roles[at] = rng.pick(&new).clone();
        }
        3 => {
            if let Role::Memory(compared) = &mut roles[2.min(other)] {
                less(&mut compared.words, rng);
                less(&mut compared.apart, rng);
            }
        }
        _ => {
            let from = (0..roles.len()).map(|step| (at + step) % roles.len());
            let is_row = |at: &usize| matches!(roles[*at], Role::Copy(_) | Role::Inner(_));
            let Some(at) = from.into_iter().find(is_row) else { return };
            let like = match &roles[other] {
                Role::Copy(row) => row.clone(),
                _other => Row::default(),
            };
            match &mut roles[at] {
                Role::Copy(row) => edit_row(row, like, rng),
                Role::Inner(start) => *start = rng.below(6) as u32,
                _other => {}
            }
        }
    }
}

/// One edit of a row; `like` is another one, of which it may get something.
fn edit_row(row: &mut Row, like: Row, rng: &mut Rng) {
    let cell = |rng: &mut Rng| Cell { address: known(rng), value: known(rng) };
    match rng.below(18) {
        0 => row.block = row.block.map(|block| Block::from_u32(block.as_u32() ^ 1)),
        1 => row.start = rng.below(8) as u32,
        2 => less(&mut row.values, rng),
        3 => row.values = like.values,
        4 | 5 => {
            change(&mut row.values, rng, |rng| (Value::from_u32(rng.below(60) as u32), known(rng)))
        }
        6 => {
            let at = rng.below(row.values.len() + 1);
            row.values.insert(at, (Value::from_u32(rng.below(60) as u32), known(rng)));
        }
        7 => {
            let at = rng.below(row.values.len().max(1));
            row.values.get_mut(at).into_iter().for_each(|value| value.1 = known(rng));
        }
        8 => less(&mut row.bases, rng),
        9 => change(&mut row.bases, rng, |rng| (rng.below(8) as u32, rng.below(4) as u32)),
        10 => less(&mut row.regs, rng),
        11 => change(&mut row.regs, rng, |rng| (rng.below(2) as u64, known(rng))),
        12 => less(&mut row.stack, rng),
        13 => match rng.percent(50) {
            true => row.stack.push(cell(rng)),
            false => row.stack = like.stack,
        },
        14 => less(&mut row.locals, rng),
        15 => match rng.percent(50) {
            true => row.locals.push((rng.below(3) as u32, cell(rng))),
            false => row.locals = like.locals,
        },
        16 => row.fresh = !row.fresh,
        _ => {
            let from = rng.below(8) as u32;
            let to = from + rng.between(1, 8) as u32;
            row.known.push(Range { arg: rng.below(2) as u32, from, to });
        }
    }
}

fn known(rng: &mut Rng) -> Known {
    match rng.below(3) {
        0 => Known::Bits(rng.below(4) as u64),
        1 => {
            let offset = *rng.pick(&[0, 16, 24, 32, 40, 48, 56]);
            Known::Pointer { root: rng.below(4) as u32, offset }
        }
        _ => Known::Param(rng.below(4) as u32),
    }
}
