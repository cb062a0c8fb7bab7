//! Atomic operators of the Wasm side, and accesses of shared memories.
//!
//! On unshared memories a read-modify-write is one effect: its arguments hold the term of the new
//! bits over the old ones, which are its result.
//!
//! An access of a shared memory is one effect ([`Effect::Shared`]), whose operands the code has in
//! a window, and its result is what the effect gives. So no two loads of such a memory are ever
//! equal, with anything or nothing between them: each effect's result has its number alone, each
//! must be performed once, and nothing knows what memory holds (Q2).

use super::super::effects::Effect;
use super::super::{Observer, Proof, Verdict};
use super::Sym;
use prova_module::ops::Opcode;
use prova_module::{MemArg, MemArgTarget, MemoryIdx, SharedAccess};
use prova_terms::Vn;

impl<'t, O: Observer> Proof<'t, '_, O> {
    /// Whether the memory of an access is shared.
    #[inline]
    pub(super) fn is_shared(&self, memarg: MemArg) -> bool {
        match memarg.target {
            MemArgTarget::Memory(memory) => self.module.is_shared(MemoryIdx(memory)),
            // Refused where the address is read.
            _ => false,
        }
    }

    /// An access of a shared memory.
    #[inline(never)]
    pub(super) fn shared(&mut self, opcode: Opcode, memarg: MemArg, lane: u8) -> Verdict {
        let access = SharedAccess::new(opcode, lane).ok_or_else(|| self.refused(opcode))?;
        let MemArgTarget::Memory(memory) = memarg.target else { return Err(self.refused(opcode)) };
        self.pop_call_args(access.operands() as usize)?;
        let result = self.performed_result(access.result_cells());
        let args = [Vn::index(memory), self.constant(memarg.offset), Vn::index(access.code())];
        self.demand_with(Effect::Shared, args, Vn::UNDEF)?;
        if access.result_cells() == 0 {
            return Ok(());
        }
        self.push(result, access.result_cells() == 2)
    }

    /// The bits that the next effect finds in memory.
    #[inline]
    pub(super) fn old_bits(&self) -> Sym<'t> {
        self.sym(self.next_result())
    }

    /// `old` is the value of the bits found, `new` the bits stored.
    pub(super) fn atomic_rmw(
        &mut self,
        width: u8,
        memarg: MemArg,
        (old, new): (Sym<'t>, Sym<'t>),
    ) -> Verdict {
        let [memory, address, offset] = self.address(memarg)?;
        let bits = self.next_result();
        self.demand_with(Effect::AtomicRmw(width), [memory, address, offset, new.vn()], bits)?;
        self.push(old.vn(), false)
    }

    /// `old` is the value of the bits found, `expected` and `new` the bits compared with and
    /// stored.
    pub(super) fn atomic_cmpxchg(
        &mut self,
        width: u8,
        memarg: MemArg,
        (old, expected, new): (Sym<'t>, Sym<'t>, Sym<'t>),
    ) -> Verdict {
        let [memory, address, offset] = self.address(memarg)?;
        let bits = self.next_result();
        let args = [memory, address, offset, expected.vn(), new.vn()];
        self.demand_with(Effect::AtomicCmpxchg(width), args, bits)?;
        self.push(old.vn(), false)
    }

    pub(super) fn atomic_notify(&mut self, memarg: MemArg) -> Verdict {
        let count = self.pop()?;
        let [memory, address, offset] = self.address(memarg)?;
        let woken = self.demand(Effect::AtomicNotify, [memory, address, offset, count])?;
        self.push(woken, false)
    }

    pub(super) fn atomic_wait(&mut self, width: u8, memarg: MemArg) -> Verdict {
        let effect = match width {
            4 => Effect::AtomicWait32,
            _ => Effect::AtomicWait64,
        };
        let (timeout, expected) = (self.pop()?, self.pop()?);
        let [memory, address, offset] = self.address(memarg)?;
        let value = self.demand(effect, [memory, address, offset, expected, timeout])?;
        self.push(value, false)
    }
}
