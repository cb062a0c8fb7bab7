//! A process under ptrace in which code is executed one instruction at a time.
//!
//! ```text
//! `cat`, waiting for input ─ seize, interrupt ─► Tracee ─ map, write, set registers, step ─► Stop
//! ```
//!
//! The process is somebody else's program: nothing of ours runs in it but the bytes that are
//! written there. System calls are made in it by an instruction `syscall` in a separate page. Its
//! memory is read and written through `/proc/PID/mem`, which asks for no rights of pages.
//!
//! * T1. All calls come from the thread that started it (ptrace knows no other).
//! * T2. It is killed with its owner, and when the owner's process ends.

use nix::libc::user_regs_struct;
use nix::sys::ptrace::{self, regset};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};

/// A page with `syscall`, away from all else.
const SCRATCH: u64 = 0x0f00_0000_0000;

/// Rights of pages, as `mmap` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// None.
    None = 0,
    /// To read and to write.
    Write = 3,
    /// To read and to execute.
    Execute = 5,
}

/// The end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The instruction was executed.
    Step,
    /// It faulted with this signal.
    Fault(Signal),
}

/// General registers by their numbers in instructions, and the instruction pointer and flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Regs {
    pub(crate) general: [u64; 16],
    pub(crate) rip: u64,
    pub(crate) flags: u64,
}

/// The process.
pub(crate) struct Tracee {
    child: Child,
    pid: Pid,
    memory: File,
    /// Segments and the like, which never change.
    base: user_regs_struct,
}

impl Tracee {
    /// Starts and stops a process.
    pub(crate) fn start() -> Tracee {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the program `cat`");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process's number"));
        ptrace::seize(pid, ptrace::Options::PTRACE_O_EXITKILL).expect("ptrace is allowed");
        ptrace::interrupt(pid).expect("a running process");
        waitpid(pid, None).expect("a stopped process");
        let memory = OpenOptions::new().read(true).write(true).open(format!("/proc/{pid}/mem"));
        let base = ptrace::getregs(pid).expect("registers");
        let tracee = Tracee { child, pid, memory: memory.expect("its memory"), base };
        // The first system call is made where the process was stopped, then from our own page.
        tracee.write(base.rip, &[0x0f, 0x05]);
        tracee.system_call_at(base.rip, [9, SCRATCH, 4096, 5, 0x32, u64::MAX, 0]);
        tracee.write(SCRATCH, &[0x0f, 0x05]);
        tracee
    }

    /// A system call: its number and six arguments.
    fn system_call_at(&self, at: u64, [number, a, b, c, d, e, f]: [u64; 7]) -> u64 {
        let mut regs = Regs { rip: at, flags: 0x202, ..Regs::default() };
        for (r, value) in [(0, number), (7, a), (6, b), (2, c), (10, d), (8, e), (9, f)] {
            regs.general[r] = value;
        }
        self.set_regs(&regs);
        assert_eq!(self.step(), Stop::Step, "a system call");
        self.regs().general[0]
    }

    /// Maps zeroed pages at an address, in the place of what was there; none are reserved.
    pub(crate) fn map(&self, at: u64, bytes: u64, right: Right) {
        // MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE.
        let args = [9, at, bytes, right as u64, 0x4032, u64::MAX, 0];
        assert_eq!(self.system_call_at(SCRATCH, args), at, "a mapping of {bytes:#x} bytes");
    }

    /// Changes the right of pages.
    pub(crate) fn protect(&self, at: u64, bytes: u64, right: Right) {
        if bytes > 0 {
            let args = [10, at, bytes, right as u64, 0, 0, 0];
            assert_eq!(self.system_call_at(SCRATCH, args), 0, "a change of rights");
        }
    }

    /// Writes bytes, also to a page that is not writable.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) {
        self.memory.write_all_at(bytes, at).expect("mapped memory");
    }

    /// Reads bytes.
    pub(crate) fn read<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.memory.read_exact_at(&mut bytes, at).expect("mapped memory");
        bytes
    }

    /// Reads a word.
    pub(crate) fn word(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.read(at))
    }

    /// The registers.
    pub(crate) fn regs(&self) -> Regs {
        let r = ptrace::getregs(self.pid).expect("registers");
        let general = [
            r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.r8, r.r9, r.r10, r.r11,
            r.r12, r.r13, r.r14, r.r15,
        ];
        Regs { general, rip: r.rip, flags: r.eflags }
    }

    /// Sets the registers.
    pub(crate) fn set_regs(&self, regs: &Regs) {
        let mut r = self.base;
        [r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, ..] = regs.general;
        [.., r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15] = regs.general;
        (r.rip, r.eflags) = (regs.rip, regs.flags);
        // No system call is to be made again.
        r.orig_rax = u64::MAX;
        ptrace::setregs(self.pid, r).expect("registers");
    }

    /// Sets the vector registers, and the flags of floating point to what they are at entry.
    pub(crate) fn set_vectors(&self, vectors: &[[u32; 4]; 16]) {
        let mut all = ptrace::getregset::<regset::NT_PRFPREG>(self.pid).expect("registers");
        for (to, from) in all.xmm_space.iter_mut().zip(vectors.as_flattened()) {
            *to = *from;
        }
        all.mxcsr = 0x1f80;
        ptrace::setregset::<regset::NT_PRFPREG>(self.pid, all).expect("registers");
    }

    /// The vector registers.
    pub(crate) fn vectors(&self) -> [u128; 16] {
        let all = ptrace::getregset::<regset::NT_PRFPREG>(self.pid).expect("registers");
        let mut vectors = [0; 16];
        for (vector, lanes) in vectors.iter_mut().zip(all.xmm_space.chunks(4)) {
            *vector = lanes.iter().rev().fold(0, |n, &lane| n << 32 | u128::from(lane));
        }
        vectors
    }

    /// The control flags of floating point, without the flags that record exceptions.
    pub(crate) fn float_control(&self) -> u32 {
        let all = ptrace::getregset::<regset::NT_PRFPREG>(self.pid).expect("registers");
        all.mxcsr & !0x3f
    }

    /// Executes one instruction.
    pub(crate) fn step(&self) -> Stop {
        ptrace::step(self.pid, None).expect("a stopped process");
        match waitpid(self.pid, None).expect("a process") {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => Stop::Step,
            WaitStatus::Stopped(_, signal) => Stop::Fault(signal),
            other => panic!("the observed process: {other:?}"),
        }
    }
}

impl Drop for Tracee {
    fn drop(&mut self) {
        // It may be gone already; nothing depends on it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
