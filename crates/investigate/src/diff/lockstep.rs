//! Two matched bodies, operator by operator → what renumbering and moving explains, or the first place where it does not.
//!
//! Neighbours: `shift` compares constants; `compare` turns the outcome into a verdict. Linear in the bodies.

use super::shift::{Agree, Shift};
use super::side::Side;
use super::token::{Tok, Tokens};
use prova_module::{FuncIdx, ValType};
use std::collections::HashMap;

/// What makes two bodies differ that do the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Same {
    /// Operators whose index differs but names the same thing.
    pub(crate) renumbered: u32,
    /// Operators whose local was renamed.
    pub(crate) locals: u32,
    /// Constants that name a moved address.
    pub(crate) moved: u32,
    /// The first of them: A's address and the delta.
    pub(crate) first_moved: Option<(u64, i64)>,
}

impl Same {
    pub(crate) fn identical(&self) -> bool {
        self.renumbered + self.locals + self.moved == 0
    }

    pub(crate) fn note(&mut self, agree: Agree) {
        match agree {
            Agree::Equal => {}
            Agree::Moved { address, delta } => {
                self.moved += 1;
                self.first_moved.get_or_insert((address, delta));
            }
            Agree::Slot => self.renumbered += 1,
        }
    }
}

/// A renaming of locals: one to one, and of equal types.
pub(crate) struct Locals {
    types: (Vec<ValType>, Vec<ValType>),
    params: u32,
    forward: HashMap<u32, u32>,
    back: HashMap<u32, u32>,
}

impl Locals {
    pub(crate) fn new(sides: (&Side<'_>, &Side<'_>), funcs: (u32, u32)) -> Locals {
        let types =
            |side: &Side<'_>, func| side.module.body(FuncIdx(func)).map(|body| body.local_types());
        let params = sides.0.module.func_type(FuncIdx(funcs.0)).params.len() as u32;
        let types = (
            types(sides.0, funcs.0).unwrap_or_default(),
            types(sides.1, funcs.1).unwrap_or_default(),
        );
        Locals { types, params, forward: HashMap::new(), back: HashMap::new() }
    }

    /// Whether `a` can be `b`, and from now on is.
    pub(crate) fn unify(&mut self, a: u32, b: u32) -> bool {
        if (a < self.params || b < self.params) && a != b {
            return false;
        }
        if self.types.0.get(a as usize) != self.types.1.get(b as usize) {
            return false;
        }
        *self.forward.entry(a).or_insert(b) == b && *self.back.entry(b).or_insert(a) == a
    }
}

/// Compares two defined functions of one type in lockstep; `None` where they differ by more than names of things.
pub(crate) fn lockstep(
    sides: (&Side<'_>, &Side<'_>),
    shift: &Shift,
    funcs: (u32, u32),
) -> Option<Same> {
    let mut same = Same::default();
    let mut locals = Locals::new(sides, funcs);
    let (mut a, mut b) = (Tokens::new(sides.0, funcs.0)?, Tokens::new(sides.1, funcs.1)?);
    loop {
        let (x, y) = match (a.next(), b.next()) {
            (None, None) => return Some(same),
            (Some(x), Some(y)) => (x, y),
            _ => return None,
        };
        if let (Tok::Local(op_a, la), Tok::Local(op_b, lb)) = (x.tok, y.tok) {
            if op_a != op_b || !locals.unify(la, lb) {
                return None;
            }
            same.locals += u32::from(la != lb);
            continue;
        }
        same.note(shift.tokens(sides, &x.tok, &y.tok)?);
        same.renumbered += u32::from(x.index != y.index);
    }
}
