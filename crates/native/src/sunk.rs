//! Loads that Cranelift makes the operand of another instruction: which operator they are.
//!
//! An instruction has the source of one operator. Where it takes an operand from memory for that
//! operator, the access belongs to another one, which the source does not name. A load moves past
//! nothing that has an effect, so it is the last access before the operator in its block.
//!
//! Limits: where the optimiser moved the operator to another block, the place of a trap may be that
//! of another access. Only backtraces depend on it.

use crate::NativeCode;
use prova_check::traps;
use prova_check::x64::{Class as InsnClass, Instructions, Operand};
use prova_module::ops::Class;
use prova_ssa::{Body, Op};
use std::collections::BTreeMap;

/// Gives rows of accesses the operator that accesses.
pub(crate) fn name_accesses(body: &Body, code: &mut NativeCode) {
    let before = accesses_before(body);
    let mut instructions = Instructions::new(&code.bytes);
    for row in code.traps.iter_mut().filter(|row| row.kind == traps::MEMORY_OUT_OF_BOUNDS) {
        let Some((access, Some(last))) = before.get(&row.wasm_offset) else { continue };
        // A store into which its load and an operator between have gone reads first.
        let mut reads = || {
            let insn = instructions.at(row.code_offset).ok();
            let changes = |class| matches!(class, InsnClass::Alu(_));
            insn.is_some_and(|insn| {
                changes(insn.class) && matches!(insn.operand(0), Ok(Operand::Memory(_)))
            })
        };
        let sunk = match access {
            Access::None => true,
            Access::Plain => reads(),
            Access::Atomic => false,
        };
        if sunk {
            row.wasm_offset = *last;
        }
    }
}

/// Whether an operator accesses a memory by one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    None,
    /// A load or a store.
    Plain,
    Atomic,
}

impl Access {
    fn of(op: Op) -> Access {
        let Op::Wasm(opcode) = op else { return Access::None };
        match opcode.class() {
            Class::load | Class::load_lane | Class::store | Class::store_lane => Access::Plain,
            Class::atomic_load
            | Class::atomic_store
            | Class::atomic_rmw
            | Class::atomic_cmpxchg
            | Class::atomic_wait
            | Class::atomic_notify => Access::Atomic,
            Class::pure
            | Class::pure2
            | Class::trap
            | Class::select
            | Class::constant
            | Class::null
            | Class::global_get
            | Class::global_set
            | Class::fence
            | Class::quick
            | Class::effect
            | Class::call
            | Class::call_indirect
            | Class::call_ref
            | Class::drop_
            | Class::nop
            | Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::unreachable
            | Class::block
            | Class::loop_
            | Class::if_
            | Class::try_table
            | Class::else_
            | Class::end
            | Class::br
            | Class::br_if
            | Class::br_table
            | Class::br_on_null
            | Class::br_on_non_null
            | Class::return_
            | Class::return_call
            | Class::return_call_indirect
            | Class::return_call_ref
            | Class::throw
            | Class::throw_ref
            | Class::refused => Access::None,
        }
    }
}

/// By the offset of each operator: how it accesses memory, and the last access before it in its
/// block.
fn accesses_before(body: &Body) -> BTreeMap<u32, (Access, Option<u32>)> {
    let mut before = BTreeMap::new();
    for (_, block) in body.blocks() {
        let mut last = None;
        for inst in block.insts() {
            let inst = body.inst(inst);
            let access = Access::of(inst.op);
            before.entry(inst.offset).or_insert((access, last));
            if access != Access::None {
                last = Some(inst.offset);
            }
        }
        before.entry(block.end).or_insert((Access::None, last));
    }
    before
}
