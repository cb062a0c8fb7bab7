//! Accumulators: which values the executor has in registers → the marks of each instruction.
//!
//! An instruction leaves its result in the accumulator of its class as well as in its slot. Where
//! the next reader of the value comes before another result of the class, it takes the value from
//! there; and where it is also the last reader, the result need not go to the slot at all
//! (*muted*).
//!
//! Neighbours: `translator` emits through [`Cx::accumulate`] and [`Cx::hold`], and undoes both when
//! it takes an instruction back. The check proves that an accumulator holds what its reader wants.
//!
//! # Invariants
//! * A1. `held[class]` is the newest instruction whose result is in that accumulator, if control
//!   comes here from it in a straight line and its slot has not been written since.
//! * A2. A result is muted only by the instruction that pops its value, and only if nothing between
//!   the two reads the slot, branches, or ends an operator that has a hint.
//!
//! Cost: constant for each operand of an instruction.

use crate::translator::Cx;
use prova_bytecode::{Class, Marks, Op, RegClass};

/// What an accumulator holds (A1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// The first word of the instruction.
    at: u32,
    op: Op,
    marks: Marks,
    /// The slot of the value.
    slot: u16,
    /// Whether something needs it in the slot (A2).
    fixed: bool,
}

/// What all accumulators hold, by class.
pub(crate) type AllHeld = [Option<Held>; RegClass::ALL.len()];

/// The marks of an instruction that is emitted, and what they did to another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accumulated {
    pub(crate) marks: Marks,
    /// The operand value that is in an accumulator.
    pub(crate) value: Option<usize>,
    /// The instruction whose result it muted.
    pub(crate) muted: Option<Held>,
}

impl Cx<'_> {
    /// The marks of an instruction of `op` with these operand values.
    #[inline]
    pub(crate) fn accumulate(&mut self, op: Op, values: &[u64]) -> Accumulated {
        let info = op.info();
        let mut found = None;
        for (n, source) in info.accumulators.sources.iter().enumerate() {
            let Some((value, class)) = *source else { break };
            let slot = values[usize::from(value)];
            for of in RegClass::ALL {
                let Some(held) = &mut self.held[of as usize] else { continue };
                if u64::from(held.slot) != slot {
                    continue;
                }
                let marks = Marks::new(n as u8 + 1, false);
                if of == class && found.is_none() && op.takes(marks) {
                    found = Some((marks, usize::from(value), of));
                } else {
                    held.fixed = true;
                }
            }
        }
        let Some((marks, value, class)) = found else {
            return Accumulated { marks: Marks::NONE, value: None, muted: None };
        };
        let muted = self.held[class as usize].filter(|held| self.may_mute(op, held));
        if let Some(held) = muted {
            self.b.code.patch_marks(held.at, held.op, held.marks.with_muted(true));
            self.b.code.patch(held.at, held.op, 0, 0);
        } else if let Some(held) = &mut self.held[class as usize] {
            held.fixed = true;
        }
        Accumulated { marks, value: Some(value), muted }
    }

    /// The op that copies a slot: from the accumulator that has its value, if one has.
    pub(crate) fn copy_of(&self, slot: u16) -> Op {
        let holds = |class: RegClass| self.held[class as usize].is_some_and(|it| it.slot == slot);
        if holds(RegClass::F32) {
            Op::CopyF32
        } else if holds(RegClass::F64) {
            Op::CopyF64
        } else {
            Op::Copy
        }
    }

    /// A2, for an instruction of `op` that reads the accumulator.
    fn may_mute(&self, op: Op, held: &Held) -> bool {
        // Of these the value may be read again.
        let keeps = matches!(
            op,
            Op::Copy | Op::CopyF32 | Op::CopyF64 | Op::BrIfNull | Op::BrIfNotNull | Op::Return1
        );
        !keeps
            && !held.fixed
            && held.slot >= self.b.stack.next_home()
            && held.op.takes(held.marks.with_muted(true))
    }

    /// The accumulators behind the instruction of `op` at word `at`.
    #[inline]
    pub(crate) fn hold(&mut self, at: u32, op: Op, marks: Marks, values: &[u64]) {
        let info = op.info();
        match info.class {
            Class::pure
            | Class::trap
            | Class::load
            | Class::load_idx
            | Class::load_far
            | Class::quick
            | Class::pure2
            | Class::atomic_load
            | Class::atomic_rmw
            | Class::atomic_cmpxchg => self.hold_results(at, op, marks, values),
            Class::store
            | Class::store_far
            | Class::quick0
            | Class::atomic_store
            | Class::charge
            | Class::poll => {}
            Class::branch => self.fix(),
            Class::pure_branch => {
                self.hold_results(at, op, marks, values);
                self.fix();
            }
            Class::effect
            | Class::effect0
            | Class::unreachable
            | Class::br
            | Class::pure_br
            | Class::br_table
            | Class::return_
            | Class::return1
            | Class::return2
            | Class::call
            | Class::call_import
            | Class::call_indirect
            | Class::return_call
            | Class::return_call_import
            | Class::return_call_indirect
            | Class::call_ref
            | Class::return_call_ref
            | Class::throw
            | Class::throw_ref
            | Class::stub_attach
            | Class::stub_host => self.release(),
        }
    }

    fn hold_results(&mut self, at: u32, op: Op, marks: Marks, values: &[u64]) {
        let accumulators = &op.info().accumulators;
        if let Some(class) = accumulators.result {
            let slot = values[0] as u16;
            self.overwrite(slot, 1);
            self.held[class as usize] = Some(Held { at, op, marks, slot, fixed: false });
        } else {
            for (operand, &slot) in op.operands().iter().zip(values) {
                if operand.role == prova_bytecode::Role::Result {
                    self.overwrite(slot as u16, operand.kind.cells().into());
                }
            }
        }
    }

    /// Cells from `slot` on are written otherwise.
    fn overwrite(&mut self, slot: u16, cells: u16) {
        for held in &mut self.held {
            if held.is_some_and(|it| it.slot >= slot && it.slot - slot < cells) {
                *held = None;
            }
        }
    }

    /// The result of the instruction at word `at`, the newest one, goes to another slot.
    pub(crate) fn rename_held(&mut self, at: u32, slot: u16) {
        self.overwrite(slot, 1);
        for held in self.held.iter_mut().flatten().filter(|held| held.at == at) {
            held.slot = slot;
        }
    }

    /// What is held is needed in its slot (A2).
    #[inline]
    pub(crate) fn fix(&mut self) {
        self.held.iter_mut().flatten().for_each(|held| held.fixed = true);
    }

    /// Control may come here from elsewhere (A1).
    #[inline]
    pub(crate) fn release(&mut self) {
        self.held = [None; RegClass::ALL.len()];
    }

    /// Undoes what an instruction that is taken back did; `held` is what accumulators held before
    /// it.
    pub(crate) fn unaccumulate(&mut self, accumulated: &Accumulated, held: &AllHeld) {
        self.held = *held;
        if let Some(muted) = &accumulated.muted {
            self.b.code.patch_marks(muted.at, muted.op, muted.marks);
            self.b.code.patch(muted.at, muted.op, 0, muted.slot.into());
        }
    }

    /// The slot of the value that an instruction takes from an accumulator, by what these held
    /// before it.
    pub(crate) fn accumulated_slot(op: Op, marks: Marks, held: &AllHeld) -> Option<(usize, u16)> {
        let n = usize::from(marks.source()).checked_sub(1)?;
        let (value, class) = op.info().accumulators.sources[n]?;
        Some((usize::from(value), held[class as usize]?.slot))
    }
}
