//! Operators on objects on the Wasm side.
//!
//! Objects are not modelled. A field or element that is a number or a reference to an object is
//! bytes at a place that the layout of its type says ([`Direct`]): reading and writing them are
//! effects, as loads and stores of a memory are. Other operators have their operands in a window,
//! and their result from there: that an operator is performed on the same cells, in the same order,
//! is its effect ([`Effect::Objects`]), and its result what the effect gives. Two of them are
//! functions of cells (`ref.eq`, `ref.i31`), `ref.test` and `ref.cast` read what no operator
//! changes, and `i31.get_s` and `i31.get_u` are functions of what is not null.
//!
//! An operator that makes an object may make the store collect: the references that the Wasm holds
//! there are in their slots (Q13 of `super::super::roots`), except its operands, which lie in the
//! window.

use super::super::effects::Effect;
use super::super::symbolic::operators::*;
use super::super::{Fault, Observer, Proof, Verdict};
use prova_module::objects::{Direct, Shape};
use prova_module::ops::Class;
use prova_module::{HeapType, Opcode, RefType, Storage, heap_code};
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
        } else if matches!(opcode, Opcode::RefCastNonNull | Opcode::RefCastNullable) {
            let reference = self.pop()?;
            self.demand(Effect::RefCast, [reference, Vn::index(immediates[0])])?;
            self.push(reference, false)
        } else if matches!(opcode, Opcode::I31GetS | Opcode::I31GetU) {
            self.small_value(opcode == Opcode::I31GetS)
        } else {
            let index = |at| immediates.get(at).copied().unwrap_or(0);
            match Direct::of(self.module, opcode, (index(0), index(1))) {
                Some(direct) => self.direct(direct),
                // Refuses what has no shape.
                None => self.window(opcode, immediates),
            }
        }
    }

    /// The value of a small integer: its cell without the lowest bit, once it is known not to be
    /// null.
    fn small_value(&mut self, signed: bool) -> Verdict {
        let reference = self.pop()?;
        self.demand(Effect::RefAsNonNull, [reference])?;
        let shift = if signed { Prim::i32_shr_s } else { Prim::i32_shr_u };
        let value = self.terms.borrow_mut().operator(shift, &[reference, Vn::index(1)]);
        self.push(value, false)
    }

    /// A read or write of bytes of an object, as loads and stores are of a memory (`memory`).
    fn direct(&mut self, Direct { at, storage, writes, signed }: Direct) -> Verdict {
        let width = storage.bytes() as u8;
        if writes {
            let [value] = self.operands()?;
            let bits = match storage {
                Storage::I8 => i32_store8(value),
                Storage::I16 => i32_store16(value),
                Storage::Bits32
                | Storage::Bits64
                | Storage::Bits128
                | Storage::Object
                | Storage::Func
                | Storage::Exn
                | Storage::Extern => value,
            };
            let effect = if at.is_some() { Effect::ObjectStore } else { Effect::ArrayStore };
            let [object, place] = self.place(at)?;
            return self.demand(effect(width), [object, place, bits.vn()]).map(drop);
        }
        let effect = if at.is_some() { Effect::ObjectLoad } else { Effect::ArrayLoad };
        let place = self.place(at)?;
        let bits = self.demand(effect(width), place)?;
        let bits = self.sym(bits);
        let value = match (storage, signed) {
            (Storage::I8, true) => i32_load8_s(bits),
            (Storage::I8, false) => i32_load8_u(bits),
            (Storage::I16, true) => i32_load16_s(bits),
            (Storage::I16, false) => i32_load16_u(bits),
            (
                Storage::Bits32
                | Storage::Bits64
                | Storage::Bits128
                | Storage::Object
                | Storage::Func
                | Storage::Exn
                | Storage::Extern,
                _,
            ) => bits,
        };
        self.push_sym(value, false)
    }

    /// An object, and a place in it or an index.
    fn place(&mut self, at: Option<u32>) -> Result<[Vn; 2], Fault> {
        let place = match at {
            Some(at) => Vn::index(at),
            None => self.pop()?,
        };
        Ok([self.pop()?, place])
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
