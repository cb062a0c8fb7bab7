//! Globals, tables, references, the epoch; operators without code here go to the store through the
//! builtin `perform`.
//!
//! `perform` takes its operands in the cells of `args`, as bytecode has them in its frame: 32-bit
//! values zero-extended, a `v128` in two cells. It gives one cell.

use crate::Declined;
use crate::abi;
use crate::emit::{Emit, Region};
use crate::lower::Lowering;
use crate::lower::memory::ADDRESS_MAX;
use crate::sunk;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, I8X16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use prova_check::{offsets, traps};
use prova_module::{FuncIdx, GlobalIdx, MemoryIdx, Opcode, TableIdx};
use prova_ssa::{Imm, InstData};

/// The cells that a value of a type takes.
pub(crate) fn cells(ty: Type) -> i32 {
    if ty == I8X16 { 2 } else { 1 }
}

/// Writes a value to cells.
pub(crate) fn put_cell(emit: &Emit, flags: MemFlagsData, at: Value, cell: i32, value: Value) {
    let value = match emit.type_of(value) {
        I32 => planted!(GlobalKeepsUpperHalf, emit.ins(|i| i.uextend(I64, value)), value),
        F32 => {
            let bits = emit.ins(|i| i.bitcast(I32, MemFlagsData::new(), value));
            emit.ins(|i| i.uextend(I64, bits))
        }
        _ => value,
    };
    emit.ins(|i| i.store(flags, value, at, 8 * cell));
}

impl Lowering<'_> {
    /// Flags of a word that may change, and cannot fault.
    pub(crate) fn word_flags(&self, region: Region) -> MemFlagsData {
        self.emit.flags(region).with_notrap()
    }

    /// The store's words.
    pub(crate) fn store_words(&self) -> Value {
        self.field(offsets::STORE)
    }

    /// Tests the epoch. Its load is atomic, since another thread writes it: a plain one may be
    /// merged with an earlier poll's.
    pub(crate) fn poll(&mut self) -> Result<(), Declined> {
        let (emit, flags) = (self.emit, self.word_flags(Region::Store));
        let store = self.store_words();
        let at = emit.ins(|i| i.load(I64, flags, store, offsets::STORE_EPOCH as i32));
        let epoch = emit.ins(|i| i.atomic_load(I64, flags, at));
        let deadline = emit.ins(|i| i.load(I64, flags, store, offsets::STORE_DEADLINE as i32));
        let due = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThanOrEqual, epoch, deadline));
        emit.trap_if(due, traps::INTERRUPT);
        Ok(())
    }

    /// `global.get`, `global.set`.
    pub(crate) fn global(
        &mut self,
        data: &InstData,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let Imm::Index(index) = data.imm else { return Err(Declined::Bug("a global's index")) };
        let ty = self.module.global(GlobalIdx(index)).ok_or(Declined::Bug("no such global"))?;
        // Read again behind each call: kept, the pointer would lie in a stack slot there.
        let index = planted!(OtherGlobal, index, 0);
        let (at, kept) = (self.layout.global(index), self.word_flags(Region::Fixed));
        let at = self.emit.ins(|i| i.load(I64, kept, self.vmctx, at as i32));
        let flags = self.word_flags(Region::Global);
        if let &[value] = args {
            put_cell(self.emit, flags, at, 0, value);
            return Ok(Vec::new());
        }
        let flags = planted!(GlobalIsKept, flags, abi::immutable());
        Ok(vec![self.emit.ins(|i| i.load(abi::clif(ty.val), flags, at, 0))])
    }

    /// Operations of the store.
    pub(crate) fn store_operation(
        &mut self,
        opcode: Opcode,
        data: &InstData,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let (first, second) = match data.imm {
            Imm::Index(first) => (first, 0),
            Imm::Indices(first, second) => (first, second),
            _ => (0, 0),
        };
        if self.few_bytes(opcode, (first, second), args)? {
            return Ok(Vec::new());
        }
        let result = match (opcode, args) {
            (Opcode::MemorySize, _) if !self.is_shared(first) => self.memory_size(first)?,
            (Opcode::TableSize, _) => {
                let size = self.table_len(first);
                self.index_of(first, size)?
            }
            (Opcode::TableGet, &[index]) => {
                let (at, flags) = self.element(first, index, traps::TABLE_OUT_OF_BOUNDS)?;
                self.emit.ins(|i| i.load(I64, flags, at, 0))
            }
            (Opcode::TableSet, &[index, value]) => {
                let (at, flags) = self.element(first, index, traps::TABLE_OUT_OF_BOUNDS)?;
                let flags = sunk::flags_of_store(&self.emit.stores, flags);
                self.emit.ins(|i| i.store(flags, value, at, 0));
                return Ok(Vec::new());
            }
            (Opcode::RefFunc, _) => {
                let record = self.record(FuncIdx(first));
                let at = offsets::RECORD_ADDRESS as i32;
                let address = self.emit.ins(|i| i.load(I32, abi::immutable(), record, at));
                let address = self.emit.ins(|i| i.uextend(I64, address));
                let one = self.word(1);
                self.emit.ins(|i| i.iadd(address, one))
            }
            (Opcode::RefAsNonNull, &[reference]) => {
                self.emit.trap_unless(reference, traps::NULL_REFERENCE);
                reference
            }
            (_, _) => self.perform(opcode, first, second, args)?,
        };
        let results: Vec<prova_ssa::Value> = data.results().collect();
        let Some(&to) = results.first() else { return Ok(Vec::new()) };
        let ty = abi::clif(self.body.value(to).ty);
        Ok(vec![self.narrowed(result, ty)])
    }

    fn narrowed(&self, value: Value, ty: Type) -> Value {
        if ty == I32 && self.emit.type_of(value) == I64 {
            return self.emit.ins(|i| i.ireduce(I32, value));
        }
        value
    }

    fn memory_size(&self, memory: u32) -> Result<Value, Declined> {
        let ty = self.module.memory(MemoryIdx(memory)).ok_or(Declined::Bug("no such memory"))?;
        let len = self.memory_len(memory);
        let shift = self.word(planted!(PagesOfOtherSize, ty.page_size_log2.into(), 15));
        Ok(self.emit.ins(|i| i.ushr(len, shift)))
    }

    /// The length of a memory, in bytes: the context has a copy.
    pub(crate) fn memory_len(&self, memory: u32) -> Value {
        let (at, flags) = (self.layout.memory_len(memory), self.word_flags(Region::Fixed));
        let flags = planted!(LengthIsKept, flags, abi::immutable());
        self.emit.ins(|i| i.load(I64, flags, self.vmctx, at as i32))
    }

    fn table_len(&self, table: u32) -> Value {
        let record = self.field(self.layout.table(table));
        let flags = self.word_flags(Region::Store);
        self.emit.ins(|i| i.load(I64, flags, record, offsets::OBJECT_LEN as i32))
    }

    fn index_of(&self, table: u32, value: Value) -> Result<Value, Declined> {
        let ty = self.module.table(TableIdx(table)).ok_or(Declined::Bug("no such table"))?;
        Ok(if ty.table64 { value } else { self.narrowed(value, I32) })
    }

    /// Where an element of a table is, and the flags of an access; traps where there is none (in
    /// the masked shape by the access).
    pub(crate) fn element(
        &self,
        table: u32,
        index: Value,
        kind: u8,
    ) -> Result<(Value, MemFlagsData), Declined> {
        let masks = self.layout.masks();
        let (emit, table) = (self.emit, planted!(OtherTable, table, 0));
        let ty = self.module.table(TableIdx(table)).ok_or(Declined::Bug("no such table"))?;
        let index = match ty.table64 {
            true if !masks => emit.computed_once(index),
            wide => self.clamped(index, wide, ADDRESS_MAX / 8),
        };
        if emit.constant(index).is_some_and(|index| index >= ADDRESS_MAX / 8) {
            emit.trap_always(kind);
        }
        let len = self.table_len(table);
        let beyond = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThanOrEqual, index, len));
        if !masks {
            emit.trap_if(beyond, kind);
        }
        let base = self.base(self.layout.table_base(table));
        let three = self.word(3);
        let bytes = emit.ins(|i| i.ishl(index, three));
        let at = emit.ins(|i| i.iadd(base, bytes));
        let flags = emit.flags(Region::Table);
        if !masks {
            return Ok((at, flags.with_notrap()));
        }
        let nowhere = self.nowhere();
        let at = emit.ins(|i| i.select_spectre_guard(beyond, nowhere, at));
        Ok((at, flags.with_trap_code(Some(abi::trap(kind)))))
    }

    /// An operator that the store performs; gives the cell of its result.
    pub(crate) fn perform(
        &mut self,
        opcode: Opcode,
        first: u32,
        second: u32,
        args: &[Value],
    ) -> Result<Value, Declined> {
        let (emit, flags) = (self.emit, self.word_flags(Region::Store));
        let store = self.store_words();
        let cells_at =
            emit.ins(|i| i.load(I64, abi::immutable(), store, offsets::STORE_ARGS as i32));
        let ends = args.iter().scan(0, |end, &arg| {
            *end += cells(emit.type_of(arg));
            Some(*end)
        });
        let mut places: Vec<(i32, Value)> =
            ends.zip(args).map(|(end, &arg)| (end - cells(emit.type_of(arg)), arg)).collect();
        // A reference comes last: what computes a number may branch, and claims say nothing of
        // cells, so the check would forget behind it that a cell holds a reference.
        if opcode == Opcode::TableGrow {
            places.reverse();
        } else if let (Opcode::TableFill, [_, rest @ ..]) = (opcode, &mut places[..]) {
            rest.reverse();
        }
        for (cell, arg) in planted!(SwappedCells, places, crate::plant::swapped(places)) {
            put_cell(emit, flags, cells_at, cell, arg);
        }
        let operands = [
            u64::from(opcode as u16),
            planted!(OtherSegment, first, first ^ 1).into(),
            second.into(),
        ]
        .map(|word| self.word(word));
        self.builtin(offsets::BUILTIN_PERFORM, &operands)
    }

    /// Calls a builtin.
    pub(crate) fn builtin(&mut self, index: u32, operands: &[Value]) -> Result<Value, Declined> {
        let emit = self.emit;
        let table = self.field(offsets::BUILTINS);
        let code = emit.ins(|i| i.load(I64, abi::immutable(), table, 8 * index as i32));
        let signature = self.abi.builtin(operands.len());
        let signature = emit.func.borrow_mut().import_signature(signature);
        let args: Vec<Value> = [self.vmctx, self.left].iter().chain(operands).copied().collect();
        let call = emit.ins(|i| i.call_indirect(signature, code, &args));
        self.fuel_changes();
        emit.results(call).first().copied().ok_or(Declined::Bug("a builtin without result"))
    }
}
