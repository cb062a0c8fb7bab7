//! Instructions by class, and calls.

use super::numeric::wide;
use super::{Action, Debt, Demand, Maker, pure, truncate};
use crate::words::{Fixed, Word};
use alloc::vec::Vec;
use prova_check::traps;
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode as O};
use prova_ssa::{Call, Imm, Op};

impl Maker<'_> {
    /// The demand of an instruction with these operands; nothing if it has no rule. `result` is the
    /// width of its first value.
    pub fn demand(
        &mut self,
        op: Op,
        imm: Imm,
        args: &[Word],
        result: Option<u8>,
    ) -> Option<Demand> {
        let opcode = match (op, imm) {
            (Op::Wasm(opcode), _) => opcode,
            (Op::Charge, Imm::Bits(units)) => {
                let debts = self.charge(units).to_vec();
                return Some(Demand {
                    debts,
                    action: Action::None,
                    values: Vec::new(),
                    ..Demand::default()
                });
            }
            (Op::Poll, _) => {
                let debts = planted!(PollIsPassed, self.poll().to_vec(), Vec::new());
                return Some(Demand {
                    debts,
                    action: Action::None,
                    values: Vec::new(),
                    ..Demand::default()
                });
            }
            (Op::Charge, _) => return None,
        };
        if opcode == O::RefFunc {
            let Imm::Index(func) = imm else { return None };
            return self.ref_func(func);
        }
        if let Some(values) = wide(self.words, opcode, args) {
            return Some(Demand { values: values.to_vec(), ..Demand::default() });
        }
        if op.effects().is_pure() {
            let word = pure(self.words, opcode, imm, args)?;
            return self.canonical(opcode, word).map(Demand::value);
        }
        self.effect(opcode, imm, args, result)
    }

    /// The demand of an operator with effects.
    fn effect(&mut self, opcode: O, imm: Imm, args: &[Word], result: Option<u8>) -> Option<Demand> {
        let (first, second) = match imm {
            Imm::Index(first) => (first, 0),
            Imm::Indices(first, second) => (first, second),
            _ => (0, 0),
        };
        match (opcode, args) {
            (O::GlobalGet, []) => self.global_get(first),
            (O::GlobalSet, &[value]) => self.global_set(first, value),
            (O::MemorySize, []) => self.memory_size(first),
            (O::TableSize, []) => self.table_size(first),
            (O::TableGet, &[index]) => self.table_get(first, index),
            (O::TableSet, &[index, value]) => self.table_set(first, index, value),
            (O::RefAsNonNull, &[reference]) => self.as_non_null(reference),
            (
                O::I32DivS
                | O::I32DivU
                | O::I32RemS
                | O::I32RemU
                | O::I64DivS
                | O::I64DivU
                | O::I64RemS
                | O::I64RemU,
                &[a, b],
            ) => self.division(opcode, a, b),
            (opcode, &[a]) if truncate::width(opcode).is_some() => self.truncation(opcode, a),
            (O::Call | O::CallIndirect | O::CallRef, _) => self.call(opcode, imm, args),
            (
                O::MemoryGrow
                | O::MemoryFill
                | O::MemoryCopy
                | O::MemoryInit
                | O::DataDrop
                | O::TableGrow
                | O::TableFill
                | O::TableCopy
                | O::TableInit
                | O::ElemDrop,
                _,
            ) => {
                // Few bytes are moved by loads and stores.
                match self.few_bytes(opcode, args) {
                    Some(n) => {
                        let (to, from) = planted!(CopiesBack, (first, second), (second, first));
                        self.moved(opcode, (to, from), args, n)
                    }
                    None => self.performed(opcode, (first, second), args, result),
                }
            }
            _ if matches!(opcode.class(), Class::aggregate | Class::allocate) => {
                self.aggregate(opcode, imm, args, result)
            }
            _ => self.access(opcode, imm, args),
        }
    }

    /// A call: by index, by an element of a table, or by a reference. The traps are in the
    /// specification's order: beyond the table, null, another type.
    pub fn call(&mut self, opcode: O, imm: Imm, args: &[Word]) -> Option<Demand> {
        let index = |kind| imm.index(opcode, kind);
        let mut found = Vec::new();
        let mut args = args.to_vec();
        let (record, ty) =
            match (index(Immediate::func), index(Immediate::type_), index(Immediate::table)) {
                (Some(func), ..) => (self.record(func), self.layout.func_type(func)?),
                (None, Some(ty), Some(table)) => {
                    let at = args.pop()?;
                    let (at, beyond) = self.element(table, at)?;
                    let elements = self.version(super::Region::Table);
                    let reference = self.words.load(elements, at, 64);
                    found.push(Debt::Trap { kind: traps::UNDEFINED_ELEMENT, when: beyond });
                    let null = self.words.zero(reference);
                    found.push(Debt::Trap { kind: traps::UNINITIALIZED_ELEMENT, when: null });
                    (self.typed(reference, ty, &mut found), ty)
                }
                (None, Some(ty), None) => {
                    let reference = args.pop()?;
                    let null = self.words.zero(reference);
                    found.push(Debt::Trap { kind: traps::NULL_REFERENCE, when: null });
                    (self.typed(reference, ty, &mut found), ty)
                }
                (None, None, _) => return None,
            };
        Some(Demand {
            debts: found,
            action: Action::Call { record, ty, args },
            values: Vec::new(),
            ..Demand::default()
        })
    }

    /// A tail call: whether a callee of the module fits is asked first, so that the trap names the
    /// caller.
    pub fn tail_call(&mut self, call: &Call, args: &[Word]) -> Option<Demand> {
        let mut demand = self.call(call.opcode, call.imm, args)?;
        let func = call.imm.index(call.opcode, Immediate::func).map(FuncIdx);
        if let Some(facts) = func.and_then(|func| self.module.facts(func)) {
            let height = self.words.fixed(64, Fixed::Height);
            let charge = self.words.constant(64, facts.charge_bytes().into());
            let over = self.words.ult(height, charge);
            demand.debts.insert(0, Debt::Trap { kind: traps::TAIL_OVERFLOW, when: over });
        }
        Some(demand)
    }

    fn typed(&mut self, reference: Word, ty: u32, found: &mut Vec<Debt>) -> Word {
        let record = self.referenced(reference);
        let other = self.is_other(record, ty);
        found.push(Debt::Trap { kind: traps::INDIRECT_CALL_TYPE_MISMATCH, when: other });
        record
    }
}
