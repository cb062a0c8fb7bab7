//! A call of an intrinsic → code that does what the intrinsic means, and reports it.

use super::super::meaning::Intrinsic;
use super::super::site::What;
use super::{Body, Own, Word, words};
use prova_module::{Opcode, ValType};
use wasm_encoder::{MemArg, MemArgTarget};

/// An i64 access of memory 0.
const LONG: MemArg =
    MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

impl Body<'_, '_> {
    /// Writes the code of an intrinsic.
    pub(in super::super) fn intrinsic(&mut self, intrinsic: Intrinsic, offset: u32) {
        use Intrinsic as I;
        use ValType::{I32, I64};
        (self.offset, self.opcode) = (offset, Opcode::Call);
        let Own { imports, .. } = self.own;
        let (id, what) = (self.id, What::Intrinsic(intrinsic));
        match intrinsic {
            I::PushContext | I::UpdateContext => {
                let pc = self.take(&[I32]);
                self.tell(what, 0, 0, &words(&pc, &[I32]));
            }
            I::PopContext | I::SyncStack => self.tell(what, 0, 0, &[]),
            I::SpecializeValue => {
                let all = self.take(&[I32, I32, I32]);
                self.tell(what, 0, 0, &words(&all, &[I32, I32, I32]));
                self.get(&all[..1]);
            }
            I::ReadGlobal => {
                let number = self.role.number().unwrap_or_default();
                self.to().i32_const(number as i32).call(imports + 5);
            }
            I::ReadReg => {
                self.to().local_get(id).call(imports + 3);
            }
            I::WriteReg => {
                self.to().local_get(id).call(imports + 4);
            }
            I::PushStack => {
                let all = self.take(&[I32, I64]);
                self.cell(what, all[0], None, all[1]);
            }
            I::WriteStack | I::WriteLocal => {
                let all = self.take(&[I32, I32, I64]);
                self.cell(what, all[0], Some(all[1]), all[2]);
            }
            I::PopStack => {
                let at = self.take(&[I32]);
                self.read_cell(what, at[0], None);
            }
            I::ReadStack | I::ReadLocal => {
                let all = self.take(&[I32, I32]);
                self.read_cell(what, all[0], Some(all[1]));
            }
            I::Nothing(count) => {
                for _ in 0..count {
                    self.to().drop();
                }
            }
        }
        self.free();
    }

    /// Writes a store of a cell, and reports it.
    fn cell(&mut self, what: What, address: u32, second: Option<u32>, value: u32) {
        self.to().local_get(address).i64_load(LONG);
        let old = self.take(&[ValType::I64]);
        let cell = self.own.cell;
        let mut to = self.to();
        to.local_get(address).local_get(value).i64_store(LONG);
        to.local_get(address).call(cell);
        self.of_cell(what, address, second, &[value, old[0]]);
    }

    /// Writes a load of a cell, whose value stays on the stack, and reports it.
    fn read_cell(&mut self, what: What, address: u32, second: Option<u32>) {
        self.to().local_get(address).i64_load(LONG);
        let value = self.keep(&[ValType::I64]);
        self.of_cell(what, address, second, &value);
    }

    fn of_cell(&mut self, what: What, address: u32, second: Option<u32>, rest: &[u32]) {
        let short = |local| Word::Local { local, ty: ValType::I32, high: false };
        let mut all = vec![short(address), second.map_or(Word::Number(0), short)];
        all.extend(rest.iter().map(|&local| Word::Local { local, ty: ValType::I64, high: false }));
        self.tell(what, 0, 8, &all);
    }
}
