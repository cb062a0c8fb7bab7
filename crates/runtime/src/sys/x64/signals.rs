//! Faults of native code: a signal → [`Stop::Trap`](super::Stop::Trap) of the code that runs.
//!
//! The handler of `SIGSEGV`, `SIGBUS`, `SIGILL` and `SIGFPE` takes a fault for ours if this thread
//! runs native code (`RUNNING`) and the program counter lies in the arena of code; it notes counter
//! and registers in the `Vm` and lets the thread go on at [`trapped`](super::enter::trapped).
//! Any other signal does what its disposition says, as if there were no handler of ours
//! ([`before`](super::before)). It is installed once for the process, when the first store takes
//! native code, and stays.
//!
//! The handler may interrupt native code only, in the cases that it takes: it calls nothing that is
//! not safe there (an access of a thread's constant-initialised cell, loads of atomics).

use super::before::{self, SIGNALS};
use super::code::is_code;
use super::enter::trapped;
use crate::vm::Vm;
use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;
use std::sync::OnceLock;

/// Where the system keeps the general registers, by their numbers.
const REGISTERS: [c_int; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

thread_local! {
    /// The `Vm` whose native code this thread runs, or null.
    static RUNNING: Cell<*mut Vm> = const { Cell::new(ptr::null_mut()) };
}

/// Native code of `vm` runs from now on; gives what ran before.
pub(super) fn enter(vm: *mut Vm) -> *mut Vm {
    RUNNING.replace(vm)
}

/// Native code of this call has stopped.
pub(super) fn leave(outer: *mut Vm) {
    RUNNING.set(outer);
}

/// Installs the handler; false: the system refuses.
pub(crate) fn install() -> bool {
    static DONE: OnceLock<bool> = OnceLock::new();
    *DONE.get_or_init(|| {
        // The former handlers are recorded before a handler of ours can run.
        before::remember() && SIGNALS.into_iter().all(|signal| before::set(signal, &ours(signal)))
    })
}

/// Our action for a signal. System calls that are restarted after an ignored or handled signal are
/// restarted after ours. The signal is blocked meanwhile: frames of a handler that its own signal
/// interrupts would fill the alternate stack, which has room for two where registers are large.
pub(super) fn ours(signal: c_int) -> libc::sigaction {
    // SAFETY: zeros are a value of the type.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void) = handle;
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    if before::restarts(signal) {
        action.sa_flags |= libc::SA_RESTART;
    }
    // SAFETY: writes the signal set of `action`.
    unsafe { libc::sigemptyset(&mut action.sa_mask) };
    action
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let vm = RUNNING.get();
    if !vm.is_null() {
        // SAFETY: with `SA_SIGINFO` the system passes a `siginfo_t` and a `ucontext_t`, ours while
        // the handler runs.
        let (code, registers) = unsafe {
            let context = context.cast::<libc::ucontext_t>();
            ((*info).si_code, &mut (*context).uc_mcontext.gregs)
        };
        let pc = registers[libc::REG_RIP as usize] as usize;
        if before::is_fault(signal, code) && is_code(pc) {
            // SAFETY: N2, V9: the `Vm` belongs to the native code that was interrupted here.
            unsafe {
                (*vm).native.trap_pc = pc;
                (*vm).native.trap_registers = REGISTERS.map(|at| registers[at as usize] as u64);
            }
            registers[libc::REG_RIP as usize] = trapped() as i64;
            registers[libc::REG_RDI as usize] = vm.expose_provenance() as i64;
            return;
        }
    }
    before::pass_on(signal, info, context);
}

#[cfg(test)]
mod tests;
