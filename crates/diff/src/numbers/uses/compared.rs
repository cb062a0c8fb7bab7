//! Comparisons of an address → whether they show more of it than that it is an address.
//!
//! A comparison shows nothing new of two addresses whose order is kept, of two addresses made of
//! one, or of an address and a number that cannot be an address. A comparison with any value that
//! is not shown to be an address does. A word of memory is shown to be an address if code uses it
//! as one. A parameter is if every caller passes a value that is shown to be one, or null. A local
//! that a loop writes is if each round makes it of the address that it held before. A displacement
//! must not lead the address out of its object, nor across zero or the sign. If a loop steps an
//! address until it meets a number, the count of the rounds shows where it began.
//!
//! Comparisons that wait for callers are settled when all bodies were read ([`settle`]), before
//! uses are carried over calls.
//!
//! Limits: time is linear in the passed values times [`PARAMS_MAX`]; the parameters behind those
//! are never shown to be addresses.

use super::body::Bodies;
use super::doubt::Doubt;
use super::flow::Flow;
use super::known::{Field, Mark, Marks};
use super::shared::Shared;
use super::value::{Ref, Source, Value};
use crate::pair::side::Side;
use prova_module::{ConstOp, ElementItems, GlobalIdx};
use std::collections::HashSet;

/// Parameters of a function that may be shown to be addresses.
const PARAMS_MAX: u32 = u64::BITS;

impl Flow<'_, '_> {
    /// The value is compared with another one. That shows nothing new if the other one is shown to
    /// be an address too, is made of the same one, or is a number that no address is. `signed` says
    /// that the upper half of memory is less than the lower one.
    pub(super) fn compare(&mut self, value: &Value, with: &Value, signed: bool) {
        if !value.is_known() || self.around.values {
            return;
        }
        let halves = 1u64 << 31;
        let zone = &self.side.addresses;
        let across = signed && !self.side.wide() && zone.start < halves && zone.end > halves;
        if across || with.number || with.partial || !with.is_known() {
            self.mix(value, Doubt::COMPARED);
            return;
        }
        if let Some(round) = with.round {
            self.rounds_compared.extend(value.refs().map(|one| (one.source, round)));
        }
        let one = value.single().map(|one| one.source);
        if one.is_some() && one == with.single().map(|one| one.source) {
            return;
        }
        for one in value.refs() {
            if self.wraps(&one) {
                self.mix(&Value::of(one), Doubt::COMPARED);
            }
            // An address that is compared with another lies in the object that it was made of.
            if let (Some(by), Some(known)) = (one.by.filter(|by| *by != 0), self.used(one.source)) {
                known.reach(by);
            }
        }
        for other in with.refs() {
            match other.source {
                Source::Const(_, number) if self.in_zone(number) => {
                    self.mark(value, Mark::compared());
                }
                Source::Const(_, number) | Source::Folded(number) => match other.by {
                    Some(by) if !self.in_zone(number.wrapping_add_signed(by)) => {
                        self.test(value, number.wrapping_add_signed(by));
                    }
                    _ => self.mix(value, Doubt::COMPARED),
                },
                Source::Global(_) => self.mark(value, Mark::compared()),
                Source::Param(_) if self.exported => self.mix(value, Doubt::COMPARED),
                Source::Param(_) | Source::Word(_) | Source::Field(..) => {
                    self.test(value, 0);
                    let sources = value.refs().map(|one| (one.source, other.source));
                    self.against.extend(sources);
                }
                Source::Float(_) | Source::Call(_) | Source::Any(_) => {
                    self.mix(value, Doubt::COMPARED);
                }
            }
        }
    }

    /// The value is compared with a number that is not like an address. A displacement may make it
    /// a comparison with a number that is.
    pub(super) fn test(&mut self, value: &Value, number: u64) {
        if self.around.values {
            return;
        }
        if let Some(round) = value.round {
            let stepped = value.refs().filter(|one| one.by.is_none());
            self.rounds_tested.extend(stepped.map(|one| (one.source, round)));
        }
        let shown = |one: &Ref| !self.is_met(one, number) && !self.wraps(one);
        let refs: Vec<(Ref, bool)> = value.refs().map(|one| (one, shown(&one))).collect();
        for (one, shown) in refs {
            let mark = if shown { Mark::compared() } else { Mark::mixed(Doubt::COMPARED) };
            self.mark(&Value::of(one), mark);
        }
    }

    /// Whether an address to which something was added may be this number.
    fn is_met(&self, one: &Ref, number: u64) -> bool {
        let wrap = |at: u64| if self.side.wide() { at } else { at & 0xffff_ffff };
        let by = one.by.filter(|by| *by != 0);
        by.is_some_and(|by| self.in_zone(wrap(number.wrapping_add_signed(by.wrapping_neg()))))
    }

    /// Whether what was added to an address may bring it across zero, or to the other sign.
    fn wraps(&self, one: &Ref) -> bool {
        let half = if self.side.wide() { 1 << 63 } else { 1 << 31 };
        self.is_met(one, 0) || self.is_met(one, half)
    }

    /// Whether a value that is passed is shown to be an address, or null. One that is a parameter
    /// itself is looked at by [`settle`].
    pub(super) fn is_address(&self, value: &Value) -> bool {
        let shown = |one: Ref| match one.source {
            Source::Const(_, value) | Source::Folded(value) => {
                value == 0 && one.by == Some(0) || self.in_zone(value) && !one.part
            }
            Source::Param(_) => !self.exported,
            Source::Field(param, at) => self.is_address_field(param, at),
            Source::Global(_) => true,
            Source::Word(_) | Source::Call(_) | Source::Float(_) | Source::Any(_) => false,
        };
        let single = value.is_known() && !value.partial && !value.number;
        single && value.round.is_none() && value.refs().all(shown)
    }

    /// Whether a local's place is this one, or the place of a loop inside.
    pub(super) fn is_round(&self, mut at: Option<u32>, round: u32) -> bool {
        while at.is_some_and(|at| at > round) {
            at = at.and_then(|at| self.rounds[at as usize].0);
        }
        at == Some(round)
    }

    fn is_address_field(&self, param: u32, at: i64) -> bool {
        let fields = self.found.params.get(param as usize).map_or(&[][..], |known| known.fields());
        fields.iter().any(|field| field.at == at && field.address)
    }

    /// At the end of a body: judges comparisons with a word of a parameter's object. The rest waits
    /// for [`settle`].
    pub(super) fn compared(&mut self) {
        // A loop inside is steady only if the loops around it are: those come first.
        for at in 0..self.rounds.len() {
            let (around, steady) = self.rounds[at];
            self.rounds[at].1 =
                steady && around.is_none_or(|around| self.rounds[around as usize].1);
        }
        for (source, round) in std::mem::take(&mut self.rounds_compared) {
            if !self.rounds[round as usize].1 {
                self.mix(&Value::one(source), Doubt::COMPARED);
            }
        }
        // How often a loop steps on to a number says where it began.
        for (source, round) in std::mem::take(&mut self.rounds_tested) {
            if self.rounds[round as usize].1 {
                self.mix(&Value::one(source), Doubt::COMPARED);
            }
        }
        let mut waiting = std::mem::take(&mut self.against);
        waiting.retain(|(source, other)| {
            match other {
                Source::Field(param, at) if self.is_address_field(*param, *at) => {}
                Source::Param(_) | Source::Word(_) => return true,
                _ => self.mix(&Value::one(*source), Doubt::COMPARED),
            }
            false
        });
        self.found.against = waiting.into();
    }
}

/// Judges comparisons with parameters and with words of data.
pub(super) fn settle(side: &Side<'_>, all: &mut Bodies, shared: &mut Shared) {
    let numbers = numbers(side, all, &std::mem::take(&mut shared.numbers));
    let words: HashSet<u64> = shared.words.iter().copied().collect();
    for (func, uses) in all.iter_mut().enumerate() {
        let mut marks = Vec::new();
        for (source, other) in std::mem::take(&mut uses.against) {
            let shown = match other {
                Source::Param(param) => param < PARAMS_MAX && numbers[func] >> param & 1 == 0,
                Source::Word(at) => words.contains(&at),
                _ => false,
            };
            if shown {
                continue;
            }
            match source {
                Source::Const(at, value) if side.may_be_address(value) => {
                    marks.push(Mark { at, ..Mark::mixed(Doubt::COMPARED) });
                }
                Source::Const(..) => {}
                Source::Global(global) => shared.global(global).mixed |= Doubt::COMPARED,
                Source::Word(at) => shared.mixed_words.push((at, Doubt::COMPARED)),
                Source::Any(at) => shared.mixed_tables.push((at, Doubt::COMPARED)),
                Source::Param(param) => {
                    if let Some(known) = uses.params.get_mut(param as usize) {
                        known.mixed |= Doubt::COMPARED;
                    }
                }
                Source::Field(param, at) => {
                    if let Some(known) = uses.params.get_mut(param as usize) {
                        known.field(Field {
                            at,
                            address: false,
                            mixed: Doubt::COMPARED,
                            read: false,
                        });
                    }
                }
                Source::Folded(_) | Source::Float(_) | Source::Call(_) => {}
            }
        }
        if !marks.is_empty() {
            marks.extend(uses.marks.0.iter().copied());
            uses.marks = Marks::new(marks);
            for (at, (_, known)) in &mut uses.consts {
                uses.marks.put(*at, known);
            }
        }
    }
}

/// By function, a bit for each parameter that may not be an address: the host or a table gives it,
/// or a caller passes a value that is not shown to be one, or such a parameter of the caller.
fn numbers(side: &Side<'_>, all: &Bodies, seeds: &[(u32, u32)]) -> Vec<u64> {
    let mut numbers = vec![0u64; side.module.func_count()];
    let mut open = |func: u32| {
        if let Some(known) = numbers.get_mut(func as usize) {
            *known = u64::MAX;
        }
    };
    side.module.exports().iter().filter_map(|one| one.func()).for_each(|func| open(func.0));
    for element in side.module.elements() {
        match &element.items {
            ElementItems::Funcs(funcs) => funcs.iter().for_each(|func| open(func.0)),
            ElementItems::Exprs(_, exprs) => {
                for op in exprs.iter().flat_map(|expr| expr.ops()) {
                    if let ConstOp::RefFunc(func) = op {
                        open(func.0);
                    }
                }
            }
        }
    }
    for index in 0..side.module.globals().len() as u32 {
        let init = side.module.global_init(GlobalIdx(index));
        for op in init.into_iter().flat_map(|init| init.ops()) {
            if let ConstOp::RefFunc(func) = op {
                open(func.0);
            }
        }
    }
    for (callee, param) in seeds.iter().filter(|(_, param)| *param < PARAMS_MAX) {
        if let Some(known) = numbers.get_mut(*callee as usize) {
            *known |= 1 << param;
        }
    }
    let count = numbers.len() as u32;
    let mut work: Vec<u32> = (0..count).filter(|at| numbers[*at as usize] != 0).collect();
    while let Some(caller) = work.pop() {
        let own = numbers[caller as usize];
        let passed = all.get(caller).map_or(&[][..], |uses| &uses.passed);
        for passed in passed {
            let Source::Param(param) = passed.from().source else { continue };
            let is = param >= PARAMS_MAX || own >> param & 1 == 1;
            let Some(known) = numbers.get_mut(passed.callee as usize) else { continue };
            let news =
                is && u32::from(passed.param) < PARAMS_MAX && *known >> passed.param & 1 == 0;
            if news {
                *known |= 1 << passed.param;
                work.push(passed.callee);
            }
        }
    }
    numbers
}
