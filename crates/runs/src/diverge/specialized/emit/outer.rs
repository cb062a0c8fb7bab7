//! Functions that are not specialised report their bulk operators, and their accesses to memory
//! near cells. The program itself tests whether an address is near, so most accesses cost a few
//! operators.

use super::super::site::What;
use super::{Body, Word, of, words};
use prova_module::ops::{Immediates, Row};
use prova_module::{Opcode, ValType};
use wasm_encoder::BlockType;

impl Body<'_, '_> {
    /// Pushes whether an address and an offset may be near a cell.
    pub(super) fn is_near(&mut self, local: u32, offset: u64) {
        let [least, greatest] = self.own.bounds;
        let at = self.temp(ValType::I32);
        let mut to = self.to();
        to.local_get(local).i32_const(offset as u32 as i32).i32_add().local_tee(at);
        to.global_get(greatest).i32_lt_u();
        to.local_get(at).i32_const(16).i32_add().global_get(least).i32_gt_u().i32_and();
    }

    /// Writes the code before an operator of a function that is not specialised. It reports bulk
    /// operators, and accesses of memory 0 near cells.
    pub(super) fn outer(&mut self, row: &Row, immediates: &Immediates<'_>) {
        let bulk = [Opcode::MemoryCopy, Opcode::MemoryFill, Opcode::MemoryInit];
        if bulk.contains(&self.opcode) {
            let types = self.types(row, immediates);
            let locals = self.keep(&types);
            return self.tell(What::OuterEffect, of(immediates), 0, &words(&locals, &types));
        }
        let Some(access) = row.class.access() else { return };
        let what = if access.writes { What::OuterStore } else { What::OuterLoad };
        let types = self.types(row, immediates);
        let (Some(memarg), 0) = (immediates.memarg(), immediates.memory().unwrap_or_default())
        else {
            return;
        };
        if types.len() != row.params.len() {
            return;
        }
        let kept = self.keep(&types);
        let Some(&local) = kept.first() else { return };
        self.is_near(local, memarg.offset);
        self.to().if_(BlockType::Empty);
        let offset = Some(memarg.offset);
        let address = Word::Address { local, ty: ValType::I32, offset };
        self.tell(what, 0, row.width, &[address]);
        self.to().end();
    }
}
