//! One instruction → its bytes: opcode and immediates, by way of the decoder's own list of
//! operators.
//!
//! wasmparser's operator is made from the opcode and the immediates, wasm-encoder writes it. So
//! there is no table of bytes here: a wrong entry could only stand where the decoder has the same
//! one.

use prova_module::ops::Immediate;
use prova_module::{HeapType, MemArg, MemArgTarget, Opcode, ValType};
use prova_ssa::{Access, Imm, InstData, Op};
use std::sync::LazyLock;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Encode, Instruction};
use wasmparser::{
    BlockType, BrTable, Ieee32, Ieee64, Operator, Ordering, RefType, ResumeTable, TryTable, V128,
    for_each_operator,
};

/// The immediates of an instruction, taken one by one.
struct Fields {
    imm: Imm,
    taken: u32,
}

/// A field of an operator.
trait Field: Sized {
    /// Its value; `None` if the immediates have no such field.
    fn take(fields: &mut Fields) -> Option<Self>;
}

macro_rules! fields {
    ($($ty:ty: $fields:ident => $value:expr;)*) => {
        $(impl Field for $ty {
            fn take($fields: &mut Fields) -> Option<$ty> {
                $value
            }
        })*
    };
}

impl Fields {
    fn bits(&self) -> Option<u64> {
        if let Imm::Bits(bits) = self.imm { Some(bits) } else { None }
    }

    fn bytes(&self) -> Option<[u8; 16]> {
        let Imm::Wide([low, high]) = self.imm else { return None };
        Some((u128::from(low) | u128::from(high) << 64).to_le_bytes())
    }

    fn index(&mut self) -> Option<u32> {
        self.taken += 1;
        match (self.imm, self.taken) {
            (Imm::Index(index) | Imm::Indices(index, _), 1) | (Imm::Indices(_, index), 2) => {
                Some(index)
            }
            (..) => None,
        }
    }

    fn memarg(&self) -> Option<MemArg> {
        let Imm::Access(access) = self.imm else { return None };
        let target = MemArgTarget::Memory(access.memory);
        let (align, offset) = (access.align_log2, access.offset);
        Some(MemArg { align, max_align: align, offset, target, ordering: None })
    }

    fn lane(&self) -> Option<u8> {
        match self.imm {
            Imm::Lane(lane) => Some(lane),
            Imm::Access(access) => Some(access.lane),
            _ => None,
        }
    }
}

fields! {
    i32: fields => Some(fields.bits()? as u32 as i32);
    i64: fields => Some(fields.bits()? as i64);
    Ieee32: fields => Some(f32::from_bits(fields.bits()? as u32).into());
    Ieee64: fields => Some(f64::from_bits(fields.bits()?).into());
    V128: fields => Some(i128::from_le_bytes(fields.bytes()?).into());
    [u8; 16]: fields => fields.bytes();
    u32: fields => fields.index();
    MemArg: fields => fields.memarg();
    u8: fields => fields.lane();
    ValType: fields => if let Imm::Type(ty) = fields.imm { Some(ty) } else { None };
    HeapType: fields => if let Imm::Heap(heap) = fields.imm { Some(heap) } else { None };
    Ordering: _fields => Some(Ordering::SeqCst);
    BlockType: _fields => None;
    BrTable<'static>: _fields => None;
    TryTable: _fields => None;
    ResumeTable: _fields => None;
    RefType: _fields => None;
    Vec<ValType>: _fields => None;
}

macro_rules! define_operator {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The operator with these immediates.
        fn operator(opcode: Opcode, imm: Imm) -> Option<Operator<'static>> {
            let mut _fields = Fields { imm, taken: 0 };
            match opcode {
                $(Opcode::$op => Some(Operator::$op $({ $($arg: Field::take(&mut _fields)?),* })?),)*
            }
        }
    };
}
for_each_operator!(define_operator);

/// The most bytes of an operator before its immediates.
const HEAD_MAX: usize = 6;

/// The immediates that [`write`] writes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    None,
    I32,
    I64,
    Index,
    Access,
    /// Others: [`encode`] writes them.
    Other,
}

/// The bytes of an operator up to its immediates.
#[derive(Clone, Copy, Debug)]
struct Head {
    bytes: [u8; HEAD_MAX],
    len: u8,
    shape: Shape,
}

/// The bytes of each operator up to its immediates, as [`encode`] writes them with immediates of
/// one byte each.
static HEADS: LazyLock<Vec<Head>> =
    LazyLock::new(|| Opcode::ALL.iter().map(|&opcode| head(opcode)).collect());

fn head(opcode: Opcode) -> Head {
    use Immediate as I;
    let (imm, size, shape) = match opcode.row().immediates {
        [] => (Imm::None, 0, Shape::None),
        [I::i32] => (Imm::Bits(0), 1, Shape::I32),
        [I::i64] => (Imm::Bits(0), 1, Shape::I64),
        [I::func | I::global] => (Imm::Index(0), 1, Shape::Index),
        [I::memarg] => {
            let access = Access { offset: 0, memory: 0, align_log2: 0, lane: 0 };
            (Imm::Access(access), 2, Shape::Access)
        }
        _ => (Imm::None, 0, Shape::Other),
    };
    let (mut head, mut bytes) = (Head { bytes: [0; HEAD_MAX], len: 0, shape }, Vec::new());
    // An immediate without bytes is refused where the operator is written.
    _ = encode(opcode, imm, &mut bytes);
    bytes.truncate(bytes.len().saturating_sub(size));
    match head.bytes.get_mut(..bytes.len()) {
        Some(all) if !bytes.is_empty() => {
            all.copy_from_slice(&bytes);
            head.len = bytes.len() as u8;
        }
        _ => head.shape = Shape::Other,
    }
    head
}

/// Writes an unsigned number.
#[inline]
fn unsigned(number: u64, out: &mut Vec<u8>) {
    match number {
        0..0x80 => out.push(number as u8),
        _ => number.encode(out),
    }
}

/// Writes a signed number.
#[inline]
fn signed(number: i64, out: &mut Vec<u8>) {
    match number {
        -0x40..0x40 => out.push(number as u8 & 0x7f),
        _ => number.encode(out),
    }
}

/// Writes an operator; `None` if its immediates are not its own.
pub(super) fn write(opcode: Opcode, imm: Imm, out: &mut Vec<u8>) -> Option<()> {
    let head = &HEADS[opcode as usize];
    let mut start = || match head.len {
        1 => out.push(head.bytes[0]),
        len => out.extend_from_slice(&head.bytes[..usize::from(len)]),
    };
    match (head.shape, imm) {
        (Shape::None, _) => start(),
        (Shape::I32, Imm::Bits(bits)) => {
            start();
            signed(i64::from(bits as u32 as i32), out);
        }
        (Shape::I64, Imm::Bits(bits)) => {
            start();
            signed(bits as i64, out);
        }
        (Shape::Index, Imm::Index(index)) => {
            start();
            unsigned(index.into(), out);
        }
        (Shape::Access, Imm::Access(Access { offset, memory: 0, align_log2, .. })) => {
            start();
            unsigned(align_log2.into(), out);
            unsigned(offset, out);
        }
        (_, _) => return encode(opcode, imm, out),
    }
    Some(())
}

/// The opcode bytes of `local.get`, `local.set`, `local.tee`, which stand before the index.
static LOCALS: LazyLock<[u8; 3]> = LazyLock::new(|| {
    let all = [Instruction::LocalGet(0), Instruction::LocalSet(0), Instruction::LocalTee(0)];
    all.map(|instruction| {
        let mut bytes = Vec::new();
        instruction.encode(&mut bytes);
        bytes.first().copied().unwrap_or(0)
    })
});

/// A use of a local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Get,
    Set,
    Tee,
}

/// The opcode of a use of a local, which is one byte.
pub(super) fn opcode(how: Use) -> u8 {
    LOCALS[how as usize]
}

/// Writes the use of a local.
#[inline]
pub(super) fn local(how: Use, local: u32, out: &mut Vec<u8>) {
    out.push(LOCALS[how as usize]);
    unsigned(local.into(), out);
}

fn encode(opcode: Opcode, imm: Imm, out: &mut Vec<u8>) -> Option<()> {
    let operator = operator(opcode, imm)?;
    let instruction: Instruction<'_> = RoundtripReencoder.instruction(operator).ok()?;
    instruction.encode(out);
    Some(())
}

/// How many bytes an instruction takes.
pub(super) fn size(data: &InstData) -> usize {
    let Op::Wasm(opcode) = data.op else { return 0 };
    let head = &HEADS[opcode as usize];
    let signed = |number: i64| {
        let bits = 64 - (number ^ (number >> 63)).leading_zeros() as usize;
        usize::from(head.len) + bits / 7 + 1
    };
    match (head.shape, data.imm) {
        (Shape::I32, Imm::Bits(bits)) => signed(i64::from(bits as u32 as i32)),
        (Shape::I64, Imm::Bits(bits)) => signed(bits as i64),
        (_, imm) => {
            let mut bytes = Vec::new();
            _ = write(opcode, imm, &mut bytes);
            bytes.len()
        }
    }
}
