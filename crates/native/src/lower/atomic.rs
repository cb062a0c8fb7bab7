//! Atomic accesses: an aligned address, then one instruction of the machine.
//!
//! The order of tests is the interpreter's: alignment first, then bounds. Waits and notifications
//! go through `perform`. The machine has a loop alone for `and`, `or` and `xor`, and such a loop
//! pays for nothing: the check refuses it under metering (P12). So they are a load and a store
//! where the memory is not shared, and on a shared one go through `perform` where code is metered.

use crate::Declined;
use crate::lower::Lowering;
use crate::lower::memory::{Place, accessed};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Type, Value};
use prova_check::traps;
use prova_module::ops::{Class, Kind};
use prova_module::{MemoryIdx, Opcode};
use prova_ssa::{Access, Imm};

impl Lowering<'_> {
    pub(crate) fn atomic(
        &mut self,
        opcode: Opcode,
        imm: Imm,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let class = opcode.class();
        if class == Class::fence {
            self.emit.ins(|i| i.fence());
            return Ok(Vec::new());
        }
        let (Imm::Access(access), Some(&index)) = (imm, args.first()) else {
            return Err(Declined::Bug("an access without address"));
        };
        let shared = self.is_shared(access.memory);
        if matches!(class, Class::atomic_wait | Class::atomic_notify)
            || shared && class == Class::atomic_rmw && self.is_loop(opcode)?
        {
            return self.performed_at(opcode, &access, args);
        }
        let row = opcode.row();
        let narrow = accessed(row.width);
        let address = self.aligned(&access, index, row.width)?;
        let (Place { flags, .. }, emit) = (&address, self.emit);
        let (flags, address) = (*flags, address.address);
        let result = row.results.first().map(|kind| if *kind == Kind::i32 { 4 } else { 8 });
        let result = result.map(accessed);
        let fit = |value: Value| {
            if emit.type_of(value) == narrow {
                value
            } else {
                emit.ins(|i| i.ireduce(narrow, value))
            }
        };
        let found = match (class, args) {
            (Class::atomic_load, _) => emit.ins(|i| i.atomic_load(narrow, flags, address)),
            (Class::atomic_store, &[_, value]) => {
                let value = fit(value);
                emit.ins(|i| i.atomic_store(flags, value, address));
                return Ok(Vec::new());
            }
            (Class::atomic_rmw, &[_, value]) => {
                let (op, value) = (operation(opcode)?, fit(value));
                match shared || !is_bitwise(op) {
                    true => emit.ins(|i| i.atomic_rmw(narrow, flags, op, address, value)),
                    false => self.update(narrow, (flags, address), op, value),
                }
            }
            (Class::atomic_cmpxchg, &[_, expected, value]) => {
                return self.exchange(narrow, (flags, address), expected, value);
            }
            (_, _) => return Err(Declined::Bug("an atomic access of other operands")),
        };
        Ok(vec![self.extended(found, result)])
    }

    /// Whether a read-modify-write would be a loop that the check refuses.
    fn is_loop(&self, opcode: Opcode) -> Result<bool, Declined> {
        let metering = self.layout.config().metering;
        Ok((metering.fuel || metering.epoch) && is_bitwise(operation(opcode)?))
    }

    /// An operator that the store performs: the address, the offset, and the operands behind.
    fn performed_at(
        &mut self,
        opcode: Opcode,
        access: &Access,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let Some((&index, rest)) = args.split_first() else {
            return Err(Declined::Bug("an access without address"));
        };
        let operands: Vec<Value> =
            [index, self.word(access.offset)].iter().chain(rest).copied().collect();
        let cell = self.perform(opcode, access.memory, 0, &operands)?;
        let is_wide = opcode.row().results.first().is_some_and(|kind| *kind == Kind::i64);
        let result = if is_wide { cell } else { self.emit.ins(|i| i.ireduce(I32, cell)) };
        Ok(vec![result])
    }

    /// A read-modify-write by a load and a store; what was there before.
    fn update(
        &self,
        narrow: Type,
        (flags, address): (MemFlagsData, Value),
        op: AtomicRmwOp,
        value: Value,
    ) -> Value {
        let emit = self.emit;
        let found = emit.ins(|i| i.load(narrow, flags, address, 0));
        let result = emit.ins(|i| match op {
            AtomicRmwOp::And => i.band(found, value),
            AtomicRmwOp::Or => i.bor(found, value),
            _ => i.bxor(found, value),
        });
        emit.ins(|i| i.store(flags, result, address, 0));
        found
    }

    /// A compare-exchange: what is expected is compared in its narrow width, as the bits of the
    /// memory are.
    fn exchange(
        &mut self,
        narrow: Type,
        (flags, address): (MemFlagsData, Value),
        expected: Value,
        value: Value,
    ) -> Result<Vec<Value>, Declined> {
        let emit = self.emit;
        let wide = emit.type_of(expected);
        let fit = |value: Value| match wide == narrow {
            true => value,
            false => emit.ins(|i| i.ireduce(narrow, value)),
        };
        let (expected, value) = (fit(expected), fit(value));
        let found = emit.ins(|i| i.atomic_cas(flags, address, expected, value));
        Ok(vec![self.extended(found, Some(wide))])
    }

    fn extended(&self, value: Value, to: Option<Type>) -> Value {
        match to {
            Some(to) if self.emit.type_of(value) != to => self.emit.ins(|i| i.uextend(to, value)),
            _ => value,
        }
    }

    /// The address of an atomic access, with its offset added.
    fn aligned(&mut self, access: &Access, index: Value, bytes: u8) -> Result<Place, Declined> {
        let emit = self.emit;
        let memory = self.module.memory(MemoryIdx(access.memory));
        let wide = memory.ok_or(Declined::Bug("no such memory"))?.memory64;
        let index64 = if wide { index } else { emit.ins(|i| i.uextend(I64, index)) };
        let sum = if wide {
            // An address that is too far is out of bounds, at any alignment.
            emit.sum_or_trap(index64, access.offset, traps::MEMORY_OUT_OF_BOUNDS)
        } else {
            let offset = self.word(access.offset);
            emit.ins(|i| i.iadd(index64, offset))
        };
        let mask = self.word(u64::from(bytes) - 1);
        let low = emit.ins(|i| i.band(sum, mask));
        let zero = self.word(0);
        let crooked = emit.ins(|i| i.icmp(IntCC::NotEqual, low, zero));
        emit.trap_if(crooked, traps::HEAP_MISALIGNED);
        let Place { address, offset, flags } = self.place(access, index, bytes)?;
        let step = self.word(offset as u64);
        let address = emit.ins(|i| i.iadd(address, step));
        Ok(Place { address, offset: 0, flags })
    }
}

/// Whether the machine has a loop alone for an operation.
fn is_bitwise(op: AtomicRmwOp) -> bool {
    matches!(op, AtomicRmwOp::And | AtomicRmwOp::Or | AtomicRmwOp::Xor)
}

/// The operation of a read-modify-write, by its name: the table's expression has both results.
fn operation(opcode: Opcode) -> Result<AtomicRmwOp, Declined> {
    let name = opcode.mnemonic().rsplit('.').next().unwrap_or("");
    Ok(match name.strip_suffix("_u").unwrap_or(name) {
        "add" => AtomicRmwOp::Add,
        "sub" => AtomicRmwOp::Sub,
        "and" => AtomicRmwOp::And,
        "or" => AtomicRmwOp::Or,
        "xor" => AtomicRmwOp::Xor,
        "xchg" => AtomicRmwOp::Xchg,
        _ => return Err(Declined::Operator(opcode.mnemonic())),
    })
}
