//! A stack machine of a few operators with a program: counts the steps of 3 n + 1 below a number.
//! Its stack is virtual. Built as a module (see `build.sh`), it is specialised with
//! `prova specialize -w machine.wasm`; natively its test runs the interpreter as it is.

#![cfg_attr(target_arch = "wasm32", no_std)]

use prova_intrinsics::{
    Arguments, Compiled, Request, pop_context, pop_stack, push_context, push_stack, update_context,
};

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

const PUSH: u8 = 0; // and a byte
const GET: u8 = 1; // and a variable
const SET: u8 = 2;
const ADD: u8 = 3;
const MUL: u8 = 4;
const HALF: u8 = 5;
const ODD: u8 = 6;
const LESS: u8 = 7;
const JUMP: u8 = 8; // and a place
const JUMP_IF: u8 = 9;
const RETURN: u8 = 10;

/// Variables: n, i, x, steps.
#[rustfmt::skip]
static PROGRAM: [u8; 65] = [
    PUSH, 1, SET, 1,
    GET, 1, GET, 0, LESS, JUMP_IF, 14, GET, 3, RETURN, // 4: while i < n
    GET, 1, SET, 2, // 14: x = i
    PUSH, 1, GET, 2, LESS, JUMP_IF, 34, // 18: while 1 < x
    GET, 1, PUSH, 1, ADD, SET, 1, JUMP, 4,
    GET, 3, PUSH, 1, ADD, SET, 3, GET, 2, ODD, JUMP_IF, 53, // 34: steps += 1
    GET, 2, HALF, SET, 2, JUMP, 18,
    GET, 2, PUSH, 3, MUL, PUSH, 1, ADD, SET, 2, JUMP, 18, // 53
];

type Run = extern "C" fn(*const u8, *mut u64, u64) -> u64;

// Programs are ours, stay in their text, and use less than 12 cells: so much for the safety of what
// follows.

macro_rules! step {
    ($pc:ident, $to:expr) => {{
        $pc = $to;
        update_context!($pc);
    }};
}
macro_rules! byte {
    ($code:ident, $at:expr) => {
        u32::from(unsafe { $code.wrapping_add($at as usize).read() })
    };
}
macro_rules! push {
    ($sp:ident, $value:expr) => {{
        let value: u64 = $value;
        unsafe { push_stack($sp, value) };
        $sp = $sp.wrapping_add(1);
    }};
}
macro_rules! pop {
    ($sp:ident) => {{
        $sp = $sp.wrapping_sub(1);
        unsafe { pop_stack($sp) }
    }};
}

/// Runs a program on `state`: four variables and a stack behind them.
extern "C" fn run(code: *const u8, state: *mut u64, n: u64) -> u64 {
    let mut pc = 0u32;
    let mut sp = state.wrapping_add(4);
    let variable = |number: u32| state.wrapping_add((number & 3) as usize);
    for number in 0..4 {
        unsafe { variable(number).write(if number == 0 { n } else { 0 }) };
    }
    push_context(pc);
    loop {
        match byte!(code, pc) as u8 {
            PUSH => {
                push!(sp, u64::from(byte!(code, pc + 1)));
                step!(pc, pc + 2);
            }
            GET => {
                let from = variable(byte!(code, pc + 1));
                push!(sp, unsafe { from.read() });
                step!(pc, pc + 2);
            }
            SET => {
                let (to, value) = (variable(byte!(code, pc + 1)), pop!(sp));
                unsafe { to.write(value) };
                step!(pc, pc + 2);
            }
            op @ (ADD | MUL | LESS) => {
                let (b, a): (u64, u64) = (pop!(sp), pop!(sp));
                push!(
                    sp,
                    match op {
                        ADD => a.wrapping_add(b),
                        MUL => a.wrapping_mul(b),
                        _ => u64::from(a < b),
                    }
                );
                step!(pc, pc + 1);
            }
            op @ (HALF | ODD) => {
                let a = pop!(sp);
                push!(sp, if op == HALF { a >> 1 } else { a & 1 });
                step!(pc, pc + 1);
            }
            JUMP => step!(pc, byte!(code, pc + 1)),
            JUMP_IF => {
                if pop!(sp) == 0 {
                    step!(pc, pc + 2);
                } else {
                    step!(pc, byte!(code, pc + 1));
                }
            }
            RETURN => {
                let result = pop!(sp);
                pop_context();
                return result;
            }
            _ => {
                pop_context();
                return 0;
            }
        }
    }
}

static COMPILED: Compiled<Run> = Compiled::new();
static mut REQUEST: Request = Request::new();
static mut ARGUMENTS: [u8; 128] = [0; 128];
static mut STATE: [u64; 16] = [0; 16];

/// Asks for the program's function; the specialiser runs it before it reads the requests.
#[unsafe(export_name = "wizer-initialize")]
extern "C" fn initialize() {
    // SAFETY: it is called once, by one thread.
    let (request, buffer) = unsafe { (&mut *(&raw mut REQUEST), &mut *(&raw mut ARGUMENTS)) };
    let arguments = Arguments::new(buffer).memory(&PROGRAM).runtime().runtime();
    request.ask(0, run as *const (), arguments, &COMPILED);
}

/// Runs the program: its function, if there is one, else the interpreter.
#[unsafe(export_name = "run")]
extern "C" fn run_on(n: u64) -> u64 {
    let run = COMPILED.get().unwrap_or(run);
    run(PROGRAM.as_ptr(), (&raw mut STATE).cast(), n)
}

#[cfg(test)]
#[test]
fn steps_are_counted() {
    let steps = |mut x: u64| {
        let mut steps = 0;
        while x > 1 {
            x = if x & 1 == 1 { 3 * x + 1 } else { x >> 1 };
            steps += 1;
        }
        steps
    };
    initialize();
    assert!(!prova_intrinsics::is_specialized());
    assert_eq!(run_on(1000), (1..1000).map(steps).sum::<u64>());
}
