//! Looks at a program while it runs as bytecode: where it spends its time, and which native code
//! goes on in its place.
//!
//! ```text
//! heat ─ Vm::heat at 0 ─► driver ─ Attach::look ─► Ready ─┬─ functions: their next calls
//!                                                         └─ a loop: its next round, here
//! ```
//!
//! Bytecode that counts has a `heat` at the start of each function and of each loop, ahead of what
//! is metered there. One of many of them ([`Heat`]) comes to the driver. A program cannot observe
//! which one it was, nor what the embedder has ready by then: native code computes the same, and
//! every call and every round of a loop may change over.
//!
//! A loop changes over at the start of a round. The `heat` at the word of the loop's hint stands
//! behind its label, where each local and each operand below is in its slot (Q5, Q6, Q12 of the
//! check of bytecode). So the frame's cells are what the native code begins with, in `args`.
//!
//! # On which side of the charges
//! * *Fuel, epoch*: before them. The bytecode's poll and charge of the round stand behind the
//!   `heat`, so it has done neither; they are the first operators of the native code. A `heat`
//!   behind them has another word than the label, and enters nothing.
//! * *Height*: behind it, and again before. The bytecode has taken the function's charge; the
//!   native code takes it as every function does, so it is given back for the entry. While the code
//!   runs it is taken once, and when it returns the frame's stays as it was.
//! * *Frames*: the bytecode's frame is the segment's (Z1 of `native`). A backtrace has one frame
//!   for both, by the piece of code, since nobody asks where a frame is below a segment.
//!
//! Noticed by: `prova-testing native --swaps`, whose short form must see each of the faults that
//! are planted here (`crates/testing/tests/swap_plants.rs`).
//!
//! # Invariants
//! * W1. Native code of a loop is entered for a function whose frame is at `Vm::fp` and whose
//!   bytecode is at the loop's hint.

use super::driver::{Activation, Step};
use crate::attach::Place;
use crate::func::FuncKind;
use crate::native::Segment;
use crate::store::Store;
use crate::sys;
use crate::trap::Trap;
use crate::value::FuncAddr;
use crate::vm::FuncEntry;
use prova_check::{CodeKind, offsets};
use std::ptr;

/// How often a store looks at a program whose bytecode counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// The mean number of counts between two looks; 0: never.
    pub every: u32,
    /// Where the numbers between looks begin; they differ, so that a periodic program is
    /// not looked at in one place only.
    pub seed: u64,
}

impl Heat {
    /// A store that never looks.
    pub const NEVER: Heat = Heat { every: 0, seed: 0 };

    /// The count to the next look: between half and one and a half times the mean, at least 1.
    fn next(&mut self) -> u64 {
        // A linear congruential generator (Knuth, volume 2, 3.3.4).
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let every = u64::from(self.every);
        let spread = (self.seed >> 32) % every.max(1);
        if every == 0 { 0 } else { (every / 2 + spread).max(1) }
    }
}

impl Store {
    /// Counts to the next look.
    pub(crate) fn cool(&mut self) {
        let next = self.heat.next();
        // SAFETY: V9.
        unsafe { (*self.vm()).heat = next };
    }
}

impl Activation {
    /// The `heat` at `vm.ip` has counted to 0.
    pub(super) fn look(&mut self, store: &mut Store) -> Result<Step, Trap> {
        store.cool();
        // SAFETY: V9.
        let (func, ip) = unsafe { (FuncAddr::from_index((*self.vm()).func), (*self.vm()).ip) };
        let FuncKind::Wasm { instance, func: index } = store.func_kind(func) else {
            return Err(Trap::bug("a function of the host counts"));
        };
        // Behind the count, which has one word.
        // SAFETY: V9; the code goes on behind it (F2).
        unsafe { (*self.vm()).ip = ip.add(1) };
        let Some((taken, has_ways)) = store.native_taken(instance) else {
            super::driver::set_function(store);
            return Ok(Step::Run);
        };
        let code = store.bytecode(func);
        let word = store.word_at(func, ip);
        let of_loop = code.zip(word).and_then(|(code, word)| code.loop_at(word));
        let attacher = std::sync::Arc::clone(store.instance(instance).attacher());
        let module = store.instance(instance).module().clone();
        let ready = attacher.look(&module, Place { func: index, of_loop, taken, has_ways });
        if let Some(ways) = ready.ways
            && !store.add_ways(instance, &ways)
        {
            return Err(Trap::bug("ways of another layout"));
        }
        store.take_native(instance, ready.funcs.len());
        for code in ready.funcs {
            let CodeKind::Func(of) = code.kind() else {
                return Err(Trap::bug("code of a loop for a function"));
            };
            if (of as usize) >= module.func_count() {
                return Err(Trap::bug("code of no function of the module"));
            }
            let of = store.instance(instance).func_addr(prova_module::FuncIdx(of));
            store.keep_native(of, code)?;
        }
        if let (Some(code), Some(offset)) = (ready.of_loop, of_loop) {
            store.keep_native(func, code)?;
            let entry = store.codes(func).and_then(|codes| codes.of_loop(offset));
            if let Some(entry) = entry.map(|code| code.entry()) {
                return self.enter_loop(store, func, entry);
            }
        }
        super::driver::set_function(store);
        Ok(Step::Run)
    }

    /// Enters the native code of the loop whose round begins at `vm.ip` (W1).
    fn enter_loop(
        &mut self,
        store: &mut Store,
        func: FuncAddr,
        entry: usize,
    ) -> Result<Step, Trap> {
        let FuncEntry { charge_bytes, .. } = *store.entry(func);
        let cells = store.bytecode(func).map_or(0, |code| code.frame_cells());
        let cells = cells.min(offsets::ARGS_CELLS) as usize;
        let vm = self.vm();
        let Some(native) = &mut store.native else { return Err(Trap::bug("no native code")) };
        let (record, args) = (native.record(func), native.args_for(cells));
        // SAFETY: V9.
        let (fp, native_sp, height_left) =
            unsafe { ((*vm).fp, (*vm).native.native_sp, (*vm).height_left) };
        native.segments.push(Segment { func, native_sp, height_left });
        // SAFETY: V5: the frame's cells are paid for, and as many fit `args`.
        unsafe { ptr::copy_nonoverlapping(fp, args, cells) };
        if planted!(FuelTwice) {
            // SAFETY: V9.
            unsafe { (*vm).not_fuel = (*vm).not_fuel.saturating_add(1) };
        }
        if planted!(CellLost) && cells > 0 {
            // SAFETY: there is one.
            unsafe { *args = 0 };
        }
        if planted!(CellsMoved) && cells > 1 {
            // SAFETY: V5: as many cells less one.
            unsafe { ptr::copy_nonoverlapping(fp.add(1), args, cells - 1) };
        }
        store.publish();
        // SAFETY: V1, N3: what waits lies above. D3.
        unsafe {
            (*vm).native.native_sp = native_sp & !15;
            (*vm).store = store;
        }
        // The code takes its charge itself.
        let height = match planted!(HeightTwice) {
            true => height_left,
            false => height_left + u64::from(charge_bytes),
        };
        // SAFETY: R2, R4: the code is entered as a way in is, with the function's own record; the
        // charge is covered.
        let stop = unsafe { sys::enter(vm, entry, record, height) };
        self.stopped(store, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_to_the_next_look_are_around_the_mean_and_differ() {
        let mut heat = Heat { every: 100, seed: 7 };
        let counts: Vec<u64> = (0..1000).map(|_| heat.next()).collect();
        assert!(counts.iter().all(|&count| (50..150).contains(&count)));
        let mean = counts.iter().sum::<u64>() / 1000;
        assert!((95..105).contains(&mean), "{mean}");
        assert!(counts.windows(2).filter(|pair| pair[0] == pair[1]).count() < 50);
        assert_eq!(Heat { every: 1, seed: 3 }.next(), 1);
        let mut never = Heat::NEVER;
        assert!((0..10).all(|_| never.next() == 0));
    }
}
