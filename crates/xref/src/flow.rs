//! An operator of the structured walk → what it does with the values that it takes: the one list
//! that all analyses of values share.
//!
//! `xref` follows constants through it, `diff` sources of numbers (`uses`) and lengths of texts
//! (`lengths`). Each has values of another kind, and says for each [`Act`] what becomes of them;
//! which operator does what stands here alone.
//!
//! Constant work for each operator.

use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::walk::Site;
use prova_module::{MemArgTarget, Operator};
use std::sync::LazyLock;

/// The act of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A constant.
    I32(i32),
    /// A constant.
    I64(i64),
    /// The bits of a constant.
    F64(u64),
    /// It reads a local.
    Get(u32),
    /// It writes a local; `local.tee` gives the value, too.
    Set(u32),
    /// It reads a global.
    Global(u32),
    /// It writes a global.
    SetGlobal(u32),
    /// It adds or subtracts integers: the sign of the second one.
    Sum(i64),
    /// The bits that two integers share.
    Mask,
    /// One of two values, by the third.
    Select,
    /// A load, store or atomic operator at `offset` from its first operand; the memory, if it
    /// accesses one.
    Access(Option<u32>, u64),
    /// It writes a byte many times into a memory.
    Fill(u32),
    /// It writes a segment into a memory.
    Init(u32),
    /// It copies into the first memory from the second.
    Copy(u32, u32),
    /// It asks for more memory.
    Grow,
    /// It calls a function of the module.
    Call(u32),
    /// It calls through a table.
    Indirect(u32),
    /// It compares two values, or one with zero.
    Compare,
    /// Any other function of its operands, without an effect.
    Pure,
    /// It drops its operand.
    Drop,
    /// Anything else: its operands go where nobody follows them.
    Other,
}

/// An act without its immediates, by opcode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Const,
    Get,
    Set,
    Global,
    SetGlobal,
    Access,
    Fill,
    Init,
    Copy,
    Call,
    Indirect,
    Plain(Act),
}

/// Operators that other ones of their classes are unlike.
const BY_OPCODE: [(Opcode, Kind); 10] = [
    (Opcode::I32Add, Kind::Plain(Act::Sum(1))),
    (Opcode::I64Add, Kind::Plain(Act::Sum(1))),
    (Opcode::I32Sub, Kind::Plain(Act::Sum(-1))),
    (Opcode::I64Sub, Kind::Plain(Act::Sum(-1))),
    (Opcode::I32And, Kind::Plain(Act::Mask)),
    (Opcode::I64And, Kind::Plain(Act::Mask)),
    (Opcode::MemoryFill, Kind::Fill),
    (Opcode::MemoryInit, Kind::Init),
    (Opcode::MemoryCopy, Kind::Copy),
    (Opcode::MemoryGrow, Kind::Plain(Act::Grow)),
];

/// All operators of a class.
const BY_CLASS: [(Class, Kind); 20] = [
    (Class::constant, Kind::Const),
    (Class::select, Kind::Plain(Act::Select)),
    (Class::drop_, Kind::Plain(Act::Drop)),
    (Class::local_get, Kind::Get),
    (Class::local_set, Kind::Set),
    (Class::local_tee, Kind::Set),
    (Class::global_get, Kind::Global),
    (Class::global_set, Kind::SetGlobal),
    (Class::load, Kind::Access),
    (Class::store, Kind::Access),
    (Class::load_lane, Kind::Access),
    (Class::store_lane, Kind::Access),
    (Class::atomic_load, Kind::Access),
    (Class::atomic_store, Kind::Access),
    (Class::atomic_rmw, Kind::Access),
    (Class::atomic_cmpxchg, Kind::Access),
    (Class::atomic_wait, Kind::Access),
    (Class::atomic_notify, Kind::Access),
    (Class::call, Kind::Call),
    (Class::call_indirect, Kind::Indirect),
];

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let one = |opcode: &Opcode| {
        let of_opcode = BY_OPCODE.iter().find(|(own, _)| own == opcode).map(|(_, kind)| *kind);
        let of_class = BY_CLASS.iter().find(|(class, _)| *class == opcode.class());
        of_opcode.or(of_class.map(|(_, kind)| *kind)).unwrap_or(Kind::Plain(match *opcode {
            opcode if opcode.class() != Class::pure => Act::Other,
            opcode if compares(opcode) => Act::Compare,
            _ => Act::Pure,
        }))
    };
    Opcode::ALL.iter().map(one).collect()
});

/// Whether an operator compares: two pointers may well be compared.
fn compares(opcode: Opcode) -> bool {
    let verb = opcode.mnemonic().split('.').next_back().unwrap_or_default();
    ["eq", "ne", "eqz"].contains(&verb)
        || ["lt", "gt", "le", "ge"].contains(&verb.split('_').next().unwrap_or_default())
}

/// The act of an operator.
pub fn act(site: &Site<'_>) -> Act {
    let index = |kind| site.immediates().index(kind).unwrap_or(u32::MAX);
    match KINDS[site.row.opcode as usize] {
        Kind::Plain(act) => act,
        Kind::Const => constant(&site.operator),
        Kind::Get => Act::Get(index(Immediate::local)),
        Kind::Set => Act::Set(index(Immediate::local)),
        Kind::Global => Act::Global(index(Immediate::global)),
        Kind::SetGlobal => Act::SetGlobal(index(Immediate::global)),
        Kind::Call => Act::Call(index(Immediate::func)),
        Kind::Indirect => Act::Indirect(index(Immediate::table)),
        Kind::Fill => Act::Fill(index(Immediate::mem)),
        Kind::Init => Act::Init(index(Immediate::mem)),
        Kind::Copy => {
            let immediates = site.immediates();
            let mut memories = immediates.indices(Immediate::mem);
            let mut next = || memories.next().unwrap_or(u32::MAX);
            Act::Copy(next(), next())
        }
        Kind::Access => match site.immediates().memarg() {
            Some(memarg) => match memarg.target {
                MemArgTarget::Memory(memory) => Act::Access(Some(memory), memarg.offset),
                MemArgTarget::Array(_) => Act::Access(None, memarg.offset),
            },
            None => Act::Other,
        },
    }
}

/// A constant; one of another type is followed nowhere.
fn constant(operator: &Operator<'_>) -> Act {
    if let Operator::I32Const { value } = operator {
        Act::I32(*value)
    } else if let Operator::I64Const { value } = operator {
        Act::I64(*value)
    } else if let Operator::F64Const { value } = operator {
        Act::F64(value.bits())
    } else {
        Act::Other
    }
}

/// An operator on two constants.
pub type Fold = fn(u32, u32) -> u32;

/// Operators that give a constant for constants; addresses are seldom made by the last four.
pub const FOLDS: [(Opcode, Fold); 10] = [
    (Opcode::I32And, |a, b| a & b),
    (Opcode::I32Add, u32::wrapping_add),
    (Opcode::I32Sub, u32::wrapping_sub),
    (Opcode::I32Mul, u32::wrapping_mul),
    (Opcode::I32Shl, u32::wrapping_shl),
    (Opcode::I32Or, |a, b| a | b),
    (Opcode::I32Xor, |a, b| a ^ b),
    (Opcode::I32ShrU, u32::wrapping_shr),
    (Opcode::I32Rotl, |a, b| a.rotate_left(b % 32)),
    (Opcode::I32Rotr, |a, b| a.rotate_right(b % 32)),
];

/// Computes an operator on two constants, if it is one of these.
pub fn fold(folds: &[(Opcode, Fold)], opcode: Opcode, a: u32, b: u32) -> Option<u32> {
    let (_, fold) = folds.iter().find(|(own, _)| *own == opcode)?;
    Some(fold(a, b))
}
