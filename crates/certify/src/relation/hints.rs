//! Sources of instructions, as a compiler says them → places in the body that code comes to next.
//!
//! An instruction that may trap, calls, stores, or divides the ways belongs to an operator that the
//! body comes to in order. So at an offset from which the code goes straight to such an instruction
//! the body stands there, or before it. Where accesses are compared they have no rows of traps, so
//! what loads belongs to the operator of its source. Where code does nothing but jump back, the
//! body makes its own step to the next round there. Nothing here is trusted, and no hint has to be
//! right: other instructions move.
//!
//! Limits: [`HINTS_MAX`] operators for each offset, and as many places of each.

use super::related::Related;
use super::scan::scan;
use prova_check::x64::{Address, Class, Insn};
use prova_module::Opcode;
use prova_module::ops::Class as OpClass;
use prova_ssa::{Body, Def, Imm, Op, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

/// Operators for one offset, and places of an operator, at most.
const HINTS_MAX: usize = 4;

/// A place in the body that the code comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint {
    /// The block.
    pub(crate) block: u32,
    /// The instruction in it.
    pub(crate) at: u32,
    /// Whether all that it owes before is done.
    pub(crate) acts: bool,
    /// Whether the body may stand before it: others come in between.
    pub(crate) later: bool,
    /// Whether the code loads before it, or there, as far as sources say.
    pub(crate) loads: bool,
}

/// Hints, by offset.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    /// The places that the code comes to next, the next one first.
    pub(crate) places: BTreeMap<u32, Vec<Hint>>,
    /// Where the code jumps back without coming to a place.
    pub(crate) rounds: BTreeSet<u32>,
}

/// By offset, an instruction's operator, whether the instruction is what the operator does, and
/// whether it is known by its source alone to access a memory.
type Bears = BTreeMap<u32, (u32, bool, bool)>;

/// Instructions behind which the code does not go straight on, with where a jump leads.
type Ends = BTreeMap<u32, Option<u32>>;

/// The hints at all offsets to which code jumps, and behind these jumps.
pub(crate) fn hints(body: &Body, code: &Related<'_>, compared: bool) -> Hints {
    if code.sources.is_empty() {
        return Hints::default();
    }
    let places = places(body);
    let loading = loading(body);
    let (bears, ends, targets) = bearing(code, compared.then(|| numbers(body)));
    let mut found = Hints::default();
    let mut behind: Vec<Hint> = Vec::new();
    for &at in targets.iter().rev() {
        let mut here = Vec::new();
        // Where others come in the body may go on without an instruction.
        let stop = ends.range(at..).next().map_or(u32::MAX, |(&end, _)| end.saturating_add(1));
        let next = targets.range((Excluded(at), Unbounded)).next().copied().unwrap_or(u32::MAX);
        // A jump to before the code leads behind all of it.
        let mut loads = false;
        for (_, (source, acts, by_source)) in bears.range(at..next.min(stop).max(at)) {
            // The next load of the body is a place to stand at, another one is not.
            loads |= *by_source && !loading.contains(source);
            if here.len() < HINTS_MAX {
                let places = places.get(source).into_iter().flatten().take(HINTS_MAX);
                let hint = |&(block, at)| Hint { block, at, acts: *acts, later: false, loads };
                here.extend(places.map(hint));
            }
        }
        if here.is_empty() {
            // The code goes on behind the next branch, or where its jump leads.
            let end = ends.get(&stop.saturating_sub(1)).copied().flatten();
            if next >= stop && end.is_some_and(|end| end <= at) {
                found.rounds.insert(at);
            }
            let end = end.filter(|&end| end > at);
            let end = end.and_then(|end| found.places.get(&end));
            let on = if next < stop { Some(&behind) } else { end };
            here.extend(on.into_iter().flatten().map(|&hint| Hint { later: true, ..hint }));
        }
        behind.clone_from(&here);
        found.places.insert(at, here);
    }
    found
}

/// Whether an instruction may access a memory: an address has a base that is none of the frame's,
/// and an index or the distance of an access whose index is a number.
fn accesses(insn: &Insn, numbers: &BTreeSet<u64>) -> bool {
    let outside = |register: u8| register != 4 && register != 5;
    let access = |to: &Address| to.index.is_some() || numbers.contains(&to.disp);
    insn.class != Class::Lea
        && insn.memory().is_some_and(|to| access(&to) && to.base.is_some_and(outside))
}

/// Where the accesses of the body are whose indices are numbers.
fn numbers(body: &Body) -> BTreeSet<u64> {
    let number = |value: Value| {
        let Def::Result(inst, _) = body.value(value).def else { return None };
        let data = body.inst(inst);
        let is_number = matches!(data.op, Op::Wasm(Opcode::I32Const | Opcode::I64Const));
        let Imm::Bits(n) = data.imm else { return None };
        is_number.then_some(n)
    };
    let insts = body.blocks().flat_map(|(_, data)| data.insts());
    let place = |inst| {
        let data = body.inst(inst);
        let Imm::Access(access) = data.imm else { return None };
        number(*body.operands(data.args).first()?)?.checked_add(access.offset)
    };
    insts.filter_map(place).collect()
}

/// The offsets in the module of loads.
fn loading(body: &Body) -> BTreeSet<u32> {
    let insts = body.blocks().flat_map(|(_, data)| data.insts());
    let loads = insts
        .map(|inst| body.inst(inst))
        .filter(|data| matches!(data.op, Op::Wasm(opcode) if opcode.class() == OpClass::load));
    loads.map(|data| data.offset).collect()
}

/// The places of operators that are no pure ones, and of the ends of blocks, by offset in the
/// module.
fn places(body: &Body) -> BTreeMap<u32, Vec<(u32, u32)>> {
    let mut places: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for (block, data) in body.blocks() {
        let mut count = 0;
        for (i, inst) in (0_u32..).zip(data.insts()) {
            let inst = body.inst(inst);
            if !inst.op.effects().is_pure() {
                places.entry(inst.offset).or_default().push((block.as_u32(), i));
            }
            count = i + 1;
        }
        places.entry(data.end).or_default().push((block.as_u32(), count));
    }
    places
}

/// Instructions that belong to an operator in order, with it and whether they are what it does;
/// instructions behind which the code does not go straight on; and the offsets that are jumped to.
fn bearing(code: &Related<'_>, compared: Option<BTreeSet<u64>>) -> (Bears, Ends, BTreeSet<u32>) {
    let (mut bears, mut ends, mut targets) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    let source = |at: u32| {
        let after = code.sources.partition_point(|source| source.0 <= at);
        let found = code.sources.get(after.checked_sub(1)?)?;
        (at < found.1).then_some(found.2)
    };
    scan(code, |insn, _| {
        let at = insn.offset;
        let traps = code.traps.binary_search_by_key(&at, |row| row.code_offset);
        let is_way = matches!(
            insn.class,
            Class::Jump
                | Class::Branch(_)
                | Class::JumpTo
                | Class::Return
                | Class::Call
                | Class::Leave
                | Class::CallTo
        );
        // A branch and a division may be what the operator owes first.
        let acts = !matches!(insn.class, Class::Branch(_) | Class::Divide | Class::Trap);
        if let Ok(row) = traps {
            bears.insert(at, (code.traps[row].wasm_offset, acts, false));
        } else if let (true, Some(source)) = (is_way, source(at)) {
            bears.insert(at, (source, acts, false));
        } else if compared.as_ref().is_some_and(|numbers| accesses(insn, numbers)) {
            // A load that is merged into another instruction may have no source.
            let stores = matches!(insn.class, Class::Move | Class::Vector) && insn.place(0).0;
            bears.insert(
                at,
                match source(at) {
                    Some(source) => (source, stores, !stores),
                    None => (u32::MAX, false, true),
                },
            );
        }
        if matches!(insn.class, Class::Jump | Class::Branch(_)) {
            targets.insert(insn.target());
            targets.insert(insn.end());
        }
        if matches!(
            insn.class,
            Class::Jump | Class::Leave | Class::JumpTo | Class::Return | Class::Trap
        ) {
            ends.insert(at, (insn.class == Class::Jump).then(|| insn.target()));
        }
    });
    (bears, ends, targets)
}
