//! Calls that are suspended: by a host function, by an epoch that is due, or because the fuel is
//! used up. The embedder decides how they go on.
//!
//! A suspended call leaves its frames and records on the stacks, and the store knows it by its
//! serial number (D4 of [`super::driver`]). What else is needed to go on is in the [`Suspension`].
//!
//! # Invariants
//! * *Again.* Bytecode stops with its state as before an instruction: at a poll, or at one whose
//!   fuel is not there and that has done nothing yet (P2 of `step`). So going on is executing it
//!   again, or passing the poll. At a poll no accumulator is known (the check forgets them there),
//!   and an operator with an effect reads none; a charge keeps them, and so does the suspension.
//! * *Free.* Above the frame of code that stopped, the value stack is free from the end of what
//!   its charge covers on.
//! * *Kept.* Nobody has computed which cells of a frame that stopped between calls refer to
//!   exceptions. So as long as there is such a suspension, no exception is forgotten.
//!
//! Limits: machine code stops at calls only, so in a store that may run it nothing but a host
//! function suspends a call. In others the fuel ends a call, with its trap, in the search for the
//! handler of a host function's exception, and in a call that is not resumable.

use super::Accumulators;
use super::driver::{Activation, Saved, Step, set_function, write_cells};
use crate::host::HostOutcome;
use crate::store::{EpochAnswer, Mark, Store, SuspendedCall};
use crate::trap::{Trap, TrapKind};
use crate::value::FuncAddr;
use crate::vm::Cell;
use prova_bytecode::{Op, decode};
use prova_module::host_call_cost;
use std::any::Any;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a resumable call went on.
#[derive(Debug)]
pub enum CallOutcome {
    /// The function returned; its results are in the buffer.
    Returned,
    /// The call is suspended.
    Suspended(Suspension),
}

/// Why a call is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspendedBy {
    /// This host function asked for it; the call goes on with its results.
    Host(FuncAddr),
    /// The fuel is used up: the next step takes more than there is.
    Fuel {
        /// The least fuel with which it goes on; more may be needed soon behind it.
        needed: u64,
    },
    /// The epoch is due, and the store's hook wants the call to yield.
    Epoch,
}

/// A call that is suspended. Dropping it gives the call up: its frames go before the next call of
/// the store, or, where a call that is not given up lies above them, with that one.
#[derive(Debug)]
pub struct Suspension {
    /// Its name in [`Store::suspended`]; no other suspension of any store has it.
    serial: u64,
    /// Tells the store when this is dropped.
    _alive: Arc<()>,
    /// The stacks below the activation.
    below: Mark,
    /// The depth of the host that called.
    host_depth: u32,
    by: SuspendedBy,
    at: At,
    called: FuncAddr,
    /// Frame records below the activation.
    bottom: usize,
    /// Frame records of the activation and below.
    top: usize,
    /// The frame of the function that runs, in cells from the stack's base.
    frame: usize,
    /// The frame of the called function, in cells from the stack's base.
    base: usize,
    /// Segments of native code below the activation.
    segments: usize,
}

impl Suspension {
    /// Why the call is suspended.
    pub fn by(&self) -> SuspendedBy {
        self.by
    }
}

/// Where an activation stops, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    by: SuspendedBy,
    at: At,
}

/// The registers of an activation that stops.
#[derive(Clone, Copy, Debug)]
struct At {
    /// The step that is next; the host's results come before it.
    step: Step,
    /// The running function, and its instance or the caller's.
    func: u32,
    instance: u32,
    /// The instruction, of code that the store keeps (V4).
    ip: usize,
    acc: Accumulators,
}

/// Resumable calls.
impl Store {
    /// Calls a Wasm function until it ends or is suspended. A host function suspends the call that
    /// leads to it, and no call around that one.
    ///
    /// # Errors
    /// The trap; [`TrapKind::Misuse`] for a host function, for cells that do not fit, or in a store
    /// whose executor is not of this crate.
    pub fn call_resumable(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<CallOutcome, Trap> {
        self.check_resumable(func, args, results)?;
        self.give_up_dropped();
        let below = self.mark();
        self.nested_resumable(below, |store| {
            Activation::enter(store, func, args)?.go_on(store, data, results, below, Step::Run)
        })
    }

    /// Whether a call that is to be suspended, and to go on before those that are suspended
    /// already, has a level left: as many may lie above each other as calls of the host may nest.
    pub fn may_suspend_once_more(&mut self) -> bool {
        self.give_up_dropped();
        self.suspended.len() < self.host_depth_max() as usize
    }

    /// Goes on with a suspended call; `host_results` are the results of the host function that
    /// suspended it, and empty if none did.
    ///
    /// # Errors
    /// The trap; [`TrapKind::Misuse`] if the suspension is not the newest call on this store's
    /// stack, or cells do not fit.
    pub fn resume(
        &mut self,
        data: &mut dyn Any,
        suspension: Suspension,
        host_results: &[Cell],
        results: &mut [Cell],
    ) -> Result<CallOutcome, Trap> {
        self.resume_with(data, suspension, HostOutcome::Done, host_results, results)
    }

    /// Goes on as if the host function had ended so: with its results, which count for
    /// [`HostOutcome::Done`] alone, an exception or a trap. A call that no host function suspended
    /// goes on, or traps where it stopped.
    ///
    /// # Errors
    /// Those of [`Store::resume`]; [`TrapKind::Misuse`] for [`HostOutcome::Suspend`], and for an
    /// exception of no host function.
    pub fn resume_with(
        &mut self,
        data: &mut dyn Any,
        suspension: Suspension,
        outcome: HostOutcome,
        host_results: &[Cell],
        results: &mut [Cell],
    ) -> Result<CallOutcome, Trap> {
        self.give_up_dropped();
        if self.suspended.last().map(|newest| newest.serial) != Some(suspension.serial)
            || self.host_depth() != suspension.host_depth
        {
            return Err(Trap::with_message(
                TrapKind::Misuse,
                "the suspended call is not the newest one of this store and of the running host function",
            ));
        }
        match (&outcome, suspension.by) {
            (HostOutcome::Done, SuspendedBy::Host(host)) => {
                self.check_results(host, host_results)?;
            }
            (HostOutcome::Throw(..), SuspendedBy::Fuel { .. } | SuspendedBy::Epoch) => {
                return Err(misuse("no host function suspended the call"));
            }
            _ => {}
        }
        let below = suspension.below;
        let ended = (outcome, host_results);
        self.nested_resumable(below, |store| resume(store, data, suspension, ended, results))
    }
}

fn resume(
    store: &mut Store,
    data: &mut dyn Any,
    suspension: Suspension,
    ended: (HostOutcome, &[Cell]),
    results: &mut [Cell],
) -> Result<CallOutcome, Trap> {
    store.publish();
    let vm_at = store.vm();
    // SAFETY: V9.
    let vm = unsafe { &mut *vm_at };
    // SAFETY: V6: both are in the frame records.
    let top = unsafe { vm.frame_top.offset_from_unsigned(vm.frames_base) };
    let called = store.entry(suspension.called);
    if top != suspension.top || results.len() != called.result_cells as usize {
        return Err(misuse(
            "another call runs above the suspended one, or the number of results is wrong",
        ));
    }
    store.suspended.pop();
    store.suspended_floor = store.suspended.len();
    // SAFETY: V5, V6: the suspension is the newest of this store (D4), so its records are the ones
    // below its `top`, and its frames are below the first free cell.
    let (base, bottom, frame) = unsafe {
        (
            vm.stack_base.add(suspension.base),
            vm.frames_base.add(suspension.bottom),
            vm.stack_base.add(suspension.frame),
        )
    };
    let height_left = suspension.below.height_left();
    let mut saved = Saved::new(vm);
    (saved.fp, saved.height_left) = (base, height_left);
    let At { func, instance, ip, acc, .. } = suspension.at;
    vm.fp = frame;
    vm.func = func;
    vm.ip = ptr::with_exposed_provenance(ip);
    store.enter_instance(instance);
    let mut activation = Activation {
        vm: vm_at,
        saved,
        called: suspension.called,
        base,
        bottom,
        segments: suspension.segments,
        native_top: false,
        acc,
    };
    match activation.next(store, data, &suspension, ended) {
        Ok(step) => activation.go_on(store, data, results, suspension.below, step),
        Err(trap) => Err(activation.unwind(store, trap)),
    }
}

impl Activation {
    /// The first step of a call that goes on.
    fn next(
        &mut self,
        store: &mut Store,
        data: &mut dyn Any,
        suspension: &Suspension,
        (outcome, host_results): (HostOutcome, &[Cell]),
    ) -> Result<Step, Trap> {
        let of_host = matches!(suspension.by, SuspendedBy::Host(_));
        match outcome {
            HostOutcome::Done if of_host => {
                // SAFETY: V5: the frame of a host function has room for its results.
                unsafe { write_cells((*self.vm()).fp, host_results) };
                Ok(Step::Returned)
            }
            HostOutcome::Done => {
                if suspension.by == SuspendedBy::Epoch && suspension.at.step == Step::Run {
                    self.pass_poll();
                }
                Ok(suspension.at.step)
            }
            HostOutcome::Throw(exception, trap) => {
                store.poll_asking(data, |store| self.trace(store))?;
                let thrown = |store: &mut Store| self.throw_of_host(store, exception, *trap);
                store.with_data(data, thrown)
            }
            HostOutcome::Trap(trap) => Err(*trap),
            HostOutcome::Suspend => {
                Err(misuse("a suspended call goes on with an end of its host function"))
            }
        }
    }

    /// Drives to the end or to a suspension.
    fn go_on(
        mut self,
        store: &mut Store,
        data: &mut dyn Any,
        results: &mut [Cell],
        below: Mark,
        step: Step,
    ) -> Result<CallOutcome, Trap> {
        // With machine code it would depend on what runs as such.
        let stops = store.native.is_none();
        match self.drive(store, data, step, stops) {
            Ok(None) => {
                self.finish(store, results);
                Ok(CallOutcome::Returned)
            }
            Ok(Some(stopped)) => Ok(CallOutcome::Suspended(self.suspend(store, stopped, below))),
            Err(trap) => Err(self.unwind(store, trap)),
        }
    }

    /// Stops here; goes on with a step.
    pub(super) fn stop(&self, by: SuspendedBy, step: Step) -> Stopped {
        // SAFETY: V9.
        let vm = unsafe { &*self.vm() };
        let acc = match by {
            SuspendedBy::Fuel { .. } if step == Step::Run => vm.acc,
            _ => Accumulators::CLEAR,
        };
        let ip = vm.ip.expose_provenance();
        Stopped { by, at: At { step, func: vm.func, instance: vm.instance_addr, ip, acc } }
    }

    /// Goes on behind the poll at `vm.ip`, whose hook has been asked: it may be due again already.
    /// No accumulator is known there (`bytecode::check`).
    pub(super) fn pass_poll(&self) {
        // SAFETY: V9; an instruction follows a poll, which is one word (F1 of the check).
        unsafe { (*self.vm()).ip = (*self.vm()).ip.add(1) };
    }

    /// Stops because the next step takes more fuel than there is (*again*). Of bytecode it is the
    /// instruction at `vm.ip`, of a host function its call.
    pub(super) fn stop_for_fuel(&self, store: &Store, step: Step) -> Stopped {
        let func = self.running();
        let needed = match step {
            Step::Entered => {
                let (params, results) = store.func_cells(func);
                host_call_cost(params as u64, results as u64)
            }
            _ => self.charge_here(store, func).unwrap_or_else(|| store.fuel_needed()),
        };
        self.stop(SuspendedBy::Fuel { needed }, step)
    }

    /// The units of the charge at `vm.ip`, if it is one.
    fn charge_here(&self, store: &Store, func: FuncAddr) -> Option<u64> {
        // SAFETY: V9.
        let word = store.word_at(func, unsafe { (*self.vm()).ip })?;
        let inst = decode(store.bytecode(func)?.words(), word).ok()?;
        (inst.op == Op::Charge).then(|| inst.values[0])
    }

    /// Asks the hook whose epoch is due; whether the call stops.
    ///
    /// # Errors
    /// The trap of the hook; [`TrapKind::Suspended`] if it wants to yield and nothing can resume
    /// the call.
    pub(super) fn asks_to_yield(
        &self,
        store: &mut Store,
        data: &mut dyn Any,
        stops: bool,
    ) -> Result<bool, Trap> {
        let yields = store.ask_epoch(data, self.trace(store))? == EpochAnswer::Yield;
        if yields && !stops {
            return Err(Store::yield_refused());
        }
        set_function(store);
        Ok(yields)
    }

    fn suspend(&mut self, store: &mut Store, stopped: Stopped, below: Mark) -> Suspension {
        static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);
        let Stopped { by, at } = stopped;
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let alive = Arc::new(());
        let between_calls = at.step == Step::Run;
        let call = SuspendedCall { serial, alive: Arc::downgrade(&alive), below, between_calls };
        store.suspended.push(call);
        let vm = self.vm();
        // SAFETY: V9.
        let vm = unsafe { &mut *vm };
        // SAFETY: V6: all of them are in the frame records.
        let (bottom, top) = unsafe {
            let records = vm.frames_base;
            (self.bottom.offset_from_unsigned(records), vm.frame_top.offset_from_unsigned(records))
        };
        // SAFETY: V5: all of them are in the value stack.
        let (frame, base) = unsafe {
            let cells = vm.stack_base;
            (vm.fp.offset_from_unsigned(cells), self.base.offset_from_unsigned(cells))
        };
        // The frames stay; the calls that the host makes meanwhile go above them.
        let func = FuncAddr::from_index(at.func);
        let cells = if between_calls {
            // Free.
            store.entry(func).charge_bytes as usize / size_of::<Cell>()
        } else {
            let (params, results) = store.func_cells(func);
            params.max(results)
        };
        // SAFETY: V5: a function's charge covers these cells, a host function's its parameters and
        // results.
        vm.fp = unsafe { vm.fp.add(cells) };
        let host_depth = store.host_depth() - 1;
        let (called, segments) = (self.called, self.segments);
        Suspension {
            serial,
            _alive: alive,
            below,
            host_depth,
            by,
            at,
            called,
            bottom,
            top,
            frame,
            base,
            segments,
        }
    }
}

fn misuse(message: &str) -> Trap {
    Trap::with_message(TrapKind::Misuse, message)
}
