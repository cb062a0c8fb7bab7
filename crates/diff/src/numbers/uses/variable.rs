//! The known values of the locals of a body, in order of their numbers.
//!
//! They are copied at each branch, so a copy shares the values, and what two ways share is not
//! joined again. At most [`LOCALS_MAX`] locals
//! are known at a time; each step looks at those only. For the first [`NUMBERS_MAX`] locals a bit
//! says that an operator may have calculated the value, also where nothing else is known.

use super::value::{Source, Value};
use std::rc::Rc;

/// Maximum number of locals with sources at a time.
const LOCALS_MAX: usize = 64;
/// Number of locals with a bit that says whether they may be numbers.
const NUMBERS_MAX: u32 = u64::BITS;

/// By local, in order, its known value; and a bit for each of the first [`NUMBERS_MAX`] locals that
/// an operator may have calculated.
#[derive(Clone, Default)]
pub(super) struct Locals(Vec<(u32, Rc<Value>)>, u64);

fn bit(local: u32) -> u64 {
    if local < NUMBERS_MAX { 1 << local } else { 0 }
}

impl Locals {
    /// Parameters, each by its value.
    pub(super) fn new(params: impl Iterator<Item = Value>) -> Locals {
        Locals((0..).zip(params.map(Rc::new)).take(LOCALS_MAX).collect(), 0)
    }

    fn find(&self, local: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&local, |(local, _)| *local)
    }

    /// The known value of a local.
    pub(super) fn get(&self, local: u32) -> Value {
        let mut value = self.find(local).map(|at| *self.0[at].1).unwrap_or_default();
        value.number |= self.1 & bit(local) != 0;
        value
    }

    /// Writes a local; forgets it where nothing is known of the value, or too many locals are
    /// known: then it says so.
    pub(super) fn set(&mut self, local: u32, value: Value) -> bool {
        self.1 &= !bit(local);
        if value.number {
            self.1 |= bit(local);
        }
        match self.find(local) {
            Ok(at) if value.is_known() => self.0[at].1 = Rc::new(value),
            Ok(at) => {
                self.0.remove(at);
            }
            Err(at) if value.is_known() && self.0.len() < LOCALS_MAX => {
                self.0.insert(at, (local, Rc::new(value)));
            }
            Err(_) => return !value.is_known(),
        }
        true
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Value)> {
        self.0.iter().map(|(local, value)| (*local, &**value))
    }

    /// Those that a mask of 64 classes has, to change what is known.
    pub(super) fn masked(&mut self, classes: u64) -> impl Iterator<Item = &mut Value> {
        let all = self.0.iter_mut().filter(move |(local, _)| classes >> (local % 64) & 1 == 1);
        all.map(|(_, value)| Rc::make_mut(value))
    }

    /// Adds the locals of another way. Sources for which there is no room go to `dropped`.
    pub(super) fn join(&mut self, other: &Locals, dropped: &mut Vec<Source>) {
        self.1 |= other.1;
        // A local that one way leaves unknown is known in part only.
        let mut rest = other.0.iter().peekable();
        for (local, value) in &mut self.0 {
            while rest.next_if(|(other, _)| other < local).is_some() {}
            if rest.next_if(|(other, _)| other == local).is_none() && !value.partial {
                Rc::make_mut(value).partial = true;
            }
        }
        let mut at = 0;
        for (local, value) in &other.0 {
            while self.0.get(at).is_some_and(|(known, _)| known < local) {
                at += 1;
            }
            let known = self.0.get_mut(at).filter(|(known, _)| known == local);
            if let Some((_, joined)) = known {
                if !Rc::ptr_eq(joined, value) {
                    *joined = Rc::new(joined.with(**value, dropped));
                }
            } else if self.0.len() < LOCALS_MAX {
                let joined = Value::default().with(**value, dropped);
                self.0.insert(at, (*local, Rc::new(joined)));
            } else {
                dropped.extend(value.refs().map(|one| one.source));
            }
        }
    }
}
