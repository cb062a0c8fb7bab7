//! Calls from the host: cells are compared with types, nested calls counted, and the right executor
//! entered.
//!
//! `exec` and the reference tier run Wasm functions and come back here for host functions.
//!
//! Guaranteed: cells that reach an executor fit their types (T2 of the op table, V10), from the
//! host and from Wasm alike. After a call, with any outcome, the stack height and the depth are as
//! before it.
//!
//! Noticed by: `tests/store/calls.rs`.

use super::Store;
use crate::exec::CallOutcome;
#[cfg(doc)]
use crate::exec::Suspension;
use crate::func::FuncKind;
use crate::host::{ExecutorKind, HostOutcome};
use crate::trap::{Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr};
use crate::vm::Cell;
use prova_module::ValType;
use std::any::Any;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

/// Calls.
impl Store {
    /// Calls a function with arguments and results in cells.
    ///
    /// # Errors
    ///
    /// The trap that ended the call; [`TrapKind::Misuse`] if the cells do not fit the function's
    /// type.
    pub fn call(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        let Some(entry) = self.entries.get(func.index()) else {
            return Err(misuse("a function of another store"));
        };
        if results.len() != entry.result_cells as usize {
            return Err(misuse("results do not fit the function's type"));
        }
        if !self.cells_fit(&self.func_type(func).params, args)
            || args.len() != entry.param_cells as usize
        {
            return Err(misuse("arguments do not fit the function's type"));
        }
        self.nested(|store| match (store.func_kind(func), store.executor()) {
            (FuncKind::Host, _) => store.call_host_directly(data, func, args, results),
            (FuncKind::Wasm { .. }, ExecutorKind::Interpreter(_)) => {
                crate::exec::call(store, data, func, args, results)
            }
            (FuncKind::Wasm { .. }, ExecutorKind::External(executor)) => {
                let (executor, id) = (Arc::clone(executor), store.id);
                let outcome = executor.call(store, data, func, args, results);
                store.assert_same_store(id);
                outcome
            }
        })
    }

    /// Runs a call from the host, counted as one level more. Afterwards, after a panic too, the
    /// count is right and the stacks are as before.
    ///
    /// # Errors
    ///
    /// [`TrapKind::StackOverflow`] where there is no level left, and those of `call`.
    pub(crate) fn nested<R>(
        &mut self,
        call: impl FnOnce(&mut Store) -> Result<R, Trap>,
    ) -> Result<R, Trap> {
        self.give_up_dropped();
        let level = self.level(self.mark())?;
        call(&mut *level.store)
    }

    /// The same for a call, or the continuation of one, that a host function may suspend. Unless
    /// one does, the stacks are cut back to `below` afterwards.
    ///
    /// # Errors
    ///
    /// Those of [`Store::nested`].
    pub(crate) fn nested_resumable(
        &mut self,
        below: Mark,
        call: impl FnOnce(&mut Store) -> Result<CallOutcome, Trap>,
    ) -> Result<CallOutcome, Trap> {
        let mut level = self.level(below)?;
        let outcome = call(&mut *level.store);
        if let Ok(CallOutcome::Suspended(_)) = outcome {
            level.below = None;
        }
        outcome
    }

    fn level(&mut self, below: Mark) -> Result<Level<'_>, Trap> {
        // Asking (`hooks`).
        if self.is_asking() {
            return Err(misuse("code cannot be called by what is asked when its epoch is due"));
        }
        if self.host_depth >= self.config.host_depth_max {
            return Err(TrapKind::StackOverflow.into());
        }
        let (id, depth, caller) = (self.id, self.host_depth, self.caller);
        let (floor, held, roots) = (self.suspended_floor, self.held.len(), self.rooted());
        self.host_depth += 1;
        self.suspended_floor = self.suspended.len();
        Ok(Level { store: self, id, depth, caller, floor, held, roots, below: Some(below) })
    }

    /// How many calls from the host may be active inside each other.
    pub(crate) fn host_depth_max(&self) -> u32 {
        self.config.host_depth_max
    }

    /// How many calls from the host are active inside each other.
    pub(crate) fn host_depth(&self) -> u32 {
        self.host_depth
    }

    /// The state of the stacks, to come back to.
    pub(crate) fn mark(&self) -> Mark {
        // SAFETY: F1, V9.
        let vm = unsafe { &*self.vm() };
        // SAFETY: V6: both are in the frame records.
        let frames = unsafe { vm.frame_top.offset_from_unsigned(vm.frames_base) };
        // SAFETY: V5: both are in the value stack.
        let cells = unsafe { vm.fp.offset_from_unsigned(vm.stack_base) };
        let (suspended, held, segments) = (self.suspended.len(), self.held.len(), self.segments());
        let (height_left, native_sp) = (vm.height_left, vm.native.native_sp);
        Mark { frames, cells, height_left, suspended, held, segments, native_sp }
    }

    /// Cuts off what a call from the host left on the stacks above a mark of this store: suspended
    /// calls, charges, and what a panic cut short.
    pub(crate) fn cut_back(&mut self, mark: Mark) {
        let Mark { frames, cells, height_left, suspended, held, segments, native_sp } = mark;
        if let Some(native) = &mut self.native {
            native.segments.truncate(segments);
        }
        self.suspended.truncate(suspended);
        self.held.truncate(held);
        // SAFETY: F1, V9; D1: the frames below the mark are as they were, since only the newest
        // call runs.
        let vm = unsafe { &mut *self.vm() };
        // SAFETY: V6: there were `frames` records before.
        vm.frame_top = unsafe { vm.frames_base.add(frames) };
        // SAFETY: V5: there were `cells` cells before.
        vm.fp = unsafe { vm.stack_base.add(cells) };
        vm.height_left = height_left;
        vm.native.native_sp = native_sp;
    }

    /// Gives up the newest suspended calls whose [`Suspension`] the embedder has dropped: their
    /// frames go. Only those made in the host function that runs, or outside of all, can be on top
    /// of the stacks.
    pub(crate) fn give_up_dropped(&mut self) {
        while self.suspended.len() > self.suspended_floor
            && let Some(newest) = self.suspended.last()
            && newest.alive.strong_count() == 0
        {
            self.cut_back(newest.below);
        }
    }

    /// The conditions of a resumable call.
    pub(crate) fn check_resumable(
        &self,
        func: FuncAddr,
        args: &[Cell],
        results: &[Cell],
    ) -> Result<(), Trap> {
        let Some(entry) = self.entries.get(func.index()) else {
            return Err(misuse("a function of another store"));
        };
        if results.len() != entry.result_cells as usize
            || args.len() != entry.param_cells as usize
            || !self.cells_fit(&self.func_type(func).params, args)
        {
            return Err(misuse("arguments or results do not fit the function's type"));
        }
        if entry.instance == u32::MAX || matches!(self.executor, ExecutorKind::External(_)) {
            return Err(misuse("only Wasm functions run by this crate's executors are resumable"));
        }
        Ok(())
    }

    /// Whether cells are the results of a function of this store.
    pub(crate) fn check_results(&self, func: FuncAddr, cells: &[Cell]) -> Result<(), Trap> {
        match self.entries.get(func.index()) {
            Some(entry)
                if cells.len() == entry.result_cells as usize
                    && self.cells_fit(&self.func_type(func).results, cells) =>
            {
                Ok(())
            }
            _ => Err(misuse("results do not fit the host function's type")),
        }
    }

    /// Calls a host function that the host asked for itself.
    fn call_host_directly(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        self.enter_frame(self.func_charge(func))?;
        let mut cells = vec![0; args.len().max(results.len())];
        cells[..args.len()].copy_from_slice(args);
        let outer = self.caller.take();
        let outcome = self.call_host(data, func, &mut cells);
        self.caller = outer;
        match outcome? {
            HostOutcome::Done => {
                results.copy_from_slice(&cells[..results.len()]);
                Ok(())
            }
            HostOutcome::Suspend => Err(TrapKind::Suspended.into()),
            HostOutcome::Throw(exception, trap) => {
                Err(Trap { exception: Some(Box::new(exception)), ..*trap })
            }
            HostOutcome::Trap(trap) => Err(*trap),
        }
    }

    /// The instance whose code called the host function that runs now; `None` where the host called
    /// it itself.
    pub fn caller(&self) -> Option<InstanceAddr> {
        self.caller
    }

    /// [`Store::call_host`] for code of the instance `caller`: what every executor calls. `holds`
    /// are the references to exceptions in the frames of an executor from outside, which keep their
    /// exceptions meanwhile.
    ///
    /// # Errors
    ///
    /// Those of [`Store::call_host`].
    pub fn call_host_from(
        &mut self,
        caller: InstanceAddr,
        data: &mut dyn Any,
        func: FuncAddr,
        cells: &mut [Cell],
        holds: &[Cell],
    ) -> Result<HostOutcome, Trap> {
        let outer = self.caller.replace(caller);
        let held = self.held.len();
        self.held.extend_from_slice(holds);
        let outcome = self.call_host(data, func, cells);
        self.held.truncate(held);
        self.caller = outer;
        outcome
    }

    /// Runs a host function, whose frame the caller has charged. `cells` holds the arguments at the
    /// start and the results at the end, and is as long as the greater of the two needs.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] if the function is none of the host, `cells` is too short, or the
    /// results or the values of an exception do not fit.
    ///
    /// # Panics
    ///
    /// If the host function puts another store in the place of this one.
    pub fn call_host(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        cells: &mut [Cell],
    ) -> Result<HostOutcome, Trap> {
        let Some(host) = self.funcs.host(func) else {
            return Err(misuse("not a host function"));
        };
        let host = Arc::clone(host);
        let (param_cells, result_cells) = self.func_cells(func);
        if cells.len() < param_cells.max(result_cells) {
            return Err(misuse("too few cells"));
        }
        let (id, held, roots) = (self.id, self.held.len(), self.rooted());
        let ty = self.entries[func.index()].type_id;
        self.hold_arguments(prova_module::TypeId(ty), cells);
        let running = HostCall::begin(&self.host_calls);
        let outcome = host(self, data, cells);
        drop(running);
        self.assert_same_store(id);
        self.held.truncate(held);
        self.unroot(roots);
        match &outcome {
            HostOutcome::Done if !self.cells_fit(&self.func_type(func).results, cells) => {
                Err(misuse("results of a host function do not fit its type"))
            }
            HostOutcome::Throw(exception, _) if !self.is_exception(exception) => {
                Err(misuse("values of an exception do not fit the type of its tag"))
            }
            HostOutcome::Done
            | HostOutcome::Throw(..)
            | HostOutcome::Suspend
            | HostOutcome::Trap(_) => Ok(outcome),
        }
    }

    /// How many host functions run, one inside another; any thread may read it.
    pub fn host_calls(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.host_calls)
    }

    /// Ends everything where a host function has moved the store away from under running code (V1).
    fn assert_same_store(&self, id: u64) {
        assert!(self.id == id, "a host function replaced the store that called it");
    }

    /// Whether the first cells fit the types: 32-bit values zero-extended (T2), references of this
    /// store (V10).
    pub(crate) fn cells_fit(&self, types: &[ValType], cells: &[Cell]) -> bool {
        let mut cells = cells.iter();
        types.iter().all(|ty| {
            let Some(&cell) = cells.next() else { return false };
            match ty {
                ValType::I32 | ValType::F32 => u32::try_from(cell).is_ok(),
                ValType::I64 | ValType::F64 => true,
                ValType::V128 => cells.next().is_some(),
                ValType::Ref(ty) => self.is_ref(*ty, cell),
            }
        })
    }
}

/// A host function that runs, counted until it has returned or panics.
struct HostCall(Arc<AtomicU32>);

impl HostCall {
    fn begin(running: &Arc<AtomicU32>) -> HostCall {
        running.fetch_add(1, Ordering::Relaxed);
        HostCall(Arc::clone(running))
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The counters that [`Store::mark`] read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Frame records.
    frames: usize,
    /// Cells of the value stack before the first free one.
    cells: usize,
    height_left: u64,
    /// Suspended calls.
    suspended: usize,
    /// References to exceptions that executors from outside hold.
    held: usize,
    /// Segments of native code.
    segments: usize,
    /// The end of the native stack.
    native_sp: usize,
}

impl Mark {
    /// The stack limit left, in bytes.
    pub(crate) fn height_left(&self) -> u64 {
        self.height_left
    }
}

/// A suspended call whose frames are on the stacks.
pub(crate) struct SuspendedCall {
    /// Its name; no other of any store has it.
    pub(crate) serial: u64,
    /// Whether its [`Suspension`] is still there.
    pub(crate) alive: Weak<()>,
    /// The stacks below it.
    pub(crate) below: Mark,
    /// Whether its code stopped between calls (*kept* in `exec::suspend`).
    pub(crate) between_calls: bool,
}

/// A level of nested calls; ends when it is dropped.
struct Level<'s> {
    store: &'s mut Store,
    id: u64,
    depth: u32,
    caller: Option<InstanceAddr>,
    floor: usize,
    held: usize,
    roots: usize,
    /// The mark to cut back to; none for a call that was suspended.
    below: Option<Mark>,
}

impl Drop for Level<'_> {
    fn drop(&mut self) {
        // A host function that replaced the store panicked; the new store has separate levels.
        if self.store.id == self.id {
            self.store.host_depth = self.depth;
            self.store.caller = self.caller;
            self.store.suspended_floor = self.floor;
            self.store.held.truncate(self.held);
            self.store.unroot(self.roots);
            if let Some(below) = self.below {
                self.store.cut_back(below);
            }
        }
    }
}

fn misuse(message: &str) -> Trap {
    Trap::with_message(TrapKind::Misuse, message)
}
