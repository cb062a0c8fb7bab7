//! Loads that Cranelift makes the operand of another instruction: which operator they are.
//!
//! An instruction has the source of one operator, or of none if the optimiser made it. Where it
//! takes an operand from memory, the access belongs to another operator, which the source does not
//! name. So each load gets a separate trap code once the optimiser is done, which stays with the
//! access wherever it goes.
//!
//! A store that another one overwrites is left out by Cranelift, unless their codes differ: the
//! trap of the first would be the second's. So stores have different codes until the optimiser is
//! done, and then the same again.
//!
//! Invariants:
//! - S1. A load and a store between which an operator stands have one code: Cranelift makes them
//!   one instruction only if their flags are the same.
//! - S2. Of the loads with a code whose offset is the instruction's displacement, or of all if
//!   none is, a row means the one that is nearest to its instruction's source, or to a neighbour's
//!   source, if both neighbours are on one side of it: an operator that others share has the source
//!   of the first of them.
//!
//! Limits: there are [`CODES`] codes. In a function of more loads, one whose instruction has a
//! source that is far away may be taken for another. Only backtraces depend on it, and whether the
//! code is proved equal.

use crate::abi;
use crate::emit::Region;
use cranelift_codegen::ir::{Function, Inst, InstructionData};
use cranelift_codegen::ir::{MemFlags, MemFlagsData, Opcode, TrapCode};
use prova_check::traps;
use prova_check::x64::{Class, Instructions, Operand};
use std::cell::Cell;
use std::collections::BTreeSet;

/// The codes of loads begin behind those of kinds.
const FIRST: u8 = traps::CAST_FAILURE + 1;

/// How many codes there are for loads.
const CODES: u8 = 200;

/// The loads of a function that may trap, in the order of its code.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    /// The offset of each load's operator, and the offset that it adds to its address.
    sources: Vec<(u32, Option<i32>)>,
    /// The offsets of stores that have the code of a load.
    stores: BTreeSet<u32>,
}

/// The flags of a store: those of an access, with a code that the stores before it do not have.
pub(crate) fn flags_of_store(stores: &Cell<usize>, flags: MemFlagsData) -> MemFlagsData {
    let number = stores.replace(stores.get().wrapping_add(1));
    if flags.trap_code().is_some() { flags.with_trap_code(code(number)) } else { flags }
}

fn code(number: usize) -> Option<TrapCode> {
    TrapCode::user(FIRST + (number % usize::from(CODES)) as u8)
}

/// Gives each load a code, and stores their own again.
pub(crate) fn number(func: &mut Function) -> Loads {
    let mut loads = Loads::default();
    let mut block = func.layout.entry_block();
    while let Some(here) = block {
        let mut next = func.layout.first_inst(here);
        while let Some(inst) = next {
            let opcode = func.dfg.insts[inst].opcode();
            let may_trap = func.dfg.insts[inst].memflags_trap_code(&func.dfg).is_some();
            if may_trap && is_of_table(func, inst) {
                if opcode.can_store() {
                    set_code(func, inst, Some(abi::trap(traps::TABLE_OUT_OF_BOUNDS)));
                }
            } else if may_trap && opcode.can_load() && !opcode.can_store() {
                number_load(func, inst, &mut loads);
            } else if may_trap && let Some(flags) = load_of(func, inst) {
                set_flags(func, inst, flags);
                loads.stores.insert(func.srcloc(inst).bits());
            } else if may_trap {
                set_code(func, inst, Some(abi::trap(traps::MEMORY_OUT_OF_BOUNDS)));
            }
            next = func.layout.next_inst(inst);
        }
        block = func.layout.next_block(here);
    }
    loads
}

/// Whether an access is one of a table. The code of a load of one stays: it says which operator's
/// kind of trap it is.
fn is_of_table(func: &Function, inst: Inst) -> bool {
    let Some(data) = func.dfg.insts[inst].memflags_data(&func.dfg) else { return false };
    let table = |region| func.dfg.alias_regions[region].user_id == Region::Table.id();
    data.alias_region().is_some_and(table)
}

fn number_load(func: &mut Function, inst: Inst, loads: &mut Loads) {
    if set_code(func, inst, code(loads.sources.len())) {
        let offset = func.dfg.insts[inst].load_store_offset();
        loads.sources.push((func.srcloc(inst).bits(), offset));
    }
}

/// Gives an access a code; false if there are too many flags.
fn set_code(func: &mut Function, inst: Inst, code: Option<TrapCode>) -> bool {
    let Some(data) = func.dfg.insts[inst].memflags_data(&func.dfg) else { return false };
    let Ok(flags) = func.dfg.mem_flags.insert(data.with_trap_code(code)) else { return false };
    set_flags(func, inst, flags);
    true
}

fn set_flags(func: &mut Function, inst: Inst, flags: MemFlags) {
    if let Some(of) = func.dfg.insts[inst].memflags_mut() {
        *of = flags;
    }
}

/// The flags of the load that a store, its operator and it may become one instruction with.
fn load_of(func: &Function, store: Inst) -> Option<MemFlags> {
    let InstructionData::Store { opcode: Opcode::Store, args: [value, to], offset, flags } =
        func.dfg.insts[store]
    else {
        return None;
    };
    let operator = func.dfg.value_def(value).inst()?;
    let kind = |flags: MemFlags| func.dfg.mem_flags[flags].with_trap_code(None);
    func.dfg.inst_values(operator).find_map(|value| {
        let load = func.dfg.value_def(value).inst()?;
        let InstructionData::Load { opcode: Opcode::Load, arg, offset: at, flags: of } =
            func.dfg.insts[load]
        else {
            return None;
        };
        let block = |inst| func.layout.inst_block(inst);
        let same = (arg, at, kind(of), block(load)) == (to, offset, kind(flags), block(store));
        same.then_some(of)
    })
}

/// The kind of a code, a load's or another's.
pub(crate) fn kind(code: TrapCode) -> Option<u8> {
    match ordinal(code) {
        Some(_) => Some(traps::MEMORY_OUT_OF_BOUNDS),
        None => abi::kind(code),
    }
}

/// Which of the codes of loads a code is.
fn ordinal(code: TrapCode) -> Option<usize> {
    let of = code.as_raw().get().checked_sub(FIRST)?;
    (of < CODES).then_some(usize::from(of))
}

impl Loads {
    /// The operator that traps in the instruction at `at` with a code, if it is a load; the
    /// instruction has a source and stands near another one.
    pub(crate) fn source(
        &self,
        code: TrapCode,
        (bytes, at): (&[u8], u32),
        (own, near): (u32, u32),
    ) -> Option<u32> {
        let of = ordinal(code)?;
        if self.stores.contains(&own) && !changes_memory(bytes, at) {
            return None;
        }
        let with_code = self.sources.iter().copied().skip(of).step_by(CODES.into());
        let added = displacement(bytes, at);
        let other = |offset: Option<i32>| added.is_some_and(|added| offset != Some(added));
        let found = with_code.min_by_key(|(of, offset)| (other(*offset), of.abs_diff(near)));
        found.map(|(source, _)| source)
    }
}

/// The displacement of an instruction's memory operand.
fn displacement(bytes: &[u8], at: u32) -> Option<i32> {
    let insn = Instructions::new(bytes).at(at).ok()?;
    let mut operands = (0..insn.operands()).filter_map(|n| insn.operand(n).ok());
    operands.find_map(|operand| match operand {
        Operand::Memory(address) => i32::try_from(address.disp as i64).ok(),
        Operand::Register(..) | Operand::Vector | Operand::Immediate(_) => None,
    })
}

/// Whether an instruction reads what it writes to memory.
fn changes_memory(bytes: &[u8], at: u32) -> bool {
    let insn = Instructions::new(bytes).at(at);
    insn.is_ok_and(|insn| {
        matches!(insn.class, Class::Alu(_)) && matches!(insn.operand(0), Ok(Operand::Memory(_)))
    })
}
