//! Atomic operators of the Wasm side, on unshared memories.
//!
//! A read-modify-write is one effect: its arguments hold the term of the new bits over the old
//! ones, which are its result.

use super::super::effects::Effect;
use super::super::{Observer, Proof, Verdict};
use super::Sym;
use prova_module::MemArg;

impl<'t, O: Observer> Proof<'t, '_, O> {
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
