//! One instruction → its bytes: opcode and immediates, by way of the decoder's own list of
//! operators.
//!
//! wasmparser's operator is made from the opcode and the immediates, wasm-encoder writes it. So
//! there is no table of bytes here: a wrong entry could only stand where the decoder has the same
//! one.

use crate::body::{Body, Op};
use crate::entity::Inst;
use crate::imm::{Access, Imm};
use prova_module::ops::Immediate;
use prova_module::{HeapType, MemArg, MemArgTarget, Opcode, ValType};
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

/// The bytes of each operator up to its immediates, as [`encode`] writes them with immediates of
/// one byte each; none of an operator with others than [`write`] knows.
static HEADS: LazyLock<Vec<Box<[u8]>>> = LazyLock::new(|| {
    let heads = Opcode::ALL.iter().map(|&opcode| {
        use Immediate as I;
        let (imm, size) = match opcode.row().immediates {
            [] => (Imm::None, 0),
            [I::i32 | I::i64] => (Imm::Bits(0), 1),
            [I::func | I::global] => (Imm::Index(0), 1),
            [I::memarg] => {
                (Imm::Access(Access { offset: 0, memory: 0, align_log2: 0, lane: 0 }), 2)
            }
            _ => return Box::default(),
        };
        let mut bytes = Vec::new();
        // What has no bytes here is refused there.
        _ = encode(opcode, imm, &mut bytes);
        bytes.truncate(bytes.len().saturating_sub(size));
        bytes.into_boxed_slice()
    });
    heads.collect()
});

/// Writes an operator; `None` if its immediates are not its own.
pub(super) fn write(opcode: Opcode, imm: Imm, out: &mut Vec<u8>) -> Option<()> {
    use Immediate as I;
    let head = &*HEADS[opcode as usize];
    if head.is_empty() {
        return encode(opcode, imm, out);
    }
    match (opcode.row().immediates, imm) {
        ([], _) => out.extend_from_slice(head),
        ([I::i32], Imm::Bits(bits)) => {
            out.extend_from_slice(head);
            (bits as u32 as i32).encode(out);
        }
        ([I::i64], Imm::Bits(bits)) => {
            out.extend_from_slice(head);
            (bits as i64).encode(out);
        }
        ([I::func | I::global], Imm::Index(index)) => {
            out.extend_from_slice(head);
            index.encode(out);
        }
        ([I::memarg], Imm::Access(Access { offset, memory: 0, align_log2, .. })) => {
            out.extend_from_slice(head);
            u32::from(align_log2).encode(out);
            offset.encode(out);
        }
        (_, _) => return encode(opcode, imm, out),
    }
    Some(())
}

/// What stands before the index in the bytes of `local.get`, `local.set`, `local.tee`.
static LOCALS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let all = [Instruction::LocalGet(0), Instruction::LocalSet(0), Instruction::LocalTee(0)];
    all.map(|instruction| {
        let mut bytes = Vec::new();
        instruction.encode(&mut bytes);
        // The index.
        bytes.pop();
        bytes
    })
});

/// What is done with a local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Get,
    Set,
    Tee,
}

/// Writes the use of a local.
pub(super) fn local(how: Use, local: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&LOCALS[how as usize]);
    local.encode(out);
}

fn encode(opcode: Opcode, imm: Imm, out: &mut Vec<u8>) -> Option<()> {
    let operator = operator(opcode, imm)?;
    let instruction: Instruction<'_> = RoundtripReencoder.instruction(operator).ok()?;
    instruction.encode(out);
    Some(())
}

/// How many bytes an instruction takes.
pub(super) fn size(body: &Body, inst: Inst) -> usize {
    let data = body.inst(inst);
    let mut bytes = Vec::new();
    if let Op::Wasm(opcode) = data.op {
        write(opcode, data.imm, &mut bytes);
    }
    bytes.len()
}
