//! Loads and stores of the Wasm side.
//!
//! A load is an effect whose result is the bits of its width; what follows (extension, splat) is a
//! term over them. A store's value is the term of the bits that it writes. f32 and f64 are bits.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof, Rule, Verdict};
use super::Sym;
use prova_module::{MemArg, MemArgTarget};
use prova_terms::Vn;

impl<'t, O: Observer> Proof<'t, '_, O> {
    /// The address operand with its memory and offset: the arguments of an access.
    #[inline]
    pub(super) fn address(&mut self, memarg: MemArg) -> Result<[Vn; 3], Fault> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(Fault::new(Rule::Operators, "an access to something that is no memory"));
        };
        let address = self.pop()?;
        Ok([Vn::index(memory), address, self.constant(memarg.offset)])
    }

    /// The bits that a load reads.
    #[inline]
    pub(super) fn loaded_bits(&mut self, effect: Effect, memarg: MemArg) -> Result<Sym<'t>, Fault> {
        let args = self.address(memarg)?;
        let bits = self.demand(effect, args)?;
        Ok(self.sym(bits))
    }

    /// The bits that a store writes.
    #[inline]
    pub(super) fn store_bits(&mut self, effect: Effect, memarg: MemArg, bits: Sym<'t>) -> Verdict {
        let [memory, address, offset] = self.address(memarg)?;
        self.demand(effect, [memory, address, offset, bits.vn()]).map(drop)
    }
}
