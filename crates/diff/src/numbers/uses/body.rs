//! The uses of one body, and of all bodies; what callees do with the values that they are given.
//!
//! The module above has the invariants.

use super::doubt::Doubt;
use super::known::{END, Field, Marks, Offset, Passed, Use};
use super::shared::{Base, Shared};
use super::value::Source;
use std::collections::HashMap;

/// Functions that are looked at together.
pub(super) const CHUNK: u32 = 256;

/// The uses of one body.
#[derive(Default)]
pub(super) struct Uses {
    /// Constants that are used as addresses or slots by the offset of their operator, in order;
    /// with their marks.
    pub(super) consts: Box<[(u32, (u64, Use))]>,
    pub(super) marks: Marks,
    /// Offsets of memory operators in the range of addresses.
    pub(super) offsets: Box<[Offset]>,
    pub(super) params: Box<[Use]>,
    pub(super) passed: Box<[Passed]>,
    /// Sources compared with a parameter, or with a word of data.
    pub(super) against: Box<[(Source, Source)]>,
    /// Accesses at addresses that no number of the code is: first address and width.
    pub(super) folded: Box<[(u64, u64)]>,
}

/// The uses of all bodies, in lists of [`CHUNK`] functions each. The lists are never joined, which
/// would take the memory twice.
pub(super) struct Bodies(pub(super) Vec<Vec<Uses>>);

impl Bodies {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Uses> {
        self.0.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Uses> {
        self.0.iter_mut().flatten()
    }

    pub(super) fn get(&self, func: u32) -> Option<&Uses> {
        self.0.get((func / CHUNK) as usize)?.get((func % CHUNK) as usize)
    }

    pub(super) fn get_mut(&mut self, func: u32) -> Option<&mut Uses> {
        self.0.get_mut((func / CHUNK) as usize)?.get_mut((func % CHUNK) as usize)
    }
}

impl Uses {
    /// Adds the callees' uses of its constants; words of data and globals go to `shared`.
    pub(super) fn through(
        &mut self,
        (params, ordered): (&[Box<[Use]>], bool),
        stack: Option<(u32, u64)>,
        shared: &mut Shared,
    ) -> HashMap<u32, (u64, Use)> {
        let mut consts: HashMap<u32, (u64, Use)> =
            std::mem::take(&mut self.consts).into_vec().into_iter().collect();
        let mut folded = std::mem::take(&mut self.folded).into_vec();
        for passed in &*self.passed {
            let Some(callee) = params.get(passed.callee as usize) else { continue };
            let Some(does) = callee.get(passed.param as usize) else { continue };
            match passed.from().source {
                Source::Const(at, value) => {
                    let known = consts.entry(at).or_insert_with(|| {
                        let mut known = Use::default();
                        self.marks.put(at, &mut known);
                        (value, known)
                    });
                    known.1.join(does, passed);
                }
                Source::Word(at) => {
                    let mut known = Use::default();
                    known.join(does, passed);
                    shared.words.extend(known.access.map(|_| at));
                    let mixed = known.as_word(ordered);
                    shared.mixed_words.extend(mixed.any().then_some((at, mixed)));
                    shared.through.extend(known.read().map(|_| at));
                }
                Source::Global(global) => {
                    let mut known = Use::default();
                    known.join(does, passed);
                    let mixed = known.mixed | Doubt::COMPARED.when(known.compared && !ordered);
                    // As in `flow`: the bytes above the stack pointer belong to another function's
                    // frame.
                    let above =
                        known.access.filter(|access| access.lo < access.hi && access.hi > 0);
                    if let (Some(access), Some((sp, start))) = (above, stack)
                        && sp == global
                    {
                        let at = start.wrapping_add_signed(access.lo);
                        folded.push((at, access.lo.abs_diff(access.hi)));
                    }
                    let used = known.access.is_some();
                    shared.global(global).and(Base { used, mixed, low: known.low, told: false });
                }
                Source::Any(at) => shared.table(at, (does, passed), ordered),
                Source::Param(_) | Source::Field(..) | Source::Call(_) => {}
                Source::Folded(_) | Source::Float(_) => {}
            }
        }
        self.folded = folded.into();
        for (value, does) in consts.values() {
            if let Some((lo, hi)) = does.read() {
                let whole = hi == END;
                let width = if whole { u64::MAX } else { lo.abs_diff(hi) };
                shared.loads.push((value.wrapping_add_signed(lo), width));
            }
            does.fields().iter().for_each(|field| shared.field(*value, field));
            if does.mixed.any() {
                shared.exposed.push(*value);
            }
        }
        consts
    }
}

/// Carries what callees do with parameters to their callers' parameters, until nothing is new.
pub(super) fn propagate(all: &mut Bodies, ordered: bool) {
    // Values passed on to a parameter, as the caller and the place in its list; by callee and
    // parameter.
    let on = |passed: &&Passed| passed.is_given();
    let count = all.iter().map(|uses| uses.passed.iter().filter(on).count()).sum();
    let mut into: Vec<(u32, u32)> = Vec::with_capacity(count);
    for (caller, uses) in all.iter().enumerate() {
        let on = uses.passed.iter().enumerate().filter(|(_, passed)| on(passed));
        into.extend(on.map(|(at, _)| (caller as u32, at as u32)));
    }
    let goes = |all: &Bodies, &(caller, at): &(u32, u32)| {
        let passed = all.get(caller).and_then(|uses| uses.passed.get(at as usize));
        passed.map_or((u32::MAX, u32::MAX), |passed| (passed.callee, passed.param.into()))
    };
    into.sort_unstable_by_key(|on| (goes(all, on), *on));
    let mut work: Vec<(u32, u32)> = Vec::new();
    for on in &into {
        let key = goes(all, on);
        if work.last() != Some(&key) {
            work.push(key);
        }
    }
    while let Some(key) = work.pop() {
        let params = all.get(key.0).map_or(&[][..], |uses| &uses.params);
        let Some(does) = params.get(key.1 as usize).cloned() else { continue };
        let first = into.partition_point(|on| goes(all, on) < key);
        for on in &into[first..] {
            if goes(all, on) != key {
                break;
            }
            let (caller, at) = on;
            let Some(uses) = all.get_mut(*caller) else { continue };
            let passed = uses.passed[*at as usize];
            let mut does = does.clone();
            // How often a function calls itself until it meets a number says where it began.
            let steps = *caller == key.0 && does.compared && passed.from().by != Some(0);
            does.mixed |= Doubt::COMPARED.when(steps);
            let (param, field) = match passed.from().source {
                Source::Param(param) => (param, None),
                Source::Field(param, at) => (param, Some(at)),
                Source::Const(..) | Source::Word(_) | Source::Global(_) => continue,
                Source::Call(_) | Source::Any(_) => continue,
                Source::Folded(_) | Source::Float(_) => continue,
            };
            let known = uses.params.get_mut(param as usize);
            let Some(known) = known else { continue };
            let news = match field {
                None => known.join(&does, &passed),
                Some(at) => {
                    let mut word = Use::default();
                    word.join(&does, &passed);
                    let (address, read) = (word.access.is_some(), word.read().is_some());
                    known.news(Field { at, address, mixed: word.as_word(ordered), read })
                }
            };
            if news {
                work.push((*caller, param));
            }
        }
    }
}
