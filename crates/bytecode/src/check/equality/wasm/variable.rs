//! Locals and globals of the Wasm side.

use super::super::effects::Effect;
use super::super::{Observer, Proof, Verdict};
use prova_module::{GlobalIdx, ValType};
use prova_terms::Vn;

impl<O: Observer> Proof<'_, '_, O> {
    #[inline]
    pub(super) fn local_get(&mut self, index: u32) -> Verdict {
        let (slot, wide) = self.local(index);
        let vn = self.state.wasm(slot);
        self.push(vn, wide)
    }

    #[inline]
    pub(super) fn local_set(&mut self, index: u32) -> Verdict {
        let vn = self.pop()?;
        self.local_write(index, vn);
        Ok(())
    }

    #[inline]
    pub(super) fn local_tee(&mut self, index: u32) -> Verdict {
        let (vn, wide) = self.pop_wide()?;
        self.local_write(index, vn);
        self.push(vn, wide)
    }

    #[inline]
    fn local_write(&mut self, local: u32, vn: Vn) {
        let (slot, wide) = self.local(local);
        self.state.set_local(slot, vn);
        if wide {
            let high = self.terms.borrow_mut().high(vn);
            self.state.set_local(slot + 1, high);
        }
    }

    fn global_is_wide(&self, global: u32) -> bool {
        self.module.global(GlobalIdx(global)).is_some_and(|global| global.val == ValType::V128)
    }

    pub(super) fn global_get(&mut self, global: u32) -> Verdict {
        let wide = self.global_is_wide(global);
        let effect = if wide { Effect::GlobalGetV128 } else { Effect::GlobalGet };
        let vn = self.demand(effect, [Vn::index(global)])?;
        self.push(vn, wide)
    }

    pub(super) fn global_set(&mut self, global: u32) -> Verdict {
        let wide = self.global_is_wide(global);
        let effect = if wide { Effect::GlobalSetV128 } else { Effect::GlobalSet };
        let value = self.pop()?;
        self.demand(effect, [Vn::index(global), value]).map(drop)
    }
}
