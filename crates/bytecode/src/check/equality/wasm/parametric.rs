//! `drop` and `select` of the Wasm side.

use super::super::{Observer, Proof, Verdict};
use super::Sym;

impl<'t, O: Observer> Proof<'t, '_, O> {
    pub(super) fn wasm_drop(&mut self) -> Verdict {
        self.pop().map(drop)
    }

    /// Its operands say whether its result has two cells.
    pub(super) fn wasm_select(
        &mut self,
        select: fn(Sym<'t>, Sym<'t>, Sym<'t>) -> Sym<'t>,
    ) -> Verdict {
        let condition = self.pop()?;
        let (b, wide) = self.pop_wide()?;
        let a = self.pop()?;
        let [a, b, condition] = [a, b, condition].map(|vn| self.sym(vn));
        self.push(select(a, b, condition).vn(), wide)
    }
}
