//! Which values of the body are the references that a store follows while a frame waits at a call,
//! throw or allocation (C15).
//!
//! Which cells these are says [`ExceptionRoots`](prova_module::ExceptionRoots): locals, read again
//! or not, and operands below. A local is found as at any read (`variable`), so what is assumed for
//! it is proved with all other claims; an operand is the walk's own. The order is that of cells.
//!
//! Limits: [`HELD_MAX`] values at all operators of a function together. Tests: `tests/held.rs`.

use super::error::{Fault, Rule, Verdict};
use super::{Check, prove_with};
use crate::body::Body;
use crate::build::Held;
use crate::entity::Value;
use crate::refused::Where;
use cranelift_entity::packed_option::ReservedValue;
use prova_module::{Module, cells_of};

/// The greatest number of values that a frame holds at all its operators together.
pub const HELD_MAX: usize = 1 << 16;

/// What is noted on the walk.
pub(super) struct Noted {
    /// The first cell of each local.
    locals: Vec<u32>,
    /// The first cell of the operand stack.
    stack: u32,
    held: Vec<(u32, Vec<Value>)>,
    count: usize,
}

/// Proves a body, and which values its frame holds.
///
/// # Errors
/// The first rule that the body breaks.
pub(super) fn held(module: &Module, body: &Body) -> Result<Held, super::Rejection> {
    let mut found = None;
    let start = |check: &mut Check<'_, '_>| check.begin_held();
    prove_with(module, body, start, |check| {
        check.finish()?;
        found = check.noted.take();
        Ok(())
    })?;
    let none =
        || Fault::new(Rule::Function, "a walk without end").at(body.func(), Where::default());
    Ok(Held::noted(found.ok_or_else(none)?.held))
}

impl Check<'_, '_> {
    fn begin_held(&mut self) {
        let mut next = 0;
        let first = |&ty: &prova_module::ValType| {
            let at = next;
            next += cells_of(&[ty]);
            at
        };
        let locals = self.locals.types.iter().map(first).collect();
        self.noted = Some(Noted { locals, stack: next, held: Vec::new(), count: 0 });
    }

    /// A call, throw or allocation is next, above these operands.
    pub(super) fn note_held(&mut self, offset: u32, below: &[Value]) -> Verdict {
        let (Some(roots), false) = (self.facts.exception_roots.as_deref(), self.skipping) else {
            return Ok(());
        };
        let Some(mut noted) = self.noted.take() else { return Ok(()) };
        self.offset = offset;
        let mut cells: Vec<u32> = roots.locals().chain(roots.initialised(offset)).collect();
        cells.sort_unstable();
        let mut values = Vec::with_capacity(cells.len());
        noted.count += cells.len();
        demand!(noted.count <= HELD_MAX, Size, "more than {HELD_MAX} references held");
        for cell in cells {
            let local = noted.locals.binary_search(&cell);
            let local =
                local.map_err(|_| Fault::new(Rule::Function, format!("no local at {cell}")))?;
            values.push(self.locals.get(local as u32, offset)?);
        }
        let mut operands: Vec<u32> = roots.operands(offset).collect();
        operands.reverse();
        noted.count += operands.len();
        demand!(noted.count <= HELD_MAX, Size, "more than {HELD_MAX} references held");
        let mut operands = operands.into_iter().peekable();
        let mut cell = noted.stack;
        for &value in below {
            if operands.next_if_eq(&cell).is_some() {
                values.push(value);
            }
            cell += self.body.values.get(value).map_or(0, |data| cells_of(&[data.ty]));
        }
        demand!(operands.next().is_none(), Function, "an operand that is none");
        let known = !values.iter().any(|value| value.is_reserved_value());
        demand!(known, Function, "a reference that is no value");
        if !values.is_empty() {
            noted.held.push((offset, values));
        }
        self.noted = Some(noted);
        Ok(())
    }
}
