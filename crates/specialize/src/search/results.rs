//! The result of an instruction without a run: an operator and the slots of its operands → the slot
//! of its result.
//!
//! * K1. An operator on constants gives the result of [`fold`]; `select` by a constant gives the
//!   operand that it selects.
//! * K2. A constant distance added to a pointer, or taken from it, is a pointer; the difference of
//!   two pointers with one root is a constant, and so is whether they are equal.
//! * K3. A load through a pointer argument, of bytes that are all the request's, gives those bytes;
//!   whether they still are is for the walk to ask.
//!
//! Nobody believes this module: `check` knows these rules for itself (T1 to T3, S10).

use super::fold;
use super::state::Slot;
use crate::ask::certificate::{Window, Word};
use crate::ask::request::{Argument, Request};
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_ssa::Imm;

/// The farthest that a store may be from the argument that it is relative to.
pub(crate) const WINDOW_MAX: i64 = 1 << 20;

/// The result of an operator, if that is known.
pub(crate) fn known<V: Copy>(code: Opcode, imm: Imm, args: &[Slot<V>]) -> Option<Slot<V>> {
    let class = code.class();
    if let (Class::constant, Imm::Bits(bits)) = (class, imm) {
        return Some(Slot::Bits(bits));
    }
    if let (Class::select, &[a, b, condition]) = (class, args) {
        let is_zero = (condition.bits()? as u32 == 0) != planted!(SelectTurned);
        return Some(if is_zero { b } else { a });
    }
    if let Some(slot) = pointer(code, args) {
        return Some(slot);
    }
    if !matches!(imm, Imm::None) {
        return None;
    }
    // No operator that is folded has more operands.
    let mut bits = [0; 2];
    let bits = bits.get_mut(..args.len())?;
    for (bits, slot) in bits.iter_mut().zip(args) {
        *bits = slot.bits()?;
    }
    fold::fold(code, bits).map(Slot::Bits)
}

/// The known result of an operator on pointers (K2).
fn pointer<V: Copy>(code: Opcode, args: &[Slot<V>]) -> Option<Slot<V>> {
    use Slot::{Bits, Pointer};
    let moved = |root: u32, offset: u32| Some(Pointer { root, offset });
    let (adds, subtracts) = (code == Opcode::I32Add, code == Opcode::I32Sub);
    match (*args.first()?, *args.get(1)?) {
        (Pointer { root, offset }, Bits(by)) | (Bits(by), Pointer { root, offset }) if adds => {
            let by =
                if planted!(PointerMovesBack) { (by as u32).wrapping_neg() } else { by as u32 };
            moved(root, offset.wrapping_add(by))
        }
        (Pointer { root, offset }, Bits(by)) if subtracts => {
            moved(root, offset.wrapping_sub(by as u32))
        }
        (Pointer { root: a, offset: x }, Pointer { root: b, offset: y })
            if a == b || planted!(RootsConfused) =>
        {
            let equal = code == Opcode::I32Eq;
            match subtracts {
                true => Some(Bits(x.wrapping_sub(y).into())),
                false => (equal || code == Opcode::I32Ne).then(|| {
                    let equal = equal != planted!(EqualTurned);
                    Bits(((x == y) == equal).into())
                }),
            }
        }
        (_, _) => None,
    }
}

/// A load of constant memory: where, and what it gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) word: Word,
    pub(crate) bits: u64,
}

/// The bytes that a load reads, if all of them are the request's (K3).
pub(crate) fn constant_memory<V: Copy>(
    request: &Request,
    code: Opcode,
    imm: Imm,
    args: &[Slot<V>],
) -> Option<Found> {
    let (Class::load, Imm::Access(access), &[Slot::Pointer { root, offset }]) =
        (code.class(), imm, args)
    else {
        return None;
    };
    let bytes = request.buffer(root)?;
    // A pointer in front of its buffer may wrap.
    let inside = access.memory == 0 && offset as usize <= bytes.len();
    let at = u64::from(offset).checked_add(access.offset)?;
    let width = fold::load_width(code)?;
    let at = at + u64::from(planted!(TextOfNext));
    let end = at.checked_add(width.into())?;
    let found = bytes.get(usize::try_from(at).ok()?..usize::try_from(end).ok()?)?;
    let word = Word { arg: root, offset: u32::try_from(at).ok()?, bytes: width };
    fold::load(code, found).filter(|_| inside).map(|bits| Found { word, bits })
}

/// An address range: its start, `by` bytes behind an argument that is no constant memory, and by
/// how many bytes at most (`more`) it may lie farther.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    pub(crate) arg: u32,
    pub(crate) by: u32,
    pub(crate) more: u32,
}

/// Where a pointer is, if that is behind such an argument.
pub(crate) fn near<V: Copy>(request: &Request, address: Slot<V>) -> Option<Near> {
    let Slot::Pointer { root, offset } = address else { return None };
    let relative = matches!(request.params.get(root as usize)?, Argument::Runtime);
    relative.then_some(Near { arg: root, by: offset, more: 0 })
}

/// The bytes that a store writes, if they lie near an argument.
pub(crate) fn window(code: Opcode, imm: Imm, near: Near) -> Option<Window> {
    let (Class::store, Imm::Access(access)) = (code.class(), imm) else { return None };
    let from = i64::from(near.by as i32).checked_add(i64::try_from(access.offset).ok()?)?;
    let bytes = i64::from(near.more) + i64::from(code.row().width);
    let is_near = (-WINDOW_MAX..WINDOW_MAX).contains(&from) && bytes < WINDOW_MAX;
    let window = Window { arg: near.arg, from: from as i32, bytes: bytes as u32 };
    (is_near && access.memory == 0).then_some(window)
}
