//! The ways into native code and out of it: changes of stack and registers, in assembly.
//!
//! ```text
//! host ─ enter ─► in thunk ─► code ─ builtin ─► (waits) ─ host ─ resume ─► code … ─► in thunk ─► host
//!                              └ fault ─ signal handler ─► trapped ─► host
//! ```
//!
//! Each way to the host gives a [`Stop`]. Builtins are the entries of [`builtins`]: native code
//! calls them as functions of the System V ABI `(vmctx, height, three operands)`; they save what
//! that ABI lets a callee keep, leave operands in `Vm::native`, and go to the host's stack. Nothing
//! of the host's registers reaches native code but what the convention names. The commonest
//! operators are performed there and then ([`perform_at_once`]), and code goes on.
//!
//! The invariants are N2 to N5 of [`super`].

use crate::exec::perform_at_once;
use crate::native::FuncRecord;
use crate::vm::{NativeVm, Vm};
use std::arch::naked_asm;
use std::mem::offset_of;

/// Why native code stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Stop {
    /// The function that was entered has returned; its results are in `args`.
    Returned = 0,
    /// It waits for a call of a function without native code: the record is operand 0.
    Call = 1,
    /// It waits for an operator that the store performs: operands 0 to 2 say which.
    Perform = 2,
    /// It has stopped for good at an instruction: `Vm::native.trap_pc`.
    Trap = 3,
    /// It has stopped for good with the kind of operand 0.
    Trapped = 4,
    /// It throws: operand 0 says which tag, or that cell 0 of `args` is the exception.
    Throw = 5,
}

impl Stop {
    fn from_code(code: u32) -> Stop {
        match code {
            0 => Stop::Returned,
            1 => Stop::Call,
            2 => Stop::Perform,
            3 => Stop::Trap,
            5 => Stop::Throw,
            _ => Stop::Trapped,
        }
    }
}

/// The words where code waits (N4), from `native_sp` up.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Waiting {
    registers: [u64; 5],
    /// The frame pointer of the function that waits.
    pub(crate) frame: usize,
    /// Where it goes on.
    pub(crate) pc: usize,
}

/// Enters the function of a record by the way into functions of its type.
///
/// # Safety
/// N2, N3; `thunk` is sealed code of a way in whose check the function's type has passed, `record`
/// one of a function with native code, in a store whose records are published; `args` hold
/// arguments of its type; `height` covers its charge.
pub(crate) unsafe fn enter(
    vm: *mut Vm,
    thunk: usize,
    record: *const FuncRecord,
    height: u64,
) -> Stop {
    let outer = super::signals::enter(vm);
    // SAFETY: the caller's.
    let code = unsafe { switch_in(vm, thunk, record, height) };
    super::signals::leave(outer);
    Stop::from_code(code)
}

/// Goes on where code waits, with the result of its builtin.
///
/// # Safety
/// N2 to N4: the code at `native_sp` waits, and is the newest that does.
pub(crate) unsafe fn resume(vm: *mut Vm, value: u64) -> Stop {
    let outer = super::signals::enter(vm);
    // SAFETY: the caller's.
    let code = unsafe { switch_back(vm, value) };
    super::signals::leave(outer);
    Stop::from_code(code)
}

/// Goes on at a landing: in the frame with this frame pointer, with this stack pointer. Nothing
/// that waits below is resumed any more.
///
/// # Safety
/// N2, N3; the frame is one of code that waits, which may go on at `pc` with these two registers
/// and any others.
pub(crate) unsafe fn land(vm: *mut Vm, (frame, rsp): (usize, usize), pc: usize) -> Stop {
    let at = rsp - size_of::<Waiting>();
    let waiting = std::ptr::with_exposed_provenance_mut::<Waiting>(at);
    // SAFETY: N3: what lies below the frame belongs to calls that have ended.
    unsafe {
        *waiting = Waiting { registers: [0; 5], frame, pc };
        (*vm).native.native_sp = at;
    }
    // SAFETY: N4: so it waits there; the caller's.
    unsafe { resume(vm, 0) }
}

/// The builtins by index, for `vmctx`.
pub(crate) fn builtins() -> *const usize {
    /// Addresses, in the order of the convention.
    struct Table([unsafe extern "sysv64" fn(); 4]);
    static TABLE: Table = Table([exit_call, exit_perform, exit_trap, exit_throw]);
    TABLE.0.as_ptr().cast()
}

/// The address that a signal handler lets a fault go on at, with the `Vm` in `rdi`.
pub(crate) fn trapped() -> usize {
    exit_fault as *const () as usize
}

const NATIVE: usize = offset_of!(Vm, native);
const HOST_SP: usize = NATIVE + offset_of!(NativeVm, host_sp);
const NATIVE_SP: usize = NATIVE + offset_of!(NativeVm, native_sp);
const VMCTX: usize = NATIVE + offset_of!(NativeVm, vmctx);
const OPERANDS: usize = NATIVE + offset_of!(NativeVm, operands);
const HEIGHT: usize = offset_of!(Vm, height_left);

/// Saves the registers that a callee keeps (N4: [`Waiting`] has their order).
macro_rules! save {
    () => {
        "push rbp\npush rbx\npush r12\npush r13\npush r14\npush r15"
    };
}

/// Gives them back.
macro_rules! restore {
    () => {
        "pop r15\npop r14\npop r13\npop r12\npop rbx\npop rbp"
    };
}

#[unsafe(naked)]
unsafe extern "sysv64" fn switch_in(
    vm: *mut Vm,
    thunk: usize,
    record: *const FuncRecord,
    height: u64,
) -> u32 {
    naked_asm!(
        save!(),
        "mov [rdi + {host_sp}], rsp",
        "mov rsp, [rdi + {native_sp}]",
        "push rdi",
        "sub rsp, 8",
        "mov rax, rsi",
        "mov rdi, rdx",
        "mov rsi, rcx",
        "xor ebp, ebp",
        "call rax",
        "add rsp, 8",
        "pop rdi",
        "mov [rdi + {native_sp}], rsp",
        "mov rsp, [rdi + {host_sp}]",
        "mov eax, {stop}",
        restore!(),
        "ret",
        host_sp = const HOST_SP,
        native_sp = const NATIVE_SP,
        stop = const Stop::Returned as u32,
    )
}

#[unsafe(naked)]
unsafe extern "sysv64" fn switch_back(vm: *mut Vm, value: u64) -> u32 {
    naked_asm!(
        save!(),
        "mov [rdi + {host_sp}], rsp",
        "mov rsp, [rdi + {native_sp}]",
        "mov rax, rsi",
        restore!(),
        "ret",
        host_sp = const HOST_SP,
        native_sp = const NATIVE_SP,
    )
}

/// Leaves in the `Vm`, whose address comes to be in `rax`, where code waits and for what, and goes
/// to the host's stack. The store's words are the head of its `Vm`.
macro_rules! wait {
    () => {
        concat!(
            "mov rax, [rdi]\n",
            save!(),
            "\nmov [rax + {native_sp}], rsp\n",
            "mov [rax + {vmctx}], rdi\n",
            "mov [rax + {height}], rsi\n",
            "mov [rax + {operands}], rdx\n",
            "mov [rax + {operands} + 8], rcx\n",
            "mov [rax + {operands} + 16], r8\n",
            "mov rsp, [rax + {host_sp}]",
        )
    };
}

macro_rules! exits {
    ($($(#[$doc:meta])* $name:ident $stop:ident;)*) => {$(
        $(#[$doc])*
        #[unsafe(naked)]
        unsafe extern "sysv64" fn $name() {
            naked_asm!(
                wait!(),
                "mov eax, {stop}",
                restore!(),
                "ret",
                native_sp = const NATIVE_SP,
                vmctx = const VMCTX,
                height = const HEIGHT,
                operands = const OPERANDS,
                host_sp = const HOST_SP,
                stop = const Stop::$stop as u32,
            )
        }
    )*};
}

exits! {
    /// `call(vmctx, height, record)`.
    exit_call Call;
    /// `trap(vmctx, height, kind)`.
    exit_trap Trapped;
    /// `throw(vmctx, height, tag)`.
    exit_throw Throw;
}

/// `perform(vmctx, height, opcode, first, second)`. It gives 0 if the operator was performed at
/// once.
#[unsafe(naked)]
unsafe extern "sysv64" fn exit_perform() {
    naked_asm!(
        wait!(),
        "mov rbx, rax",
        // The host's six registers and return address lie above: 8 more bytes align the stack.
        "sub rsp, 8",
        "mov rdi, rax",
        "call {perform}",
        "add rsp, 8",
        "test eax, eax",
        "jz 2f",
        "mov rsp, [rbx + {native_sp}]",
        "xor eax, eax",
        restore!(),
        "ret",
        "2:",
        "mov eax, {stop}",
        restore!(),
        "ret",
        perform = sym perform_at_once,
        native_sp = const NATIVE_SP,
        vmctx = const VMCTX,
        height = const HEIGHT,
        operands = const OPERANDS,
        host_sp = const HOST_SP,
        stop = const Stop::Perform as u32,
    )
}

/// Where a fault goes on: with the `Vm` in `rdi`, on any stack.
#[unsafe(naked)]
unsafe extern "sysv64" fn exit_fault() {
    naked_asm!(
        "mov rsp, [rdi + {host_sp}]",
        "mov eax, {stop}",
        restore!(),
        "ret",
        host_sp = const HOST_SP,
        stop = const Stop::Trap as u32,
    )
}
