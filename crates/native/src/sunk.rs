//! Loads that Cranelift makes the operand of another instruction: which operator they are.
//!
//! An instruction has the source of one operator. Where it takes an operand from memory for that
//! operator, the access belongs to another one, which the source does not name. A load moves past
//! nothing that has an effect, so it is the last access before the operator in its block. The
//! operator may be an access as well (whose address the load gives): then it has two rows, and the
//! first one is the load's.
//!
//! Limits: where the optimiser moved the operator to another block, a trap may get the place of
//! another access. Only backtraces depend on it.

use crate::NativeCode;
use prova_check::x64::{Class as InsnClass, Instructions, Operand};
use prova_check::{TrapRow, traps};
use prova_module::ops::Class;
use prova_ssa::{Body, Op};
use std::collections::{BTreeMap, BTreeSet};

/// Gives rows of accesses the operator that accesses.
pub(crate) fn name_accesses(body: &Body, code: &mut NativeCode) {
    let before = accesses_before(body);
    let NativeCode { bytes, traps: rows, .. } = code;
    // An explicit comparison of an operator traps by a separate instruction, `ud2`.
    let accesses_memory = |row: &TrapRow| {
        let at = bytes.get(row.code_offset as usize..).unwrap_or(&[]);
        row.kind == traps::MEMORY_OUT_OF_BOUNDS && !at.starts_with(&[0x0f, 0x0b])
    };
    let mut instructions = Instructions::new(bytes);
    let mut left: BTreeMap<u32, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| accesses_memory(row)) {
        *left.entry(row.wasm_offset).or_default() += 1;
    }
    let counts = left.clone();
    // Rows of operators whose own access may have gone into another instruction.
    let mut alone = Vec::new();
    // Loads that are operands of other instructions.
    let mut gone = BTreeSet::new();
    for (i, row) in (0..).zip(rows.iter_mut()).filter(|(_, row)| accesses_memory(row)) {
        let more = left.get_mut(&row.wasm_offset).is_some_and(|left| {
            *left -= 1;
            *left > 0
        });
        let Some((op, last)) = found(&before, row.wasm_offset) else { continue };
        // A store into which its load and an operator between have gone reads first.
        let mut reads = || {
            let insn = instructions.at(row.code_offset).ok();
            let changes = |class| matches!(class, InsnClass::Alu(_));
            insn.is_some_and(|insn| {
                changes(insn.class) && matches!(insn.operand(0), Ok(Operand::Memory(_)))
            })
        };
        let sunk = match op {
            Some(op) => !accesses(op) || (more && is_plain(op)) || (is_store(op) && reads()),
            None => true,
        };
        if sunk {
            row.wasm_offset = last;
            gone.insert(last);
        } else if op.is_some_and(is_load) && counts.get(&row.wasm_offset) == Some(&1) {
            alone.push((row.wasm_offset, i));
        }
    }
    // An operator whose own load is elsewhere has a row for the load that gives its address.
    alone.sort_unstable();
    for (offset, i) in alone.into_iter().rev() {
        let Some((_, last)) = found(&before, offset).filter(|_| gone.contains(&offset)) else {
            continue;
        };
        let is_load = found_op(&before, last).is_some_and(is_load);
        if let Some(row) = rows.get_mut(i).filter(|_| is_load) {
            row.wasm_offset = last;
            gone.insert(last);
        }
    }
}

/// The operator at an offset (none for what ends a block), and the last access before it.
fn found(before: &[Before], offset: u32) -> Option<(Option<Op>, u32)> {
    let at = before.binary_search_by_key(&offset, |&(offset, ..)| offset).ok()?;
    let &(_, op, last) = before.get(at)?;
    Some((op, last?))
}

/// The operator at an offset.
fn found_op(before: &[Before], offset: u32) -> Option<Op> {
    let at = before.binary_search_by_key(&offset, |&(offset, ..)| offset).ok()?;
    before.get(at)?.1
}

/// Whether an operator accesses a memory by one instruction.
fn accesses(op: Op) -> bool {
    matches!(op, Op::Wasm(opcode) if opcode.row().width > 0)
}

/// Whether it is an access of one instruction: a load or a store, other than an atomic one.
fn is_plain(op: Op) -> bool {
    let plain =
        |class| matches!(class, Class::load | Class::load_lane | Class::store | Class::store_lane);
    matches!(op, Op::Wasm(opcode) if plain(opcode.class()))
}

/// Whether it is a load by one instruction, other than an atomic one.
fn is_load(op: Op) -> bool {
    matches!(op, Op::Wasm(opcode) if matches!(opcode.class(), Class::load | Class::load_lane))
}

/// Whether it is a store, other than an atomic one.
fn is_store(op: Op) -> bool {
    matches!(op, Op::Wasm(opcode) if matches!(opcode.class(), Class::store | Class::store_lane))
}

/// The offset of an operator (none for what ends a block), it, and the last access before it in its
/// block.
type Before = (u32, Option<Op>, Option<u32>);

/// All operators of a body, by rising offset.
fn accesses_before(body: &Body) -> Vec<Before> {
    let mut before = Vec::with_capacity(body.inst_count() + body.block_count());
    for (_, block) in body.blocks() {
        let mut last = None;
        for inst in block.insts() {
            let inst = body.inst(inst);
            before.push((inst.offset, Some(inst.op), last));
            if accesses(inst.op) {
                last = Some(inst.offset);
            }
        }
        before.push((block.end, None, last));
    }
    // Of several of an offset the last access counts, as a charge may stand at the same offset
    // before it; without one the first.
    let accesses = |&(_, op, _): &Before| op.is_some_and(accesses);
    before.sort_by_key(|operator| (operator.0, !accesses(operator)));
    before.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same && accesses(next) {
            *kept = *next;
        }
        same
    });
    before
}
