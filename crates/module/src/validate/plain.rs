//! Plain operators that follow each other, validated in one tight loop: they cost 1 each, take and
//! give few values, and change neither blocks nor reachability, so that only the sums over a run of
//! them matter.
//!
//! The two passes over a body (`FrameBuilder`, and `BodyValidator` with `FactsBuilder`) treat every
//! other operator one by one, and all of them where the types of operands matter (`v128`,
//! references to exceptions and objects).
//!
//! # Invariants
//! * P1. Of each operator the work is taken off the budget before the validator sees it, and behind
//!   it the height is compared with its limit, as the passes do it for the others.
//! * P2. The run ends before the first operator that does not begin with a byte that has a part in
//!   it ([`PARTS`]). Each such byte is an operator by itself, which is plain ([`is_plain`]),
//!   `local.set` or `local.tee`.
//!
//! Time: constant for an operator. Noticed by: `tests/two_passes.rs`, `tests/oracle.rs`.

use crate::cost::is_plain;
use crate::error::{Error, Result};
use crate::facts::{BodyContext, Budgeted};
use crate::visit::Operators;
use wasmparser::{FuncValidator, WasmModuleResources};

/// The sums over a run of plain operators.
#[derive(Debug)]
pub(crate) struct PlainRun {
    /// Where the first one is.
    pub(crate) start: u32,
    /// How many there are.
    pub(crate) count: u64,
    /// The greatest number of operands behind one of them.
    pub(crate) height_max: u32,
    /// The locals that they write, by index modulo 64.
    pub(crate) written: u64,
}

/// Validates plain operators up to the next other one, or to the end.
#[inline]
pub(crate) fn run<R: WasmModuleResources>(
    reader: &mut Operators<'_>,
    validator: &mut FuncValidator<R>,
    cx: &BodyContext<'_>,
    budget: &mut impl Budgeted,
) -> Result<PlainRun> {
    let limit = cx.limits.operand_height;
    let mut offset = reader.original_position();
    let mut run = PlainRun { start: offset as u32, count: 0, height_max: 0, written: 0 };
    while !reader.eof()
        && let Some(&byte) = cx.bytes.get(offset as usize)
        && let part = PARTS[usize::from(byte)]
        && part != Part::None
    {
        budget.spend(1, offset as usize)?;
        if part == Part::WritesLocal {
            run.written |= 1 << (local_index(reader)? % 64);
        }
        reader.visit(&mut validator.visitor(offset))??;
        let height = validator.operand_stack_height();
        if height > run.height_max {
            if u64::from(height) > limit {
                return Err(Error::limit("operand_height", limit, height.into(), offset as usize));
            }
            run.height_max = height;
        }
        run.count += 1;
        offset = reader.original_position();
    }
    Ok(run)
}

/// Whether the byte is `local.set` or `local.tee`.
#[inline]
pub(crate) const fn writes_local(byte: u8) -> bool {
    matches!(byte, LOCAL_SET | LOCAL_TEE)
}

/// The index of a `local.set` or `local.tee` that comes next.
#[inline]
pub(crate) fn local_index(reader: &Operators<'_>) -> Result<u32> {
    Ok(reader.index_ahead()?)
}

/// The byte of `local.set`.
const LOCAL_SET: u8 = 0x21;
/// The byte of `local.tee`.
const LOCAL_TEE: u8 = 0x22;
/// The byte of `ref.null`, which may be a reference to an exception or object.
pub(crate) const REF_NULL: u8 = 0xd0;
/// The prefix of operators on objects, the first of those that other bytes follow.
pub(crate) const OF_OBJECTS: u8 = 0xfb;

/// The part that an operator has in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It does not stand in one.
    None,
    Plain,
    WritesLocal,
}

/// The parts of operators by their first byte (P2).
const PARTS: [Part; 256] = {
    let mut parts = [Part::None; 256];
    let mut byte = 0;
    while byte < OF_OBJECTS {
        if writes_local(byte) {
            parts[byte as usize] = Part::WritesLocal;
        } else if is_plain(byte, 0) && byte != REF_NULL {
            parts[byte as usize] = Part::Plain;
        }
        byte += 1;
    }
    parts
};
