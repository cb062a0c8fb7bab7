//! Operators on objects on the Wasm side: operands in the window, results from there.
//!
//! Objects are not modelled: that an operator is performed on the same cells, in the same order,
//! is its effect ([`Effect::Objects`]), and its result what the effect gives. Two of them are
//! functions of cells (`ref.eq`, `ref.i31`), and `ref.test` reads what no operator changes.
//!
//! An operator that makes an object may make the store collect: the references that the Wasm holds
//! there are in their slots (Q13 of `super::super::roots`), except its operands, which lie in the
//! window.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof, Verdict};
use prova_module::objects::Shape;
use prova_module::ops::Class;
use prova_module::{HeapType, Opcode, RefType, heap_code};
use prova_terms::{Prim, Vn};

/// An immediate that an instruction has as a number.
pub(super) trait Number {
    fn number(self, opcode: Opcode) -> Option<u32>;
}

impl Number for u32 {
    fn number(self, _: Opcode) -> Option<u32> {
        Some(self)
    }
}

impl Number for HeapType {
    /// The type that the operator asks for.
    fn number(self, opcode: Opcode) -> Option<u32> {
        let nullable = matches!(opcode, Opcode::RefTestNullable | Opcode::RefCastNullable);
        heap_code(nullable, self)
    }
}

impl<O: Observer> Proof<'_, '_, O> {
    pub(super) fn number(&self, opcode: Opcode, immediate: impl Number) -> Result<u32, Fault> {
        immediate.number(opcode).ok_or_else(|| self.refused(opcode))
    }

    /// An operator of class `aggregate` or `allocate` with its immediates.
    pub(super) fn objects(&mut self, opcode: Opcode, immediates: &[u32]) -> Verdict {
        if opcode == Opcode::RefEq {
            let (b, a) = (self.pop()?, self.pop()?);
            let equal = self.terms.borrow_mut().operator(Prim::i64_eq, &[a, b]);
            self.push(equal, false)
        } else if opcode == Opcode::RefI31 {
            let value = self.pop()?;
            let reference = self.small_integer(value);
            self.push(reference, false)
        } else if matches!(opcode, Opcode::RefTestNonNull | Opcode::RefTestNullable) {
            let reference = self.pop()?;
            let test = self.test(reference, immediates[0])?;
            self.push(test, false)
        } else {
            // Refuses what has no shape.
            self.window(opcode, immediates)
        }
    }

    /// The cell of `ref.i31`: twice the value, and 1, in 32 bits.
    fn small_integer(&self, value: Vn) -> Vn {
        let mut terms = self.terms.borrow_mut();
        let one = Vn::index(1);
        let twice = terms.operator(Prim::i32_shl, &[value, one]);
        let narrow = terms.operator(Prim::i32_or, &[twice, one]);
        terms.operator(Prim::i64_extend_i32_u, &[narrow])
    }

    fn test(&mut self, reference: Vn, code: u32) -> Result<Vn, Fault> {
        self.demand(Effect::RefTest, [reference, Vn::index(code)])
    }

    /// Demands the effect of an operator, whose operands the code has in a window.
    fn window(&mut self, opcode: Opcode, immediates: &[u32]) -> Verdict {
        let index = |at| immediates.get(at).copied().unwrap_or(0);
        let shape = Shape::of(self.module.types(), opcode, (index(0), index(1)));
        let shape = shape.ok_or_else(|| self.refused(opcode))?;
        self.pop_call_args(shape.operands as usize)?;
        let result = self.performed_result(shape.result_cells);
        let effect = Effect::Objects(opcode);
        match *immediates {
            [] => self.demand_with(effect, [], Vn::UNDEF)?,
            [a] => self.demand_with(effect, [Vn::index(a)], Vn::UNDEF)?,
            [a, b] => self.demand_with(effect, [Vn::index(a), Vn::index(b)], Vn::UNDEF)?,
            _ => return Err(self.refused(opcode)),
        }
        if opcode.class() == Class::allocate {
            self.rooted()?;
        }
        if shape.result_cells == 0 {
            return Ok(());
        }
        self.push(result, shape.result_cells == 2)
    }

    /// `br_on_cast`, or `br_on_cast_fail`, to a label.
    pub(super) fn br_on_cast(&mut self, depth: u32, to: RefType, fails: bool) -> Verdict {
        let code = heap_code(to.is_nullable(), to.heap_type());
        let code = code.ok_or_else(|| self.refused(Opcode::BrOnCast))?;
        let reference = self.pop()?;
        self.push(reference, false)?;
        let test = self.test(reference, code)?;
        let condition = match fails {
            true => self.terms.borrow_mut().operator(Prim::i32_eqz, &[test]),
            false => test,
        };
        self.branch_if(condition, depth)
    }
}
