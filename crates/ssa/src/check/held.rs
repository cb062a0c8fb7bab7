//! Which values of the body are the references that a store follows while a frame waits at a call,
//! throw or allocation (C15).
//!
//! Which cells these are says [`ExceptionRoots`](prova_module::ExceptionRoots): locals, read again
//! or not, and operands below. A local is found as at any read (`variable`), so what is assumed for
//! it is proved with all other claims; an operand is the walk's own. Values stand as their cells
//! do.
//!
//! Limits: [`HELD_MAX`] values at all operators of a function together. Tests: `tests/held.rs`.

use super::error::{Fault, Rule, Verdict};
use crate::body::Body;
use crate::entity::Value;
use crate::held::Held;
use cranelift_entity::packed_option::ReservedValue;
use prova_module::{FuncFacts, ValType, cells_of};

/// The greatest number of values that a frame holds at all its operators together.
pub const HELD_MAX: usize = 1 << 16;

/// Values that are noted on the walk.
pub(super) struct Noted {
    /// The first cell of each local.
    locals: Vec<u32>,
    /// The first cell of the operand stack.
    stack: u32,
    held: Vec<(u32, Vec<Value>)>,
    count: usize,
}

impl Noted {
    /// Nothing yet, of a function with these locals.
    pub(super) fn new(types: &[ValType]) -> Noted {
        let mut next = 0;
        let first = |&ty: &ValType| {
            let at = next;
            next += cells_of(&[ty]);
            at
        };
        let locals = types.iter().map(first).collect();
        Noted { locals, stack: next, held: Vec::new(), count: 0 }
    }

    /// All of them.
    pub(super) fn held(self) -> Held {
        Held::ascending(self.held)
    }

    /// A call, throw or allocation is next, above these operands; `get` finds a local there.
    pub(super) fn waits(
        &mut self,
        (facts, body): (&FuncFacts, &Body),
        (offset, below): (u32, &[Value]),
        get: &mut dyn FnMut(u32) -> Verdict<Value>,
    ) -> Verdict {
        let Some(roots) = facts.exception_roots.as_deref() else { return Ok(()) };
        let mut cells: Vec<u32> = roots.locals().chain(roots.initialised(offset)).collect();
        cells.sort_unstable();
        let mut operands: Vec<u32> = roots.operands(offset).collect();
        operands.reverse();
        self.count += cells.len() + operands.len();
        demand!(self.count <= HELD_MAX, Size, "more than {HELD_MAX} references held");
        let mut values = Vec::with_capacity(cells.len() + operands.len());
        for cell in cells {
            let local = self.locals.binary_search(&cell);
            let local =
                local.map_err(|_| Fault::new(Rule::Function, format!("no local at {cell}")))?;
            values.push(get(local as u32)?);
        }
        let mut operands = operands.into_iter().peekable();
        let mut cell = self.stack;
        for &value in below {
            if operands.next_if_eq(&cell).is_some() {
                values.push(value);
            }
            cell += body.values.get(value).map_or(0, |data| cells_of(&[data.ty]));
        }
        demand!(operands.next().is_none(), Function, "an operand that is none");
        let known = !values.iter().any(|value| value.is_reserved_value());
        demand!(known, Function, "a reference that is no value");
        if !values.is_empty() {
            self.held.push((offset, values));
        }
        Ok(())
    }
}
