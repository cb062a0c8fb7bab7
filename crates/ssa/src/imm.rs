//! The immediates of an instruction: those of a Wasm operator, in one small value.
//!
//! An operator's row ([`prova_module::ops`]) lists its immediates, and the row's kinds give the
//! parts of an [`Imm`] their meaning, so an [`Imm`] has shapes and no names. Labels, block types
//! and clauses are no immediates here: they are edges.
//!
//! I1. The shape of an instruction's immediates is its row's shape ([`Imm::fits`]).

use prova_module::ops::{Immediate, Value as Field};
use prova_module::walk::Site;
use prova_module::{HeapType, MemArg, MemArgTarget, Opcode, Operator, ValType, heap_code};

/// A memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The offset that is added to the address.
    pub offset: u64,
    /// The index of the memory.
    pub memory: u32,
    /// log2 of the alignment, a hint of the Wasm that means nothing; kept for the way back.
    pub align_log2: u8,
    /// The lane, of a load or store of one; else 0.
    pub lane: u8,
}

/// Immediates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imm {
    /// None, or one with a single meaning (`atomic.fence`).
    None,
    /// A constant of at most 64 bits; one of 32 is zero-extended, floats are bits.
    Bits(u64),
    /// A constant of 128 bits, or the sixteen lanes of a shuffle; the low half first.
    Wide([u64; 2]),
    /// An index.
    Index(u32),
    /// Two indices in the order of the binary format.
    Indices(u32, u32),
    /// An access, with its lane if it has one.
    Access(Access),
    /// A lane.
    Lane(u8),
    /// The type of a `select`.
    Type(ValType),
    /// The heap type of a `ref.null`.
    Heap(HeapType),
}

impl Imm {
    /// The immediates of a Wasm operator; `None` for one whose immediates are labels or types of
    /// blocks, or refused.
    pub fn of(operator: &Operator<'_>) -> Option<Imm> {
        let step = |imm: Option<Imm>, _, field| imm.and_then(|imm| imm.and(field));
        Opcode::fold_immediates(operator, Some(Imm::None), step)
    }

    /// The immediates of the operator of a place in the Wasm, as [`Imm::of`]: those that are most
    /// frequent are found without a look at which of all operators it is.
    #[inline]
    pub(crate) fn at(site: &Site<'_>) -> Option<Imm> {
        // A row has an immediate for each field of the operator.
        if site.row.immediates.is_empty() {
            return Some(Imm::None);
        }
        match site.operator {
            Operator::I32Const { value } => Some(Imm::Bits(u64::from(value as u32))),
            ref operator => Imm::of(operator),
        }
    }

    /// These immediates and one more.
    #[inline(always)]
    fn and(self, field: Field<'_>) -> Option<Imm> {
        Some(match (self, field) {
            (Imm::None, Field::I32(&value)) => Imm::Bits(u64::from(value as u32)),
            (Imm::None, Field::I64(&value)) => Imm::Bits(value as u64),
            (Imm::None, Field::F32(value)) => Imm::Bits(u64::from(value.bits())),
            (Imm::None, Field::F64(value)) => Imm::Bits(value.bits()),
            (Imm::None, Field::V128(value)) => Imm::wide(*value.bytes()),
            (Imm::None, Field::Lanes(&lanes)) => Imm::wide(lanes),
            (Imm::None, Field::Index(&index)) => Imm::Index(index),
            (Imm::Index(first), Field::Index(&second)) => Imm::Indices(first, second),
            (Imm::None, Field::MemArg(memarg)) => Imm::Access(access(memarg)?),
            (Imm::Access(access), Field::Lane(&lane)) => Imm::Access(Access { lane, ..access }),
            (Imm::None, Field::Lane(&lane)) => Imm::Lane(lane),
            (Imm::None, Field::Val(&ty)) => Imm::Type(ty),
            (Imm::None, Field::Heap(&heap)) => Imm::Heap(heap),
            (Imm::None, Field::Ordering(_)) => Imm::None,
            (_, _) => return None,
        })
    }

    fn wide(bytes: [u8; 16]) -> Imm {
        let bits = u128::from_le_bytes(bytes);
        Imm::Wide([bits as u64, (bits >> 64) as u64])
    }

    /// Whether these are immediates of an operator, by shape and by the widths of constants and
    /// lanes.
    pub fn fits(&self, opcode: Opcode) -> bool {
        use Immediate as I;
        match (opcode.row().immediates, *self) {
            ([] | [I::ordering], Imm::None) => true,
            ([I::i32 | I::f32], Imm::Bits(bits)) => bits <= u64::from(u32::MAX),
            ([I::i64 | I::f64], Imm::Bits(_)) => true,
            ([I::v128], Imm::Wide(_)) => true,
            ([I::lanes], Imm::Wide(halves)) => {
                halves.iter().flat_map(|half| half.to_le_bytes()).all(|lane| lane < 32)
            }
            ([I::memarg], Imm::Access(access)) => access.lane == 0 && access.align_log2 < 64,
            ([I::memarg, of], Imm::Access(access)) => {
                of.lanes().is_some_and(|lanes| access.lane < lanes) && access.align_log2 < 64
            }
            ([of], Imm::Lane(lane)) => of.lanes().is_some_and(|lanes| lane < lanes),
            ([I::val], Imm::Type(_)) => true,
            ([I::heap], Imm::Heap(_)) => true,
            ([kind], Imm::Index(_)) => is_index(*kind),
            ([first, second], Imm::Indices(..)) => is_index(*first) && is_index(*second),
            (_, _) => false,
        }
    }

    /// The index that a row's immediate of a kind has; of several the first.
    pub fn index(&self, opcode: Opcode, kind: Immediate) -> Option<u32> {
        let at = opcode.row().immediates.iter().position(|&other| other == kind)?;
        match (*self, at) {
            (Imm::Index(index) | Imm::Indices(index, _), 0) | (Imm::Indices(_, index), 1) => {
                Some(index)
            }
            (_, _) => None,
        }
    }
}

/// The first two immediates of an operator on objects as numbers, 0 for those that it has not, as
/// bytecode and the builtin `perform` take them: a heap type by its code. `None` for a type without
/// code.
pub fn two_numbers(opcode: Opcode, imm: Imm) -> Option<(u32, u32)> {
    Some(match imm {
        Imm::Index(first) => (first, 0),
        Imm::Indices(first, second) => (first, second),
        Imm::Heap(heap) => {
            let nullable = matches!(opcode, Opcode::RefTestNullable | Opcode::RefCastNullable);
            (heap_code(nullable, heap)?, 0)
        }
        Imm::None | Imm::Bits(_) | Imm::Wide(_) | Imm::Access(_) | Imm::Lane(_) | Imm::Type(_) => {
            (0, 0)
        }
    })
}

/// Whether an immediate is an index of something in the module or in a type, or a number of values.
fn is_index(kind: Immediate) -> bool {
    use Immediate as I;
    matches!(
        kind,
        I::global
            | I::func
            | I::type_
            | I::table
            | I::mem
            | I::elem
            | I::data
            | I::tag
            | I::field
            | I::size
    )
}

fn access(memarg: &MemArg) -> Option<Access> {
    let MemArgTarget::Memory(memory) = memarg.target else { return None };
    Some(Access { offset: memarg.offset, memory, align_log2: memarg.align, lane: 0 })
}
