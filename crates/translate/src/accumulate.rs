//! Accumulators: which values the executor has in registers → the marks of each instruction.
//!
//! An instruction leaves its result in the accumulator of its class as well as in its slot. Where
//! the next reader of the value comes before another result of the class, it takes the value from
//! there; and where it is also the last reader, the result need not go to the slot at all
//! (*muted*).
//!
//! [`Cx::accumulate`] and [`Cx::hold`] are undone when the translator takes an instruction back.
//! The check proves that an accumulator holds the value that its reader wants.
//!
//! # Invariants
//! * A1. `held[class]` is the newest instruction whose result is in that accumulator, if control
//!   comes here from it in a straight line and its slot has not been written since.
//! * A2. A result is muted only by the instruction that pops its value, and only if nothing between
//!   the two reads the slot, branches, or ends an operator that has a hint.
//!
//! Cost: constant for each operand of an instruction.

use crate::translator::{Cx, Values};
use prova_bytecode::{Class, Marks, Op, RegClass};

/// The contents of an accumulator (A1), without its slot.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The first word of the instruction.
    at: u32,
    op: Op,
    marks: Marks,
    /// Whether something needs it in the slot (A2).
    fixed: bool,
}

/// The contents of all accumulators, by class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AllHeld {
    /// The slots of the values, [`NOTHING`] where there is none: what every instruction asks for.
    slots: [u32; RegClass::ALL.len()],
    by: [Held; RegClass::ALL.len()],
}

/// No slot.
const NOTHING: u32 = u32::MAX;

impl AllHeld {
    /// Nothing.
    pub(crate) const NONE: AllHeld = AllHeld {
        slots: [NOTHING; RegClass::ALL.len()],
        by: [Held { at: 0, op: Op::Copy, marks: Marks::NONE, fixed: false }; RegClass::ALL.len()],
    };

    /// Whether the accumulator of a class holds the value of a slot.
    #[inline]
    fn holds(&self, class: RegClass, slot: u16) -> bool {
        self.slots[class as usize] == u32::from(slot)
    }

    /// Nothing is held in the accumulator of a class.
    #[inline]
    pub(crate) fn clear(&mut self, class: RegClass) {
        self.slots[class as usize] = NOTHING;
    }
}

/// The marks of an instruction that is emitted, and what they did to another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accumulated {
    pub(crate) marks: Marks,
    /// The instruction whose result it muted, and the slot of that.
    muted: Option<(Held, u16)>,
}

impl Cx<'_> {
    /// The marks of an instruction of `op` with these operand values.
    #[inline(always)]
    pub(crate) fn accumulate(&mut self, op: Op, values: &Values) -> Accumulated {
        let mut found = None;
        for (n, source) in op.info().accumulators.sources.iter().enumerate() {
            let Some((value, class)) = *source else { break };
            let slot = values[usize::from(value)] as u32;
            let [int, f32, f64] = self.held.slots;
            if slot != int && slot != f32 && slot != f64 {
                continue;
            }
            for of in RegClass::ALL {
                if self.held.slots[of as usize] != slot {
                    continue;
                }
                let marks = Marks::new(n as u8 + 1, false);
                if of == class && found.is_none() && op.takes(marks) {
                    found = Some((marks, of));
                } else {
                    self.held.by[of as usize].fixed = true;
                }
            }
        }
        let Some((marks, class)) = found else {
            return Accumulated { marks: Marks::NONE, muted: None };
        };
        let (held, slot) = (self.held.by[class as usize], self.held.slots[class as usize] as u16);
        if self.may_mute(op, &held, slot) {
            self.b.code.patch_marks(held.at, held.op, held.marks.with_muted(true));
            self.b.code.patch(held.at, held.op, 0, 0);
            return Accumulated { marks, muted: Some((held, slot)) };
        }
        self.held.by[class as usize].fixed = true;
        Accumulated { marks, muted: None }
    }

    /// The op that copies a slot: from the accumulator that has its value, if one has.
    pub(crate) fn copy_of(&self, slot: u16) -> Op {
        if self.held.holds(RegClass::F32, slot) {
            Op::CopyF32
        } else if self.held.holds(RegClass::F64, slot) {
            Op::CopyF64
        } else {
            Op::Copy
        }
    }

    /// A2, for an instruction of `op` that reads the accumulator.
    fn may_mute(&self, op: Op, held: &Held, slot: u16) -> bool {
        // Of these the value may be read again.
        let keeps = matches!(
            op,
            Op::Copy
                | Op::CopyF32
                | Op::CopyF64
                | Op::BrIfNull
                | Op::BrIfNotNull
                | Op::Return1
                | Op::RefAsNonNull
                | Op::RefCast
        );
        !keeps
            && !held.fixed
            && slot >= self.b.stack.next_home()
            && held.op.takes(held.marks.with_muted(true))
    }

    /// The accumulators behind the instruction of `op` at word `at`.
    #[inline(always)]
    pub(crate) fn hold(&mut self, at: u32, op: Op, marks: Marks, values: &Values) {
        let info = op.info();
        match info.class {
            Class::pure
            | Class::trap
            | Class::load
            | Class::load_idx
            | Class::load_far
            | Class::quick
            | Class::object_load
            | Class::array_load
            | Class::pure2
            | Class::atomic_load
            | Class::atomic_rmw
            | Class::atomic_cmpxchg => self.hold_results(at, op, marks, values),
            Class::store
            | Class::store_far
            | Class::quick0
            | Class::guard
            | Class::object_store
            | Class::array_store
            | Class::atomic_store
            | Class::charge
            | Class::poll
            | Class::heat => {}
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
            | Class::aggregate
            | Class::allocate
            | Class::shared
            | Class::throw
            | Class::throw_ref
            | Class::stub_attach
            | Class::stub_host => self.release(),
        }
    }

    #[inline]
    fn hold_results(&mut self, at: u32, op: Op, marks: Marks, values: &Values) {
        let accumulators = &op.info().accumulators;
        if let Some(class) = accumulators.result {
            let slot = values[0] as u16;
            self.overwrite(slot);
            self.held.slots[class as usize] = slot.into();
            self.held.by[class as usize] = Held { at, op, marks, fixed: false };
        } else {
            for (operand, &slot) in op.operands().iter().zip(values) {
                if operand.role == prova_bytecode::Role::Result {
                    let cells = u16::from(operand.kind.cells());
                    (0..cells).for_each(|cell| self.overwrite((slot as u16).wrapping_add(cell)));
                }
            }
        }
    }

    /// The cell in `slot` is written otherwise.
    #[inline]
    fn overwrite(&mut self, slot: u16) {
        for held in &mut self.held.slots {
            if *held == u32::from(slot) {
                *held = NOTHING;
            }
        }
    }

    /// The result of the instruction at word `at`, the newest one, goes to another slot.
    pub(crate) fn rename_held(&mut self, at: u32, slot: u16) {
        self.overwrite(slot);
        for (held, by) in self.held.slots.iter_mut().zip(&self.held.by) {
            if *held != NOTHING && by.at == at {
                *held = slot.into();
            }
        }
    }

    /// Marks all held values as needed in their slots (A2).
    #[inline]
    pub(crate) fn fix(&mut self) {
        self.held.by.iter_mut().for_each(|held| held.fixed = true);
    }

    /// Control may come here from elsewhere (A1).
    #[inline]
    pub(crate) fn release(&mut self) {
        self.held.slots = AllHeld::NONE.slots;
    }

    /// Undoes what an instruction that is taken back did; `held` is what accumulators held before
    /// it.
    #[inline]
    pub(crate) fn unaccumulate(&mut self, accumulated: &Accumulated, held: &AllHeld) {
        self.held = *held;
        if let Some((muted, slot)) = &accumulated.muted {
            self.b.code.patch_marks(muted.at, muted.op, muted.marks);
            self.b.code.patch(muted.at, muted.op, 0, (*slot).into());
        }
    }

    /// The slot of the value that an instruction takes from an accumulator, by what these held
    /// before it.
    pub(crate) fn accumulated_slot(op: Op, marks: Marks, held: &AllHeld) -> Option<(usize, u16)> {
        let n = usize::from(marks.source()).checked_sub(1)?;
        let (value, class) = op.info().accumulators.sources[n]?;
        let slot = u16::try_from(held.slots[class as usize]).ok()?;
        Some((usize::from(value), slot))
    }
}
