//! The dispositions of our signals from before our handler was installed, and what they do with a
//! signal that is not ours.
//!
//! ```text
//!               a fault (of other code)              sent by someone
//! default     default again, the fault recurs      the process ends by the signal
//! ignored     the same, as the system does it      nothing
//! a handler   is called                            is called
//! ```
//!
//! A handler is called under the mask that its action asks for (`sa_mask`, `SA_NODEFER`), and once
//! only if that is what it asks for (`SA_RESETHAND`). One that changes the signal's disposition, as
//! the handler of Rust's standard library does when it finds no overflow of a stack, changes what
//! *we* remember: the handler that is installed stays installed, since native code may run in any
//! thread. Unlike what the system does, a handler without `SA_ONSTACK` runs on the alternate stack
//! if its thread has one.
//!
//! Everything here is safe in a handler of signals: atomics, and functions that POSIX lists as
//! such.
//!
//! Noticed by: `signals/tests.rs`, and `crates/cli/tests/signals.rs`.

use super::signals::ours;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// The signals of faults.
pub(super) const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// The code of a memory error that no access of this thread has met: it does not recur.
const BUS_MCEERR_AO: c_int = 5;

/// A disposition; a handler may read and write every part of it.
struct Before {
    /// The handler, and `FLAGS` of its action in the highest byte, which no address uses.
    action: AtomicU64,
    /// The signals that are blocked meanwhile, a bit each.
    mask: AtomicU64,
}

/// The flags of an action that decide anything here, in the order of their bits.
const FLAGS: [c_int; 4] =
    [libc::SA_SIGINFO, libc::SA_NODEFER, libc::SA_RESETHAND, libc::SA_RESTART];
const FLAGS_AT: u32 = 56;

/// In the order of [`SIGNALS`].
static BEFORE: [Before; 4] =
    [const { Before { action: AtomicU64::new(0), mask: AtomicU64::new(0) } }; 4];

impl Before {
    fn of(signal: c_int) -> Option<&'static Before> {
        BEFORE.get(SIGNALS.into_iter().position(|other| other == signal)?)
    }

    fn set(&self, action: &libc::sigaction) {
        let bits = FLAGS.into_iter().enumerate();
        let flags = bits.map(|(bit, flag)| u64::from(action.sa_flags & flag != 0) << bit);
        let flags: u64 = flags.sum();
        self.mask.store(word(&action.sa_mask), Ordering::Relaxed);
        self.action.store(action.sa_sigaction as u64 | flags << FLAGS_AT, Ordering::Release);
    }

    fn action(&self) -> Action {
        Action(self.action.load(Ordering::Acquire))
    }

    /// The action for a signal that is there now: one that is for once (`SA_RESETHAND`) is one
    /// thread's alone, and the others find the default.
    fn take(&self) -> Action {
        let action = self.action();
        if !action.has(libc::SA_RESETHAND) {
            return action;
        }
        let default = self.action.compare_exchange(
            action.0,
            libc::SIG_DFL as u64,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        default.map_or_else(Action, Action)
    }
}

/// A handler and its flags, read as one: another thread may change both meanwhile.
#[derive(Clone, Copy)]
struct Action(u64);

impl Action {
    fn has(self, flag: c_int) -> bool {
        let flags = self.0 >> FLAGS_AT;
        FLAGS.into_iter().enumerate().any(|(bit, known)| known == flag && flags >> bit & 1 != 0)
    }

    fn handler(self) -> usize {
        (self.0 & ((1 << FLAGS_AT) - 1)) as usize
    }
}

/// Remembers the present dispositions; false: the system refuses.
pub(super) fn remember() -> bool {
    SIGNALS.into_iter().zip(&BEFORE).all(|(signal, before)| match present(signal) {
        Some(action) => {
            before.set(&action);
            true
        }
        None => false,
    })
}

/// Whether what a signal interrupts in the system goes on after it, as its disposition says.
pub(super) fn restarts(signal: c_int) -> bool {
    let action = Before::of(signal).map(Before::action);
    action.is_some_and(|it| it.handler() == libc::SIG_IGN || it.has(libc::SA_RESTART))
}

/// Installs an action; false: the system refuses.
pub(super) fn set(signal: c_int, action: &libc::sigaction) -> bool {
    // SAFETY: an action that was valid, the default one, or ours, whose handler has the signature
    // that its flags ask for.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) == 0 }
}

/// The installed action.
fn present(signal: c_int) -> Option<libc::sigaction> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: reads the present action into memory of its type, for which zeros are a value.
    unsafe {
        let read = libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0;
        read.then(|| action.assume_init())
    }
}

/// Whether a signal is a fault of the instruction that it interrupts. A code above 0 is the
/// machine's; the others were sent by a process.
pub(super) fn is_fault(signal: c_int, code: c_int) -> bool {
    code > 0 && !(signal == libc::SIGBUS && code == BUS_MCEERR_AO)
}

/// Lets a signal that is not ours do what its disposition from before says.
pub(super) fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(before) = Before::of(signal) else { return };
    // SAFETY: the number of the newest error is a variable of this thread. The code that the signal
    // has interrupted may be about to read it.
    let error = unsafe { *libc::__errno_location() };
    // SAFETY: with `SA_SIGINFO` the system passes a `siginfo_t`.
    let code = unsafe { (*info).si_code };
    let action = before.take();
    match action.handler() {
        // The instruction faults again then. The system does not let anyone ignore that.
        libc::SIG_DFL | libc::SIG_IGN if is_fault(signal, code) => {
            set(signal, &default());
        }
        libc::SIG_IGN => {}
        libc::SIG_DFL => end_process(signal),
        _ => call(before, action, signal, info, context),
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = error };
}

fn default() -> libc::sigaction {
    // SAFETY: zeros are the default action.
    unsafe { std::mem::zeroed() }
}

/// Ends the process by a signal, unless it is one that the system does not end so: the first one of
/// a namespace.
fn end_process(signal: c_int) {
    let only = set_of(1 << (signal - 1));
    let mut outer = set_of(0);
    set(signal, &default());
    // SAFETY: both sets are initialised.
    unsafe {
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &only, &mut outer);
        libc::raise(signal);
        libc::pthread_sigmask(libc::SIG_SETMASK, &outer, ptr::null_mut());
    }
    set(signal, &ours(signal));
}

/// Calls the handler from before, and sees to it that it leaves installed what was.
fn call(
    before: &Before,
    action: Action,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let handler = action.handler();
    let mask = before.mask.load(Ordering::Relaxed);
    // Our handler runs with its signal blocked.
    let itself = 1 << (signal - 1);
    let unblocked = if action.has(libc::SA_NODEFER) { itself & !mask } else { 0 };
    // A handler that was installed after ours calls ours: it stays. No handler leads here from the
    // default, so it is one that another thread has just installed.
    let is_handler = |it: &libc::sigaction| it.sa_sigaction > libc::SIG_IGN;
    let installed = present(signal).filter(is_handler).unwrap_or_else(|| ours(signal));
    let mut outer = set_of(0);
    // SAFETY: the sets are initialised.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, &set_of(mask | itself), &mut outer);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set_of(unblocked), ptr::null_mut());
    }
    if action.has(libc::SA_SIGINFO) {
        type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);
        // SAFETY: the flag, read in one word with the handler, says that it has this signature.
        let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
        handler(signal, info, context);
    } else {
        // SAFETY: without the flag a handler has this signature.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
        handler(signal);
    }
    // Ours is there already where another thread's handler has ended before.
    if let Some(left) = present(signal)
        && left.sa_sigaction != installed.sa_sigaction
        && left.sa_sigaction != ours(signal).sa_sigaction
    {
        before.set(&left);
        set(signal, &installed);
    }
    // SAFETY: the set is initialised.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &outer, ptr::null_mut()) };
}

/// The signals of a set, a bit each: there are 64, and they are its first word.
fn word(set: &libc::sigset_t) -> u64 {
    const { assert!(size_of::<libc::sigset_t>() >= 8 && align_of::<libc::sigset_t>() >= 8) };
    // SAFETY: the set has at least these bytes, all of them initialised.
    unsafe { *ptr::from_ref(set).cast::<u64>() }
}

/// The set of these signals.
fn set_of(word: u64) -> libc::sigset_t {
    // SAFETY: zeros are the empty set.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: as in `word`.
    unsafe { *ptr::from_mut(&mut set).cast::<u64>() = word };
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two threads that get a signal at once: only one runs a handler that is to run once.
    #[test]
    fn a_handler_for_once_is_one_threads() {
        let before = Before { action: AtomicU64::new(0), mask: AtomicU64::new(0) };
        let mut action = default();
        action.sa_sigaction = 0x1234;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESETHAND;
        before.set(&action);
        let (first, second) = (before.take(), before.take());
        assert!(first.handler() == 0x1234 && first.has(libc::SA_SIGINFO));
        assert!(second.handler() == libc::SIG_DFL && !second.has(libc::SA_SIGINFO));
        action.sa_flags = libc::SA_SIGINFO;
        before.set(&action);
        assert_eq!((before.take().handler(), before.take().handler()), (0x1234, 0x1234));
    }

    #[test]
    fn a_memory_error_that_no_access_has_met_is_no_fault() {
        assert!(is_fault(libc::SIGSEGV, 1) && is_fault(libc::SIGBUS, 4));
        assert!(!is_fault(libc::SIGBUS, BUS_MCEERR_AO) && is_fault(libc::SIGFPE, 5));
        assert!(!is_fault(libc::SIGSEGV, 0) && !is_fault(libc::SIGSEGV, -6));
    }
}
