//! Values of the operand stack, kept in added locals, and reported as words of 64 bits.
//!
//! ```text
//! … a b          keep:  local.set b' local.tee a' local.get b'
//! Word::Local a' push:  local.get a' i64.extend_i32_u
//! ```
//!
//! Two instrumenters use it: `emit` of traces, and `emit` of `diverge` for specialised functions.
//! The operand stack is unchanged. No label stands between, so a local of a type without default is
//! set wherever it is read.

use prova_module::{AbstractHeapType, HeapType, RefType, ValType};
use wasm_encoder::{BlockType, InstructionSink, MemArg, MemArgTarget};

/// A word of an event.
#[derive(Clone, Copy)]
pub(crate) enum Word {
    Number(u64),
    /// Half of a local's value: the low one, or the high one of a vector.
    Local {
        local: u32,
        ty: ValType,
        high: bool,
    },
    /// The bytes of a memory at an address and offset: 1, 2, 4 or 8. An access of them has
    /// succeeded.
    Memory {
        local: u32,
        memory: u32,
        offset: u64,
        bytes: u8,
    },
    /// An effective address, or an address itself; beyond 64 bits an access traps.
    Address {
        local: u32,
        ty: ValType,
        offset: Option<u64>,
    },
    /// The word of a reference of the `any` hierarchy, which this function gives.
    Object {
        local: u32,
        func: u32,
    },
    /// Whether an i32 is not zero.
    IsTrue(u32),
    /// Whether a reference is of a type.
    IsOf {
        local: u32,
        ty: RefType,
    },
}

/// The words of locals.
pub(crate) fn words(locals: &[u32], types: &[ValType]) -> Vec<Word> {
    let all = locals.iter().zip(types).flat_map(|(&local, &ty)| {
        let low = Word::Local { local, ty, high: false };
        let high = (ty == ValType::V128).then_some(Word::Local { local, ty, high: true });
        std::iter::once(low).chain(high)
    });
    all.collect()
}

impl Word {
    /// Pushes the word as i64.
    pub(crate) fn push(self, to: &mut InstructionSink<'_>) {
        match self {
            Word::Number(number) => {
                to.i64_const(number as i64);
            }
            Word::Local { local, ty, high } => push_bits(to, local, ty, high),
            Word::Memory { local, memory, offset, bytes } => {
                let target = MemArgTarget::Memory(memory);
                let memarg = MemArg { offset, align: 0, target, ordering: None };
                to.local_get(local);
                match bytes {
                    1 => to.i64_load8_u(memarg),
                    2 => to.i64_load16_u(memarg),
                    4 => to.i64_load32_u(memarg),
                    _ => to.i64_load(memarg),
                };
            }
            Word::Address { local, ty, offset } => {
                push_bits(to, local, ty, false);
                if let Some(offset) = offset {
                    to.i64_const(offset as i64).i64_add();
                }
            }
            Word::Object { local, func } => {
                to.local_get(local).i32_const(0).call(func);
            }
            Word::IsTrue(local) => {
                to.local_get(local).i32_eqz().i32_eqz().i64_extend_i32_u();
            }
            Word::IsOf { local, ty } => {
                to.local_get(local);
                match (wasm_encoder::HeapType::try_from(ty.heap_type()), ty.is_nullable()) {
                    (Ok(heap), true) => to.ref_test_nullable(heap),
                    (Ok(heap), false) => to.ref_test_non_null(heap),
                    // No module that was read has such a type.
                    (Err(_), _) => to.ref_is_null(),
                };
                to.i64_extend_i32_u();
            }
        }
    }
}

/// Pushes the bits of a local as i64; of a vector a half. A reference is 0 for null, for a small
/// integer of `n` as 31 bits `4n + 2`, and 1 for anything else.
pub(crate) fn push_bits(to: &mut InstructionSink<'_>, local: u32, ty: ValType, high: bool) {
    to.local_get(local);
    match ty {
        ValType::I64 => to,
        ValType::I32 => to.i64_extend_i32_u(),
        ValType::F32 => to.i32_reinterpret_f32().i64_extend_i32_u(),
        ValType::F64 => to.i64_reinterpret_f64(),
        ValType::V128 => to.i64x2_extract_lane(u8::from(high)),
        ValType::Ref(ty) if is_any(ty) => {
            let small = wasm_encoder::HeapType::I31;
            let word = BlockType::Result(wasm_encoder::ValType::I64);
            to.ref_test_non_null(small).if_(word);
            to.local_get(local).ref_cast_non_null(small).i31_get_u().i64_extend_i32_u();
            to.i64_const(2).i64_shl().i64_const(2).i64_or().else_();
            to.local_get(local).ref_is_null().i32_eqz().i64_extend_i32_u().end()
        }
        ValType::Ref(_) => to.ref_is_null().i32_eqz().i64_extend_i32_u(),
    };
}

/// Whether small integers may be among the references of a type.
fn is_any(ty: RefType) -> bool {
    use AbstractHeapType as A;
    match ty.heap_type() {
        HeapType::Abstract { ty, .. } => matches!(ty, A::Any | A::Eq | A::I31),
        HeapType::Concrete(_) | HeapType::Exact(_) => false,
    }
}

/// The locals that are added to a function, and whether the operator uses them.
pub(crate) struct Temps {
    /// The first one.
    base: u32,
    all: Vec<(ValType, bool)>,
}

impl Temps {
    pub(crate) fn new(base: u32) -> Temps {
        Temps { base, all: Vec::new() }
    }

    /// Their types.
    pub(crate) fn types(&self) -> impl Iterator<Item = ValType> {
        self.all.iter().map(|(ty, _)| *ty)
    }

    /// A local of the type that the operator does not use yet.
    pub(crate) fn one(&mut self, ty: ValType) -> u32 {
        let free = self.all.iter().position(|(own, used)| *own == ty && !used);
        let at = free.unwrap_or(self.all.len());
        match self.all.get_mut(at) {
            Some((_, used)) => *used = true,
            None => self.all.push((ty, true)),
        }
        self.base + at as u32
    }

    /// Takes one local for each type.
    pub(crate) fn each(&mut self, types: &[ValType]) -> Vec<u32> {
        types.iter().map(|ty| self.one(*ty)).collect()
    }

    /// Frees all locals for the next operator.
    pub(crate) fn free(&mut self) {
        for (_, used) in &mut self.all {
            *used = false;
        }
    }
}
