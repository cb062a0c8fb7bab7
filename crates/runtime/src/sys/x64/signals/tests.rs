//! Signals that are sent, and faults of other code, while native code runs. Each case runs in a
//! separate process: this test program with a variable that names the case.
//!
//! A green run does not cover handlers that never return, nor stacks without room for one.

use super::super::before::SIGNALS;
use super::super::{CodeMemory, NativeStack, StackBytes, Stop, enter};
use super::install;
use crate::vm::Vm;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

/// The variable that names the case in a child.
const CASE: &str = "PROVA_SIGNAL_CASE";
/// The signal that an action asks to have blocked meanwhile.
const OTHER: c_int = libc::SIGUSR1;

/// Dispositions from before, ways to send, how often → what comes of it for a signal.
///
/// `trap N`: native code went on to its own fault, which our handler took, and the handler from
/// before was called so often. `killed`: the process ended by the signal.
const SENT: [(&str, &str, u32, &str); 26] = [
    ("default", "kill", 0, "trap 0"),
    ("default", "kill", 1, "killed"),
    ("default", "tgkill", 1, "killed"),
    ("default", "sigqueue", 1, "killed"),
    ("ignored", "kill", 0, "trap 0"),
    ("ignored", "kill", 3, "trap 0"),
    ("ignored", "tgkill", 3, "trap 0"),
    ("ignored", "sigqueue", 1, "trap 0"),
    // Sent without waiting, so that many come while one is handled.
    ("ignored", "storm", 50_000, "trap 0"),
    ("replaces", "storm", 1, "trap 1, itself blocked"),
    ("plain", "kill", 0, "trap 0"),
    ("plain", "kill", 2, "trap 2, itself blocked"),
    ("plain", "tgkill", 1, "trap 1, itself blocked"),
    ("plain", "sigqueue", 1, "trap 1, itself blocked"),
    ("info", "kill", 2, "trap 2, itself blocked, code 0"),
    ("info", "tgkill", 1, "trap 1, itself blocked, code -6"),
    ("info", "sigqueue", 1, "trap 1, itself blocked, code -1"),
    ("nodefer", "tgkill", 2, "trap 2"),
    ("mask", "tgkill", 2, "trap 2, itself blocked, other blocked"),
    ("once", "kill", 1, "trap 1, itself blocked"),
    ("once", "tgkill", 2, "killed"),
    ("reverts", "kill", 1, "trap 1, itself blocked"),
    ("reverts", "tgkill", 2, "killed"),
    ("ignores", "tgkill", 2, "trap 1, itself blocked"),
    ("replaces", "tgkill", 1, "trap 1, itself blocked"),
    ("replaces", "tgkill", 3, "trap 21, itself blocked"),
];

#[test]
fn a_sent_signal_does_what_its_disposition_says() {
    for signal in SIGNALS {
        for (before, way, times, expected) in SENT {
            assert_eq!(outcome(&format!("{signal} {before} {way} {times}"), signal), expected);
        }
    }
}

/// A fault of the host's own code is not ours, and nobody can ignore it.
#[test]
fn a_fault_of_other_code_ends_the_process_unless_a_handler_takes_it() {
    for before in ["default", "ignored", "once", "reverts", "ignores"] {
        let case = format!("{} {before} fault 0", libc::SIGSEGV);
        assert_eq!(outcome(&case, libc::SIGSEGV), "killed", "{before}");
    }
}

/// The outcome of a child, as [`SENT`] writes it.
fn outcome(case: &str, signal: c_int) -> String {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program);
    child.args(["--exact", "sys::x64::signals::tests::child", "--nocapture", "--test-threads=1"]);
    let output = child.env(CASE, case).output().expect("it runs");
    if output.status.signal() == Some(signal) {
        return "killed".into();
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once("outcome: "));
    line.map_or_else(|| format!("{case}: {:?}: {text}", output.status), |(_, it)| it.to_owned())
}

static CALLS: AtomicU32 = AtomicU32::new(0);
static BLOCKED: AtomicU64 = AtomicU64::new(0);
static CODE: AtomicU32 = AtomicU32::new(0);

fn blocked() -> u64 {
    let mut now = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: reads this thread's mask into memory of its type.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), now.as_mut_ptr());
        let has = |signal| libc::sigismember(now.as_ptr(), signal) == 1;
        (1..32).filter(|&signal| has(signal)).map(|signal| 1u64 << signal).sum()
    }
}

extern "C" fn plain(_: c_int) {
    BLOCKED.store(blocked(), SeqCst);
    CALLS.fetch_add(1, SeqCst);
}

extern "C" fn info(signal: c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: with `SA_SIGINFO` the system passes one.
    CODE.store(unsafe { (*info).si_code } as u32, SeqCst);
    plain(signal);
}

extern "C" fn reverts(signal: c_int) {
    act(signal, libc::SIG_DFL, 0);
    plain(signal);
}

extern "C" fn ignores(signal: c_int) {
    act(signal, libc::SIG_IGN, 0);
    plain(signal);
}

extern "C" fn replaces(signal: c_int) {
    act(signal, ten as *const () as usize, 0);
    plain(signal);
}

extern "C" fn ten(signal: c_int) {
    plain(signal);
    CALLS.fetch_add(9, SeqCst);
}

fn act(signal: c_int, handler: usize, flags: c_int) {
    // SAFETY: zeros are a value of the type; the handler is one of these, with its flags.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        if flags & libc::SA_RESTART != 0 {
            libc::sigaddset(&mut action.sa_mask, OTHER);
        }
        assert_eq!(libc::sigaction(signal, &action, ptr::null_mut()), 0, "{signal}");
    }
}

/// The argument of the native code: it says in `runs` that it runs, waits for `go`, then reads from
/// `address` or faults in another way.
#[repr(C)]
struct Given {
    go: AtomicU32,
    runs: AtomicU32,
    address: usize,
}

fn code(signal: c_int) -> Vec<u8> {
    // mov dword [rdi + 4], 1; again: cmp dword [rdi], 0; je again
    let mut code = vec![0xc7, 0x47, 4, 1, 0, 0, 0, 0x83, 0x3f, 0, 0x74, 0xfb];
    code.extend(match signal {
        // ud2
        libc::SIGILL => vec![0x0f, 0x0b],
        // xor ecx, ecx; div ecx
        libc::SIGFPE => vec![0x31, 0xc9, 0xf7, 0xf1],
        // mov rax, [rdi + 8]; mov eax, [rax]
        _ => vec![0x48, 0x8b, 0x47, 8, 0x8b, 0x00],
    });
    code
}

/// An address whose access gives the signal.
fn bad(signal: c_int) -> *const u8 {
    if signal != libc::SIGBUS {
        return ptr::without_provenance(8);
    }
    // SAFETY: a file of no bytes, and a mapping of a page of it.
    unsafe {
        let file = libc::memfd_create(c"none".as_ptr(), 0);
        let page = libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, file, 0);
        assert_ne!(page, libc::MAP_FAILED, "a page");
        page.cast()
    }
}

fn set_before(signal: c_int, before: &str) {
    let (handler, flags) = match before {
        "default" => (libc::SIG_DFL, 0),
        "ignored" => (libc::SIG_IGN, 0),
        "plain" => (plain as *const () as usize, 0),
        "info" => (info as *const () as usize, libc::SA_SIGINFO),
        "nodefer" => (plain as *const () as usize, libc::SA_NODEFER),
        "mask" => (plain as *const () as usize, libc::SA_RESTART),
        "once" => (plain as *const () as usize, libc::SA_RESETHAND),
        "reverts" => (reverts as *const () as usize, 0),
        "ignores" => (ignores as *const () as usize, 0),
        "replaces" => (replaces as *const () as usize, 0),
        _ => panic!("{before}"),
    };
    act(signal, handler, flags);
}

fn send(signal: c_int, way: &str, thread: libc::pid_t) {
    // SAFETY: signals of this process; the value of the third is not read.
    unsafe {
        let sent = match way {
            "kill" => libc::kill(libc::getpid(), signal),
            "tgkill" | "storm" => {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) as c_int
            }
            _ => {
                libc::sigqueue(libc::getpid(), signal, libc::sigval { sival_ptr: ptr::null_mut() })
            }
        };
        assert_eq!(sent, 0, "{way}");
    }
}

/// Whether a signal waits for a thread, or for the process.
fn waits(signal: c_int, thread: libc::pid_t) -> bool {
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status"));
    let status = status.expect("the thread is there");
    let fields = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:")));
    fields.into_iter().any(|mask| {
        let mask = u64::from_str_radix(mask.trim(), 16).expect("a mask");
        mask >> (signal - 1) & 1 != 0
    })
}

/// The child of one case; without the variable it is no test.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else { return };
    let words: Vec<&str> = case.split(' ').collect();
    let [signal, before, way, times] = words[..] else { panic!("{case}") };
    let (signal, times): (c_int, u32) =
        (signal.parse().expect("a signal"), times.parse().expect("a number"));
    set_before(signal, before);
    assert!(install(), "the system takes the handler");
    if way == "fault" {
        let address: *const u8 = std::hint::black_box(ptr::without_provenance(8));
        // SAFETY: there is nothing at this address: the process ends here.
        unsafe { ptr::read_volatile(address) };
        unreachable!("it ends by the signal");
    }
    let handled = !matches!(before, "default" | "ignored");
    let mut memory = CodeMemory::copy(&[&code(signal)]).expect("memory");
    memory.seal().expect("sealed");
    let entry = memory.bytes(0).as_ptr().addr();
    let given =
        Given { go: AtomicU32::new(0), runs: AtomicU32::new(0), address: bad(signal).addr() };
    let stack = NativeStack::new(StackBytes { native: 1 << 16, values: 0 }).expect("a stack");
    let mut vm = Box::new(MaybeUninit::<Vm>::zeroed());
    let vm = vm.as_mut_ptr();
    // SAFETY: the fields are numbers, within the record.
    unsafe { (*vm).native.native_sp = stack.top() };
    // SAFETY: it has no arguments.
    let thread = unsafe { libc::gettid() };
    let stop = std::thread::scope(|scope| {
        scope.spawn(|| {
            while given.runs.load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            for sent in 1..=times {
                let calls = CALLS.load(SeqCst);
                send(signal, way, thread);
                // `ignores` is called once.
                let called = handled && !(before == "ignores" && sent > 1);
                while way != "storm" && waits(signal, thread)
                    || called && CALLS.load(SeqCst) == calls
                {
                    std::thread::yield_now();
                }
            }
            given.go.store(1, SeqCst);
        });
        // SAFETY: the code keeps to its words of `given` and to its stack, which is its own; it
        // takes that for a record.
        unsafe { enter(vm, entry, ptr::from_ref(&given).cast(), 0) }
    });
    // SAFETY: the handler has written it.
    let pc = unsafe { (*vm).native.trap_pc };
    assert!(stop == Stop::Trap && pc > entry, "{stop:?} at {pc:#x}");
    assert_eq!(blocked() & SIGNALS.map(|it| 1 << it).iter().sum::<u64>(), 0, "of this thread");
    println!("outcome: {}", seen(signal, before == "info" && times > 0));
}

/// The observations of the handler from before, as [`SENT`] writes them.
fn seen(signal: c_int, with_code: bool) -> String {
    let mut text = format!("trap {}", CALLS.load(SeqCst));
    for (name, signal) in [("itself", signal), ("other", OTHER)] {
        if BLOCKED.load(SeqCst) >> signal & 1 != 0 {
            text += &format!(", {name} blocked");
        }
    }
    if with_code {
        text += &format!(", code {}", CODE.load(SeqCst) as i32);
    }
    text
}
