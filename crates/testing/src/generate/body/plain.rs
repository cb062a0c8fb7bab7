//! The operators of a generated body that compute, load, store, choose, or work on whole ranges.
//!
//! The operators come from [`OPERATORS`].

use super::{Body, OPERATORS, Ty};
use crate::generate::operators::{Immediate, Plain};
use wasm_encoder::{Encode, Instruction};

impl Body<'_> {
    /// One operator on the types of this body; often one of those that have fused forms.
    pub(super) fn compute(&mut self) {
        if self.rng.percent(35) {
            let common = [
                Instruction::I32Add,
                Instruction::I32Sub,
                Instruction::I32And,
                Instruction::I32Xor,
                Instruction::I32Mul,
            ];
            let op = self.rng.pick(&common).clone();
            self.need(&[Ty::I32, Ty::I32]);
            self.emit(&op);
            self.stack.pop();
            return;
        }
        if let Some(&at) = self.operators.get(self.rng.below(self.operators.len().max(1))) {
            self.apply(&OPERATORS[usize::from(at)]);
        }
    }

    /// An operator with exactly this result; `false` if this body has none.
    pub(super) fn palette_op_giving(&mut self, ty: Ty) -> bool {
        let start = self.rng.below(self.operators.len().max(1));
        let order = self.operators[start..].iter().chain(&self.operators[..start]);
        let found = order.map(|&at| &OPERATORS[usize::from(at)]).find(|op| op.results == [ty]);
        let Some(op) = found else { return false };
        self.apply(op);
        true
    }

    fn apply(&mut self, op: &Plain) {
        self.need(&op.params);
        self.code.extend_from_slice(&op.opcode);
        match op.immediate {
            Immediate::Lane(lanes) => {
                let lane = self.rng.below(usize::from(lanes));
                self.code.push(lane as u8);
            }
            Immediate::Shuffle => {
                for _ in 0..16 {
                    let lane = self.rng.below(32);
                    self.code.push(lane as u8);
                }
            }
            Immediate::None | Immediate::Memory { .. } => {}
        }
        let below = self.stack.len() - op.params.len();
        self.stack.truncate(below);
        self.stack.extend_from_slice(&op.results);
    }

    /// A load, store or atomic.
    pub(super) fn access(&mut self) {
        let start = self.rng.below(OPERATORS.len());
        let order = OPERATORS[start..].iter().chain(&OPERATORS[..start]);
        let fits = |op: &&Plain| op.is_memory() && op.types & !self.palette == 0;
        let Some(op) = order.into_iter().find(fits) else { return };
        let Immediate::Memory { align_log2, lanes, atomic } = op.immediate else { return };
        let memory = self.rng.below(self.shape.memories.len());
        self.address(memory, atomic);
        for &ty in &op.params {
            self.push(ty);
        }
        self.code.extend_from_slice(&op.opcode);
        let align = if atomic { align_log2 } else { align_log2.min(self.rng.below(5) as u8) };
        if memory == 0 {
            self.code.push(align);
        } else {
            self.code.push(align | 0x40);
            (memory as u32).encode(&mut self.code);
        }
        let offset = match self.rng.below(20) {
            0..=12 => 0,
            13..=17 => self.rng.below(8) as u64 * 8,
            18 => self.rng.below(70_000) as u64,
            _ => 0xffff_fff0,
        };
        offset.encode(&mut self.code);
        if lanes > 0 {
            let lane = self.rng.below(usize::from(lanes));
            self.code.push(lane as u8);
        }
        let below = self.stack.len() - op.params.len() - 1;
        self.stack.truncate(below);
        self.stack.extend_from_slice(&op.results);
    }

    /// Pushes an address, mostly inside the memory.
    fn address(&mut self, memory: usize, atomic: bool) {
        let memory64 = self.shape.memories[memory].memory64;
        let mask = if atomic { 0xf8 } else { 0xff };
        if memory64 {
            self.push(Ty::I64);
            if self.rng.percent(93) {
                self.emit(&Instruction::I64Const(mask));
                self.emit(&Instruction::I64And);
            }
        } else {
            self.push(Ty::I32);
            if self.rng.percent(93) {
                self.emit(&Instruction::I32Const(mask as i32));
                self.emit(&Instruction::I32And);
            }
        }
    }

    /// `select` of two values of one type, where the second may come from the stack.
    pub(super) fn select(&mut self) {
        let ty = match self.top() {
            Some(ty) if self.rng.percent(60) => ty,
            _ => self.ty(),
        };
        self.need(&[ty, ty]);
        self.condition();
        for _ in 0..3 {
            self.stack.pop();
        }
        if ty.is_reference() || self.rng.percent(20) {
            self.emit(&Instruction::TypedSelect(ty.encoder()));
        } else {
            self.emit(&Instruction::Select);
        }
        self.stack.push(ty);
    }

    /// Operators on ranges, sizes and references.
    pub(super) fn bulk(&mut self) {
        let memory = self.rng.below(self.shape.memories.len()) as u32;
        let memory64 = self.shape.memories[memory as usize].memory64;
        match self.rng.below(9) {
            0 => {
                self.size(memory64, 100);
                self.small(50);
                self.size(memory64, 40);
                self.emit(&Instruction::MemoryFill(memory));
            }
            1 => {
                self.size(memory64, 100);
                self.size(memory64, 100);
                self.size(memory64, 60);
                self.emit(&Instruction::MemoryCopy { src_mem: memory, dst_mem: memory });
            }
            2 => {
                self.size(memory64, 100);
                self.small(12);
                self.small(9);
                self.emit(&Instruction::MemoryInit { mem: memory, data_index: 0 });
            }
            3 => {
                self.emit(&Instruction::MemorySize(memory));
                self.stack.push(if memory64 { Ty::I64 } else { Ty::I32 });
            }
            4 => {
                self.size(memory64, 2);
                self.emit(&Instruction::MemoryGrow(memory));
                self.stack.push(if memory64 { Ty::I64 } else { Ty::I32 });
            }
            _ => self.table(),
        }
    }

    fn table(&mut self) {
        match self.rng.below(7) {
            0 => {
                // Out of one table into the other; null tests see it.
                self.small(3);
                self.small(self.shape.table_elements);
                self.emit(&Instruction::TableGet(0));
                self.emit(&Instruction::TableSet(1));
            }
            1 => {
                self.small(4);
                self.emit(&Instruction::TableGet(1));
                self.emit(&Instruction::RefIsNull);
                self.stack.push(Ty::I32);
            }
            2 => {
                self.small(3);
                self.small(4);
                self.small(3);
                self.emit(&Instruction::TableCopy { src_table: 0, dst_table: 1 });
            }
            3 => {
                self.small(8);
                self.small(5);
                self.small(4);
                self.emit(&Instruction::TableInit { elem_index: 1, table: 0 });
            }
            4 => {
                let table = self.rng.below(2) as u32;
                self.emit(&Instruction::TableSize(table));
                self.stack.push(Ty::I32);
            }
            5 => {
                self.emit(&Instruction::RefNull(wasm_encoder::HeapType::FUNC));
                self.small(2);
                self.emit(&Instruction::TableGrow(1));
                self.stack.push(Ty::I32);
            }
            _ => {
                self.small(3);
                self.emit(&Instruction::RefNull(wasm_encoder::HeapType::FUNC));
                self.small(2);
                self.emit(&Instruction::TableFill(1));
            }
        }
    }

    /// A small constant that stays out of the typed stack.
    fn small(&mut self, max: u32) {
        let value = self.rng.below(max as usize + 1);
        self.emit(&Instruction::I32Const(value as i32));
    }

    /// The same in an address type.
    fn size(&mut self, memory64: bool, max: u32) {
        if memory64 {
            let value = self.rng.below(max as usize + 1);
            self.emit(&Instruction::I64Const(value as i64));
        } else {
            self.small(max);
        }
    }
}
