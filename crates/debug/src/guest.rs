//! The side of the guest: where it stops, it does what the server asks for until a job lets it go
//! on.

use crate::space::{Mode, Shared};
use prova_module::Module;
use prova_reference::{Debugger, Paused, Reference};
use prova_runtime::{ExecutorKind, Trap, TrapKind};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

/// A job for the guest's thread while it waits; it goes on behind one that gives a mode.
pub(crate) type Job = Box<dyn FnOnce(&mut Paused<'_, '_>) -> Option<Mode> + Send>;

/// News of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It waits before the operator at `pc` of a module.
    Stopped {
        /// Why.
        why: Why,
        /// The module's index and the offset.
        pc: (usize, u32),
    },
    /// The run is over, with this exit code.
    Exited(u8),
}

/// Why the guest has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Step,
    Breakpoint,
    Interrupt,
    Trap(TrapKind),
}

/// The reference tier asks it before each step. See [`session`](crate::session).
pub struct Guest {
    shared: Arc<Shared>,
    jobs: Mutex<Receiver<Job>>,
    events: Mutex<Sender<Event>>,
}

impl Guest {
    pub(crate) fn new(shared: Arc<Shared>, jobs: Receiver<Job>, events: Sender<Event>) -> Guest {
        Guest { shared, jobs: Mutex::new(jobs), events: Mutex::new(events) }
    }

    /// The executor of a store whose code asks the debugger: the reference tier.
    pub fn executor(self: &Arc<Guest>) -> ExecutorKind {
        let debugger: Arc<dyn Debugger> = self.clone();
        ExecutorKind::External(Arc::new(Reference::with_debugger(debugger)))
    }

    /// Shows a module to the debugger from the start, under this name; others are shown when their
    /// code is first executed.
    pub fn show(&self, name: &str, module: &Module) {
        self.shared.index_or_name(module, |_| name.to_owned());
    }

    /// Tells the debugger that the run is over.
    pub fn exited(&self, code: u8) {
        self.tell(Event::Exited(code));
    }

    /// Whether the debugger, or its going away, has ended the run.
    pub fn was_ended(&self) -> bool {
        self.shared.mode() == Mode::End
    }

    /// A server that is gone needs no event.
    fn tell(&self, event: Event) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = events.send(event);
    }

    /// Waits at an operator and does jobs.
    fn wait(&self, paused: &mut Paused<'_, '_>, why: Why, pc: (usize, u32)) {
        self.tell(Event::Stopped { why, pc });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // The server has set the mode before it lets the guest go: what it sets later, an
        // interruption or the end, is not lost.
        loop {
            match jobs.recv() {
                Ok(job) => {
                    if job(paused).is_some() {
                        break;
                    }
                }
                // A server that let the guest go said so before it went.
                Err(_) if self.shared.mode() == Mode::Run => break,
                Err(_) => {
                    self.shared.set_mode(Mode::End);
                    break;
                }
            }
        }
    }
}

impl Debugger for Guest {
    fn before_step(&self, paused: &mut Paused<'_, '_>) -> Result<(), TrapKind> {
        let runs = self.shared.mode() == Mode::Run;
        if runs && !paused.offsets().any(|operator| self.shared.may_stop(operator)) {
            return Ok(());
        }
        let module = self.shared.index(paused.module());
        let operators: Vec<u32> = paused.offsets().collect();
        for operator in operators {
            let named = self.shared.breakpoint(module, operator);
            let why = match self.shared.mode() {
                Mode::End => return Err(TrapKind::Interrupt),
                Mode::Step => Why::Step,
                Mode::Interrupt => Why::Interrupt,
                Mode::Run if named.is_some() => Why::Breakpoint,
                Mode::Run => continue,
            };
            // At a breakpoint that a step meets it is both, and the breakpoint says more.
            let why = if named.is_some() && why == Why::Step { Why::Breakpoint } else { why };
            self.wait(paused, why, (module, named.unwrap_or(operator)));
        }
        match self.shared.mode() {
            Mode::End => Err(TrapKind::Interrupt),
            Mode::Run | Mode::Step | Mode::Interrupt => Ok(()),
        }
    }

    fn at_trap(&self, paused: &mut Paused<'_, '_>, trap: &Trap) {
        // The end of a program is an error of a host function too.
        if trap.kind == TrapKind::Host || self.was_ended() {
            return;
        }
        let module = self.shared.index(paused.module());
        let pc = paused.frames().next().map_or(0, |frame| frame.pc);
        self.wait(paused, Why::Trap(trap.kind), (module, pc));
    }
}
