//! An estimate of the compiling work beyond linear time: CLIF → units of work, which decide whether
//! a function stays bytecode.
//!
//! The optimiser and the register allocator are fast on what programs have, and slow on some
//! shapes: values that live long where many live, parameters of many blocks, blocks far below the
//! one where a constant is available. How long they take on a machine does not matter here: the
//! estimate counts sizes of the CLIF, so that a function is machine code everywhere or nowhere. A
//! unit is about what takes a nanosecond.
//!
//! ```text
//! before the optimiser:  insts · depth of the dominator tree / 2                              (E1)
//! before the allocator:  32 · area + params · (crossing + params) + crossing · span / 4       (E2)
//! ```
//!
//! where *area* is the sum of the instructions over which each value lives (constants live nowhere:
//! each use makes its own), *crossing* how many values live in more than one block, *span* how many
//! blocks the longest of them lives in, *params* how many values edges hand over to blocks.
//!
//! - E1. Each pure instruction is looked for along the way from its block up to where its operands
//!   are available (Cranelift's `egraph`).
//! - E2. A value without a register is tried in each, and everything in its way is collected
//!   (regalloc2's `spill`); for each value that begins a block, parameters of edges are searched,
//!   and a map with a place for each block of the longest value is cleared (`moves`).
//!
//! Limits: [`WORK_PER_INST`], and functions of few instructions, for which nothing is counted
//! ([`INSTS_FREE`]). Noticed by: `tests/limits.rs`, on both sides.

use crate::Declined;
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, Function, Opcode, Value, ValueDef};

/// Maximum units of work for each instruction of the CLIF; beyond it a function stays bytecode.
/// Code of compilers needs hundreds. A unit is about a nanosecond, and compiling an instruction
/// takes some thousand of them in any function.
pub const WORK_PER_INST: u64 = 1 << 13;

/// Functions with at most this number of instructions are compiled, at any shape.
pub const INSTS_FREE: usize = 1 << 10;

/// Whether the optimiser may have a function (E1).
///
/// # Errors
/// [`Declined::Work`].
pub(crate) fn before_optimiser(func: &Function) -> Result<(), Declined> {
    let insts = func.dfg.num_insts();
    let most_deep = (WORK_PER_INST * 2) as usize;
    // No tree is deeper than its blocks.
    if insts <= INSTS_FREE || func.dfg.num_blocks() <= most_deep {
        return Ok(());
    }
    let cfg = ControlFlowGraph::with_function(func);
    let domtree = DominatorTree::with_function(func, &cfg);
    let mut depths = vec![0_usize; func.dfg.num_blocks()];
    for &block in domtree.cfg_rpo() {
        let above = domtree.idom(block).map_or(0, |above| depths[above.as_u32() as usize]);
        depths[block.as_u32() as usize] = above + 1;
    }
    let deepest = depths.into_iter().max().unwrap_or(0);
    if deepest > most_deep { Err(Declined::Work(WORK_PER_INST)) } else { Ok(()) }
}

/// Whether the register allocator may have a function (E2).
///
/// # Errors
/// [`Declined::Work`].
pub(crate) fn before_allocator(func: &Function) -> Result<(), Declined> {
    let lens = lens(func);
    let insts: u64 = lens.iter().copied().map(u64::from).sum();
    if insts <= INSTS_FREE as u64 {
        return Ok(());
    }
    let most = WORK_PER_INST * insts;
    match Lives::of(func, &lens, most).filter(|lives| lives.work() <= most) {
        Some(_) => Ok(()),
        None => Err(Declined::Work(WORK_PER_INST)),
    }
}

/// How long the values of a function live.
#[derive(Debug, Default)]
struct Lives {
    area: u64,
    crossing: u64,
    span: u64,
    params: u64,
}

/// Where a value is made, or used: the block, and the number of the instruction in it.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    block: u32,
    inst: u32,
}

impl Lives {
    fn work(&self) -> u64 {
        let Lives { area, crossing, span, params } = *self;
        let starts = crossing.saturating_add(params);
        let sum = area.saturating_mul(AREA_WORK).saturating_add(params.saturating_mul(starts));
        sum.saturating_add(crossing.saturating_mul(span) / 4)
    }

    /// Counts; `None` if it is more work than `most` to count them, and so to compile.
    fn of(func: &Function, lens: &[u32], most: u64) -> Option<Lives> {
        let cfg = ControlFlowGraph::with_function(func);
        let uses = Uses::of(func);
        let mut lives = Lives { params: uses.params, ..Lives::default() };
        // The value for which a block was seen last.
        let mut seen = vec![u32::MAX; func.dfg.num_blocks()];
        let mut left: Vec<Block> = Vec::new();
        for (value, uses) in uses.by_value() {
            let def = uses.def;
            let (mut end, mut span) = (def.inst, 0);
            for at in uses.places {
                if at.block == def.block && at.inst >= def.inst {
                    end = end.max(at.inst);
                } else {
                    left.push(Block::from_u32(at.block));
                }
            }
            while let Some(block) = left.pop() {
                let at = block.as_u32() as usize;
                if std::mem::replace(&mut seen[at], value) == value {
                    continue;
                }
                span += 1;
                lives.area += u64::from(lens[at]);
                for pred in cfg.pred_iter(block) {
                    match pred.block.as_u32() == def.block {
                        true => end = lens[def.block as usize],
                        false => left.push(pred.block),
                    }
                }
                if lives.area.saturating_mul(AREA_WORK) > most {
                    return None;
                }
            }
            lives.area += u64::from(end - def.inst);
            lives.crossing += u64::from(span > 0);
            lives.span = lives.span.max(span);
        }
        Some(lives)
    }
}

/// Units of work for each instruction over which a value lives.
const AREA_WORK: u64 = 32;

/// The instructions of each block.
fn lens(func: &Function) -> Vec<u32> {
    let mut lens = vec![0; func.dfg.num_blocks()];
    for block in func.layout.blocks() {
        lens[block.as_u32() as usize] = func.layout.block_insts(block).count() as u32;
    }
    lens
}

/// Where each value is made and used, by value.
struct Uses {
    /// For each value where it is made.
    defs: Vec<Place>,
    /// For each value where its uses begin among all; and their number behind the last one.
    starts: Vec<u32>,
    places: Vec<Place>,
    /// Values that edges hand over to blocks.
    params: u64,
}

/// A value's uses.
struct UsesOf<'a> {
    def: Place,
    places: &'a [Place],
}

impl Uses {
    fn of(func: &Function) -> Uses {
        let dfg = &func.dfg;
        let constant = |inst| {
            let opcode = dfg.insts[inst].opcode();
            matches!(opcode, Opcode::Iconst | Opcode::F32const | Opcode::F64const)
        };
        let is_constant = |value: Value| matches!(dfg.value_def(value), ValueDef::Result(inst, _) if constant(inst));
        let mut uses = Uses {
            defs: vec![Place::default(); dfg.num_values()],
            starts: vec![0; dfg.num_values() + 1],
            places: Vec::new(),
            params: 0,
        };
        let mut used: Vec<(Value, Place)> = Vec::new();
        for block in func.layout.blocks() {
            let mut at = Place { block: block.as_u32(), inst: 0 };
            for &param in dfg.block_params(block) {
                uses.defs[param.as_u32() as usize] = at;
            }
            for inst in func.layout.block_insts(block) {
                let direct = dfg.inst_args(inst).len();
                for (nth, value) in dfg.inst_values(inst).enumerate() {
                    uses.params += u64::from(nth >= direct);
                    if !is_constant(value) {
                        used.push((value, at));
                        uses.starts[value.as_u32() as usize + 1] += 1;
                    }
                }
                for &result in dfg.inst_results(inst) {
                    uses.defs[result.as_u32() as usize] = at;
                }
                at.inst += 1;
            }
        }
        for at in 1..uses.starts.len() {
            uses.starts[at] += uses.starts[at - 1];
        }
        uses.places = vec![Place::default(); used.len()];
        let mut next = uses.starts.clone();
        for (value, place) in used {
            let next = &mut next[value.as_u32() as usize];
            uses.places[*next as usize] = place;
            *next += 1;
        }
        uses
    }

    /// The values that are used, with their uses.
    fn by_value(&self) -> impl Iterator<Item = (u32, UsesOf<'_>)> {
        let ranges = self.starts.windows(2).zip(&self.defs).enumerate();
        ranges.filter(|(_, (range, _))| range[0] < range[1]).map(|(value, (range, &def))| {
            let places = &self.places[range[0] as usize..range[1] as usize];
            (value as u32, UsesOf { def, places })
        })
    }
}
