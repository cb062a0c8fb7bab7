//! Which functions and loops get machine code while programs run as bytecode.
//!
//! ```text
//! look ─► how often a function was found ─► queue ─ worker ─► code of functions, of loops
//!                                                                └ the next look of each store
//! ```
//!
//! A store looks at its program now and then (`prova_runtime::Heat`) and says where it is. A
//! function in which programs were found often enough for its size ([`Hot::looks`], [`Hot::bytes`])
//! is queued; a loop, where a program is found in it so often though the function's code is there
//! already: then this call will not come to it. Before the looks of [`Hot::first`] all of it waits.
//!
//! # Invariants
//! 1. Machine code takes the same way as elsewhere: [`Code::load`], in which the check stands.
//! 2. The queue has each function and each loop once, so it ends.
//! 3. A worker keeps the code alive for one job at a time: who drops a module does not wait, and
//!    what is queued for it is forgotten.

use super::Code;
use crate::compiler::RefusalReason;
use crate::workers;
use prova_module::FuncIdx;
use prova_runtime::{NativeCode, Place, Ready};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::available_parallelism;

/// Most workers of a module.
const WORKERS_MAX: usize = 4;

/// Where programs spend their time.
pub(super) struct Heat {
    code: Weak<Code>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many looks there were.
    all: u32,
    /// In how many looks a function was found.
    looks: BTreeMap<FuncIdx, u32>,
    /// The loops in which a program was found though their functions had code, by function and
    /// offset.
    loops: BTreeMap<(FuncIdx, u32), Loop>,
    queue: VecDeque<Job>,
    workers: usize,
    /// Functions whose code is there, in the order in which it came, and their numbers in it.
    ready: Vec<Arc<NativeCode>>,
    numbers: BTreeMap<FuncIdx, usize>,
}

/// The machine code that there is of a module ([`Module::tiers`](crate::Module::tiers)).
#[derive(Clone, Debug, Default)]
pub struct Tiers {
    /// Functions whose calls run it.
    pub functions: Vec<FuncIdx>,
    /// How many of these had it from a cache.
    pub cached: usize,
    /// How many types had their ways in and out from it.
    pub cached_ways: usize,
    /// Loops that go on in it at the start of a round: the function and the module offset of the
    /// `loop`.
    pub loops: Vec<(FuncIdx, u32)>,
    /// Loops that were hot, and why there is none of them.
    pub refused: Vec<(FuncIdx, u32, RefusalReason)>,
}

/// A loop that programs are found in.
enum Loop {
    /// The number of looks in which it was found.
    Looks(u32),
    Queued,
    Made(Result<Arc<NativeCode>, RefusalReason>),
}

impl Default for Loop {
    fn default() -> Loop {
        Loop::Looks(0)
    }
}

/// Something to compile.
#[derive(Clone, Copy)]
enum Job {
    Func(FuncIdx),
    Loop(FuncIdx, u32),
}

impl Heat {
    pub(super) fn new(code: Weak<Code>) -> Heat {
        Heat { code, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Code {
    /// The native code that there is for a store that was found at a place.
    pub(super) fn look(&self, at: Place) -> Ready {
        let Some(hot) = self.compilers.hot else { return Ready::default() };
        let bytes = self.module.body(at.func).map_or(0, |body| body.range().len());
        let all = self.note(at, hot.looks_of(bytes));
        if all < hot.first {
            return Ready::default();
        }
        if hot.background {
            self.start_workers();
        } else {
            while let Some(job) = self.next_job() {
                workers::work(|| self.do_job(job));
            }
            self.save_some();
        }
        self.ready(at)
    }

    /// Queues what is hot now; gives how many looks there were.
    fn note(&self, Place { func, of_loop, taken, has_ways: _ }: Place, enough: u32) -> u32 {
        let mut state = self.heat.state();
        state.all = state.all.saturating_add(1);
        let all = state.all;
        let looks = state.looks.entry(func).or_default();
        *looks = looks.saturating_add(1);
        if *looks == enough && self.made(func).is_none() {
            state.queue.push_back(Job::Func(func));
        }
        let waits = state.numbers.get(&func).is_some_and(|&number| number < taken);
        let Some(offset) = of_loop.filter(|_| waits) else { return all };
        if let Loop::Looks(looks) = state.loops.entry((func, offset)).or_default() {
            *looks += 1;
            if *looks == enough {
                state.loops.insert((func, offset), Loop::Queued);
                state.queue.push_back(Job::Loop(func, offset));
            }
        }
        all
    }

    /// The code that is there for a store.
    fn ready(&self, at: Place) -> Ready {
        let state = self.heat.state();
        let funcs = state.ready.get(at.taken..).unwrap_or_default().to_vec();
        let of_loop = at.of_loop.and_then(|offset| state.loops.get(&(at.func, offset)));
        let of_loop = match of_loop {
            Some(Loop::Made(Ok(code))) => Some(Arc::clone(code)),
            Some(Loop::Made(Err(_)) | Loop::Queued | Loop::Looks(_)) | None => None,
        };
        let needs_ways = !at.has_ways && (!funcs.is_empty() || of_loop.is_some());
        let ways = if needs_ways { self.native_so_far() } else { None };
        if needs_ways && ways.as_ref().is_none_or(|ways| ways.thunks().is_none()) {
            return Ready::default();
        }
        Ready { ways, funcs, of_loop }
    }

    fn start_workers(&self) {
        let most = available_parallelism().map_or(1, |n| n.get() - 1).clamp(1, WORKERS_MAX);
        let mut state = self.heat.state();
        while state.workers < most.min(state.queue.len()) {
            state.workers += 1;
            let code = Weak::clone(&self.heat.code);
            // The lock is not held while a thread starts: it may do its work here.
            drop(state);
            workers::work_apart(move || {
                while let Some(code) = code.upgrade() {
                    let Some(job) = code.next_job_of_worker() else { return code.save_some() };
                    code.do_job(job);
                }
            });
            state = self.heat.state();
        }
    }

    /// The machine code that is there so far.
    pub(crate) fn tiers(&self) -> Tiers {
        let state = self.heat.state();
        let made = self.module.defined_funcs();
        let made = made.filter(|&func| matches!(self.made(func), Some(Some(_)))).collect();
        let (cached, cached_ways) = self.taken_from_cache();
        let mut tiers = Tiers { functions: made, cached, cached_ways, ..Tiers::default() };
        for (&(func, offset), made) in &state.loops {
            match made {
                Loop::Made(Ok(_)) => tiers.loops.push((func, offset)),
                Loop::Made(Err(reason)) => tiers.refused.push((func, offset, reason.clone())),
                Loop::Looks(_) | Loop::Queued => {}
            }
        }
        tiers
    }

    fn next_job(&self) -> Option<Job> {
        self.heat.state().queue.pop_front()
    }

    /// The next job; without, the worker is gone.
    fn next_job_of_worker(&self) -> Option<Job> {
        let mut state = self.heat.state();
        let job = state.queue.pop_front();
        state.workers -= usize::from(job.is_none());
        job
    }

    fn do_job(&self, job: Job) {
        match job {
            Job::Func(func) => {
                let code = self.native_code(func);
                let mut state = self.heat.state();
                if let Some(code) = code {
                    let number = state.ready.len();
                    state.numbers.insert(func, number);
                    state.ready.push(code);
                }
            }
            Job::Loop(func, offset) => {
                let code = self.make_of_loop(func, offset);
                self.heat.state().loops.insert((func, offset), Loop::Made(code));
            }
        }
    }
}
