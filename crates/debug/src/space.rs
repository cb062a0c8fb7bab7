//! The state that both sides of a session have: the modules by their index in addresses, the
//! breakpoints, and how the guest goes on.
//!
//! 1. A guest that is to run on, and at none of whose offsets [`Shared::may_stop`], has nothing to
//!    look for: the filter has the bit of each breakpoint's offset, and perhaps of others.
//! 2. A breakpoint stands at the start of an operator. Behind the key stands the address that the
//!    debugger named: inside the declarations of locals it means the first operator.

use prova_module::Module;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the guest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Up to a breakpoint.
    Run,
    /// Up to the next operator.
    Step,
    /// Up to the next operator, because the debugger asked in the middle of a run.
    Interrupt,
    /// Not at all.
    End,
}

/// The state that both sides have.
pub(crate) struct Shared {
    modules: Mutex<Vec<(String, Module)>>,
    /// By module and offset of the operator: the offsets that the debugger named.
    breakpoints: Mutex<BTreeMap<(usize, u32), Vec<u32>>>,
    /// By the low bits of an offset, whether a breakpoint may be there. Bits stay when a breakpoint
    /// goes, until all are gone.
    filter: [AtomicU64; FILTER_WORDS],
    mode: AtomicU8,
}

/// Words of the filter.
const FILTER_WORDS: usize = 64;

/// The word and the bit of an offset in the filter.
fn filtered(offset: u32) -> (usize, u64) {
    let bit = offset as usize % (64 * FILTER_WORDS);
    (bit / 64, 1 << (bit % 64))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// A session that stops before the first operator.
    pub(crate) fn new() -> Shared {
        Shared {
            modules: Mutex::default(),
            breakpoints: Mutex::default(),
            filter: [const { AtomicU64::new(0) }; FILTER_WORDS],
            mode: AtomicU8::new(Mode::Step as u8),
        }
    }

    /// Whether there may be a breakpoint at the offset of a module.
    pub(crate) fn may_stop(&self, offset: u32) -> bool {
        let (word, bit) = filtered(offset);
        self.filter[word].load(Ordering::Acquire) & bit != 0
    }

    fn clear_filter(&self) {
        self.filter.iter().for_each(|word| word.store(0, Ordering::Release));
    }

    pub(crate) fn mode(&self) -> Mode {
        let mode = self.mode.load(Ordering::Acquire);
        let known = [Mode::Run, Mode::Step, Mode::Interrupt];
        known.into_iter().find(|known| *known as u8 == mode).unwrap_or(Mode::End)
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Release);
    }

    /// Interrupts a guest that runs; one that steps stops anyway.
    pub(crate) fn interrupt(&self) {
        let (run, stop) = (Mode::Run as u8, Mode::Interrupt as u8);
        // What it was otherwise stays.
        let _ = self.mode.compare_exchange(run, stop, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The index of a module, which is noted if it is new.
    pub(crate) fn index(&self, module: &Module) -> usize {
        self.index_or_name(module, |index| format!("module-{index}.wasm"))
    }

    /// The same, with the name of one that is new.
    pub(crate) fn index_or_name(
        &self,
        module: &Module,
        name: impl FnOnce(usize) -> String,
    ) -> usize {
        let mut modules = lock(&self.modules);
        let is_same = |(_, known): &(String, Module)| std::ptr::eq(known.bytes(), module.bytes());
        let index = modules.len();
        modules.iter().position(is_same).unwrap_or_else(|| {
            modules.push((name(index), module.clone()));
            index
        })
    }

    /// The names of the modules in the order of their indices.
    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.modules).iter().map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn module(&self, index: usize) -> Option<Module> {
        lock(&self.modules).get(index).map(|(_, module)| module.clone())
    }

    /// Sets a breakpoint; false where no operator stands at the offset.
    pub(crate) fn set_breakpoint(&self, module: usize, offset: u32) -> bool {
        let operator = self.module(module).and_then(|module| operator_at(&module, offset));
        let Some(operator) = operator else { return false };
        let mut breakpoints = lock(&self.breakpoints);
        let named = breakpoints.entry((module, operator)).or_default();
        if !named.contains(&offset) {
            named.push(offset);
        }
        let (word, bit) = filtered(operator);
        self.filter[word].fetch_or(bit, Ordering::AcqRel);
        true
    }

    /// Removes a breakpoint; false where there is none.
    pub(crate) fn remove_breakpoint(&self, module: usize, offset: u32) -> bool {
        let mut breakpoints = lock(&self.breakpoints);
        let here = breakpoints
            .iter_mut()
            .find(|((of, _), named)| *of == module && named.contains(&offset));
        let Some((&key, named)) = here else { return false };
        named.retain(|other| *other != offset);
        if named.is_empty() {
            breakpoints.remove(&key);
        }
        if breakpoints.is_empty() {
            self.clear_filter();
        }
        true
    }

    pub(crate) fn remove_all_breakpoints(&self) {
        let mut breakpoints = lock(&self.breakpoints);
        breakpoints.clear();
        self.clear_filter();
    }

    /// The offset that a debugger named for a breakpoint at an operator.
    pub(crate) fn breakpoint(&self, module: usize, operator: u32) -> Option<u32> {
        lock(&self.breakpoints).get(&(module, operator))?.first().copied()
    }
}

/// The offset of the operator that an offset means: one that starts there, or behind the
/// declarations of locals the first of the body.
fn operator_at(module: &Module, offset: u32) -> Option<u32> {
    let func = module.func_at(offset as usize)?;
    let operators = module.body(func)?.operators().into_iter_with_offsets();
    let mut offsets = operators.map_while(|operator| u32::try_from(operator.ok()?.1).ok());
    let first = offsets.next()?;
    if offset <= first {
        return Some(first);
    }
    offsets.take_while(|at| *at <= offset).find(|at| *at == offset)
}
