//! Faults of native code: a signal → [`Stop::Trap`](super::Stop::Trap) of the code that runs.
//!
//! The handler of `SIGSEGV`, `SIGBUS`, `SIGILL` and `SIGFPE` takes a fault for ours if this thread
//! runs native code (`RUNNING`) and the program counter lies in the arena of code; it notes counter
//! and registers in the `Vm` and lets the thread go on at [`trapped`](super::enter::trapped).
//! Any other signal goes to the handler that was there before. It is installed once for the
//! process, when the first store takes native code.
//!
//! The handler may interrupt native code only, in the cases that it takes: it calls nothing that is
//! not safe there (an access of a thread's constant-initialised cell, loads of atomics).

use super::code::is_code;
use super::enter::trapped;
use crate::vm::Vm;
use std::cell::Cell;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

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

/// The handlers that were there before, in the order of [`SIGNALS`].
static BEFORE: OnceLock<[libc::sigaction; 4]> = OnceLock::new();

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
        let mut before = [const { MaybeUninit::<libc::sigaction>::zeroed() }; 4];
        for (signal, before) in SIGNALS.into_iter().zip(&mut before) {
            // SAFETY: reads the present handler into memory of its type.
            if unsafe { libc::sigaction(signal, ptr::null(), before.as_mut_ptr()) } != 0 {
                return false;
            }
        }
        // SAFETY: all four were written, and zeros are a value of the type besides.
        let before = before.map(|before| unsafe { before.assume_init() });
        // Before a handler of ours can run.
        let _ = BEFORE.set(before);
        // SAFETY: zeros are a value of the type.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void) = handle;
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        // SAFETY: writes the signal set of `action`.
        unsafe { libc::sigemptyset(&mut action.sa_mask) };
        // SAFETY: the handler has the signature that `SA_SIGINFO` asks for, and passes on what is
        // not ours.
        SIGNALS
            .into_iter()
            .all(|signal| unsafe { libc::sigaction(signal, &action, ptr::null_mut()) == 0 })
    })
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
        // A code above 0 is the machine's; the others were sent by a process.
        if code > 0 && is_code(pc) {
            // SAFETY: N2, V9: the `Vm` is that of the native code that was interrupted here.
            unsafe {
                (*vm).native.trap_pc = pc;
                (*vm).native.trap_registers = REGISTERS.map(|at| registers[at as usize] as u64);
            }
            registers[libc::REG_RIP as usize] = trapped() as i64;
            registers[libc::REG_RDI as usize] = vm.expose_provenance() as i64;
            return;
        }
    }
    pass_on(signal, info, context);
}

/// Gives a signal that is not ours to the handler that was there before.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let at = SIGNALS.iter().position(|&other| other == signal);
    let before = at.and_then(|at| BEFORE.get().map(|before| before[at]));
    let default = |action: Option<&libc::sigaction>| {
        // SAFETY: zeros are the default action.
        let zeroed: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: restores an action that was valid; the instruction faults again then.
        unsafe { libc::sigaction(signal, action.unwrap_or(&zeroed), ptr::null_mut()) };
    };
    let Some(before) = before else { return default(None) };
    match before.sa_sigaction {
        libc::SIG_DFL => default(Some(&before)),
        libc::SIG_IGN => {}
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: the flag says that the handler has this signature.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without the flag a handler has this signature.
            let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
            handler(signal);
        }
    }
}
