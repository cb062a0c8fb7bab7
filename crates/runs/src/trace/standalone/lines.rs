//! Lines that a standalone module prints: the code that writes them, and their reader.
//!
//! ```text
//! line = "prova " kind (" " 16 hexadecimal digits)⁵ "\n"
//!
//! e number site a b hash     an event that is wanted
//! s kind index low high 0    a value of the state (kind 1: of the operand stack)
//! v cell 0 0 0 0             a result, or an argument of the call that an `o` line reports
//! r count hash memory calls hashed    the program has returned
//! x count hash code calls 0  the program has exited
//! h count hash 0 calls 0     the recorded host stops the program
//! o calls import cells 0 0   the program asks for another call than the recorded one
//! ```
//!
//! All lines have one length, so only the digits need a loop in the code.

use super::super::watch::{CHECKPOINTS_MAX, FACTORS, TURNS, Watch};
use super::{FD_WRITE, Func, Global, Layout, PROC_EXIT};
use prova_module::Module;
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

/// How a line begins.
const START: &[u8; 6] = b"prova ";
/// Words of a line.
const WORDS: u32 = 5;
/// Bytes of a line, with its end.
pub(in super::super) const LINE_BYTES: usize = 7 + 17 * WORDS as usize + 1;
/// Where the line is in memory, behind the vector and the count of `fd_write`.
const AT: u32 = 16;
/// Bytes of memory that a line needs.
pub(super) const BYTES_USED: u32 = 112;

/// A line that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Line {
    pub(in super::super) kind: u8,
    pub(in super::super) words: [u64; WORDS as usize],
}

impl Line {
    pub(in super::super) const EVENT: i32 = b'e' as i32;
    pub(in super::super) const STATE: i32 = b's' as i32;
    pub(in super::super) const VALUE: i32 = b'v' as i32;
    pub(in super::super) const RETURNED: i32 = b'r' as i32;
    pub(in super::super) const EXITED: i32 = b'x' as i32;
    pub(in super::super) const STOPPED: i32 = b'h' as i32;
    pub(in super::super) const OTHER: i32 = b'o' as i32;
}

/// Reads a line, without its end; `None` of what the engine prints itself.
pub(in super::super) fn read(line: &[u8]) -> Option<Line> {
    let rest = line.strip_prefix(START)?;
    let (kind, mut rest) = rest.split_first()?;
    let mut words = [0; WORDS as usize];
    for word in &mut words {
        let digits = rest.strip_prefix(b" ")?.first_chunk::<16>()?;
        *word = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        rest = rest.get(17..)?;
    }
    rest.is_empty().then_some(Line { kind: *kind, words })
}

fn at(layout: Layout, offset: u32) -> MemArg {
    let target = MemArgTarget::Memory(layout.memory);
    MemArg { offset: offset.into(), align: 0, target, ordering: None }
}

/// Prints a line: its kind and its words.
pub(super) fn line(layout: Layout) -> Function {
    let saved = BYTES_USED / 8;
    let mut function = Function::new([(saved, ValType::I64)]);
    let mut to = function.instructions();
    let first = 1 + WORDS;
    for word in 0..saved {
        to.i32_const(0).i64_load(at(layout, 8 * word)).local_set(first + word);
    }
    let mut start = [0; 8];
    start[..START.len()].copy_from_slice(START);
    to.i32_const(0).i64_const(i64::from_le_bytes(start)).i64_store(at(layout, AT));
    to.i32_const(0).local_get(0).i32_store8(at(layout, AT + 6));
    for word in 0..WORDS {
        to.i32_const((AT + 7 + 17 * word) as i32).local_get(1 + word);
        to.call(layout.func(Func::Hex));
    }
    let end = AT + LINE_BYTES as u32 - 1;
    to.i32_const(0).i32_const(b'\n'.into()).i32_store8(at(layout, end));
    to.i32_const(0).i32_const(AT as i32).i32_store(at(layout, 0));
    to.i32_const(0).i32_const(LINE_BYTES as i32).i32_store(at(layout, 4));
    to.i32_const(1).i32_const(0).i32_const(1).i32_const(8).call(FD_WRITE);
    // Nobody reads any more: the run is of no use.
    to.if_(BlockType::Empty).i32_const(0).call(PROC_EXIT).end();
    for word in 0..saved {
        to.i32_const(0).local_get(first + word).i64_store(at(layout, 8 * word));
    }
    to.end();
    function
}

/// Writes a space and 16 digits to an address.
pub(super) fn hex(layout: Layout) -> Function {
    let mut function = Function::new([(2, ValType::I32)]);
    let mut to = function.instructions();
    let (address, word, nth, digit) = (0, 1, 2, 3);
    to.local_get(address).i32_const(b' '.into()).i32_store8(at(layout, 0));
    to.i32_const(16).local_set(nth);
    to.loop_(BlockType::Empty);
    to.local_get(address).local_get(nth).i32_add();
    to.local_get(word).i32_wrap_i64().i32_const(15).i32_and().local_tee(digit);
    // The letters come 39 behind the digits.
    to.i32_const(b'0'.into()).i32_add();
    to.local_get(digit).i32_const(9).i32_gt_u().i32_const(39).i32_mul().i32_add();
    to.i32_store8(at(layout, 0));
    to.local_get(word).i64_const(4).i64_shr_u().local_set(word);
    to.local_get(nth).i32_const(1).i32_sub().local_tee(nth).br_if(0).end();
    to.end();
    function
}

/// The module asks at an event: it is printed, and the next one that is wanted comes back, as
/// [`Watch::reached`] has it; checkpoints of another run are not known here.
pub(super) fn reached(layout: Layout, watch: &Watch) -> Function {
    let mut function = Function::new([(2, ValType::I64)]);
    let mut to = function.instructions();
    let (number, next, other) = (3, 5, 6);
    let (step, length) = (layout.global(Global::Step), layout.global(Global::Length));
    to.i32_const(Line::EVENT).local_get(number).local_get(0).i64_extend_i32_u();
    to.local_get(1).local_get(2).local_get(4).call(layout.func(Func::Line));
    to.i64_const(-1).local_set(next);
    if watch.step > 0 {
        let from = watch.from as i64;
        if watch.grows {
            to.local_get(number).i64_const(from).i64_gt_u();
            to.local_get(number).i64_const(from).i64_sub().global_get(step).i64_rem_u().i64_eqz();
            to.i32_and().if_(BlockType::Empty);
            to.global_get(length).i64_const(1).i64_add().global_set(length);
            let full = CHECKPOINTS_MAX as i64;
            to.global_get(length).i64_const(full).i64_ge_u().if_(BlockType::Empty);
            to.i64_const(full / 2).global_set(length);
            to.global_get(step).i64_const(1).i64_shl().global_set(step).end().end();
        }
        // from + (number ⊖ from) / step * step + step
        to.local_get(number).i64_const(from).i64_lt_u().if_(BlockType::Result(ValType::I64));
        to.i64_const(0).else_().local_get(number).i64_const(from).i64_sub();
        to.global_get(step).i64_div_u().end();
        to.i64_const(1).i64_add().global_get(step).i64_mul().i64_const(from).i64_add();
        to.local_set(next);
    }
    if let Some((first, last)) = watch.window {
        to.local_get(number).i64_const(last as i64).i64_lt_u().if_(BlockType::Empty);
        to.local_get(number).i64_const(1).i64_add().i64_const(first as i64);
        to.local_get(number).i64_const(first as i64).i64_ge_u().select();
        lesser(&mut to, next, other);
        to.end();
    }
    if let Some(last) = watch.last {
        to.local_get(number).i64_const(last as i64).i64_ge_u().if_(BlockType::Empty);
        to.i32_const(0).call(PROC_EXIT).end();
        to.i64_const(last as i64);
        lesser(&mut to, next, other);
    }
    to.local_get(next).end();
    function
}

/// Takes a number off the stack: the local `least` becomes the lesser of both.
fn lesser(to: &mut InstructionSink<'_>, least: u32, other: u32) {
    to.local_set(other).local_get(other).local_get(least);
    to.local_get(other).local_get(least).i64_lt_u().select().local_set(least);
}

/// Tells a value of the state.
pub(super) fn state(layout: Layout) -> Function {
    let mut function = Function::new([]);
    let mut to = function.instructions();
    to.i32_const(Line::STATE).local_get(0).i64_extend_i32_u().local_get(1).i64_extend_i32_u();
    to.local_get(2).local_get(3).i64_const(0).call(layout.func(Func::Line)).end();
    function
}

/// Pushes count and hash of the events, if there are any.
pub(super) fn push_told(to: &mut InstructionSink<'_>, layout: Layout) {
    match layout.told {
        Some((count, hash)) => to.global_get(count).global_get(hash),
        None => to.i64_const(0).i64_const(0),
    };
}

/// Hashes the program's memory into local 0, as `run` does; whether there is one that it can hash.
/// The locals 1 and 2 are position and end.
pub(super) fn memory_hash(to: &mut InstructionSink<'_>, layout: Layout, module: &Module) -> bool {
    let Some((memory, false)) = layout.program else { return false };
    let log2 = module.memories().get(memory as usize).map_or(0, |ty| ty.page_size_log2);
    if log2 < 3 {
        return false;
    }
    let target = MemArgTarget::Memory(memory);
    let word = MemArg { offset: 0, align: 0, target, ordering: None };
    to.memory_size(memory).i64_extend_i32_u().i64_const(log2.into()).i64_shl().local_set(2);
    to.block(BlockType::Empty).loop_(BlockType::Empty);
    to.local_get(1).local_get(2).i64_ge_u().br_if(1);
    to.local_get(0).local_get(1).i32_wrap_i64().i64_load(word).i64_xor();
    to.i64_const(FACTORS[0] as i64).i64_mul().i64_const(TURNS[0].into()).i64_rotl();
    to.i64_const(FACTORS[1] as i64).i64_mul().i64_const(TURNS[1].into()).i64_rotl();
    to.i64_const(FACTORS[2] as i64).i64_mul().local_set(0);
    to.local_get(1).i64_const(8).i64_add().local_set(1);
    to.br(0).end().end();
    true
}
