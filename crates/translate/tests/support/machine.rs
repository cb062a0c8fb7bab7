//! A tiny interpreter of bytecode: the rows of the op table that compute, branch, copy, call and
//! access globals.
//!
//! It takes the meaning of every row from the table itself, so it shares no code with the executors
//! of the runtime and none with the evaluator of Wasm beside it except `prova_num`. Loads, stores
//! and tables are not here.

use super::{BACK_EDGES_MAX, Outcome};
use prova_bytecode::ops::kind::marker;
use prova_bytecode::{Candidate, Inst, Op, RegClass, decode, for_each_op};
use prova_module::FuncFacts;
use prova_num::*;

/// Reads an operand of a kind: a slot of the frame, or an immediate.
trait Read {
    type Value;
    fn read(frame: &[u64], values: &mut impl Iterator<Item = u64>) -> Self::Value;
}

/// Writes a result of a kind.
trait Write {
    type Value;
    fn write(frame: &mut [u64], slot: u64, value: Self::Value);
}

macro_rules! kinds {
    ($($kind:ident $value:ty: |$x:ident| $read:expr, |$y:ident| $write:expr;)*) => {$(
        impl Read for marker::$kind {
            type Value = $value;
            fn read(frame: &[u64], values: &mut impl Iterator<Item = u64>) -> $value {
                let $x = frame[next(values) as usize];
                $read
            }
        }
        impl Write for marker::$kind {
            type Value = $value;
            fn write(frame: &mut [u64], slot: u64, $y: $value) {
                frame[slot as usize] = $write;
            }
        }
    )*};
}

macro_rules! immediates {
    ($($kind:ident $value:ty: |$x:ident| $read:expr;)*) => {$(
        impl Read for marker::$kind {
            type Value = $value;
            fn read(_: &[u64], values: &mut impl Iterator<Item = u64>) -> $value {
                let $x = next(values);
                $read
            }
        }
    )*};
}

fn next(values: &mut impl Iterator<Item = u64>) -> u64 {
    values.next().expect("an instruction has a value for each operand")
}

kinds! {
    i32 u32: |x| x as u32, |y| u64::from(y);
    i64 u64: |x| x, |y| y;
    f32 f32: |x| f32::from_bits(x as u32), |y| u64::from(y.to_bits());
    f64 f64: |x| f64::from_bits(x), |y| y.to_bits();
    any u64: |x| x, |y| y;
    ref_ u64: |x| x, |y| y;
}

immediates! {
    i32s u32: |x| x as u32;
    i64s u64: |x| x;
    i32c u32: |x| x as u32;
    i64w u64: |x| x;
    i64c u64: |x| x;
    f64c f64: |x| f64::from_bits(x);
    lane u8: |x| x as u8;
    rel i32: |x| x as i32;
}

impl Read for marker::v128 {
    type Value = u128;
    fn read(frame: &[u64], values: &mut impl Iterator<Item = u64>) -> u128 {
        let slot = next(values) as usize;
        u128::from(frame[slot]) | u128::from(frame[slot + 1]) << 64
    }
}

impl Write for marker::v128 {
    type Value = u128;
    fn write(frame: &mut [u64], slot: u64, value: u128) {
        frame[slot as usize] = value as u64;
        frame[slot as usize + 1] = (value >> 64) as u64;
    }
}

impl Read for marker::v128c {
    type Value = u128;
    fn read(_: &[u64], values: &mut impl Iterator<Item = u64>) -> u128 {
        let low = next(values);
        u128::from(low) | u128::from(next(values)) << 64
    }
}

fn select<T>(a: T, b: T, condition: u32) -> T {
    if condition != 0 { a } else { b }
}

fn cell(a: u32) -> u64 {
    a.into()
}

fn ref_is_null(a: u64) -> u32 {
    u32::from(a == 0)
}

/// The outcome of a pure, trapping or branching instruction.
enum Done {
    Next,
    Jump(i32),
    Trap,
    /// Its class is not one of these.
    Other,
}

/// Takes down the target of a branch among the operands.
macro_rules! note {
    ($jump:ident $s:ident rel) => {
        $jump = $s
    };
    ($jump:ident $s:ident $kind:ident) => {};
}

macro_rules! step {
    (pure $frame:ident $values:ident [$d:ident: $dk:ident] [$($s:ident: $sk:ident)*] { $($e:tt)* }) => {{
        let $d = next(&mut $values);
        $(let $s = <marker::$sk as Read>::read($frame, &mut $values);)*
        <marker::$dk as Write>::write($frame, $d, $($e)*);
        Done::Next
    }};
    (pure2 $frame:ident $values:ident [$d:ident: $dk:ident $f:ident: $fk:ident] [$($s:ident: $sk:ident)*]
        { $($e:tt)* }) => {{
        let ($d, $f) = (next(&mut $values), next(&mut $values));
        $(let $s = <marker::$sk as Read>::read($frame, &mut $values);)*
        let (low, high) = $($e)*;
        <marker::$dk as Write>::write($frame, $d, low);
        <marker::$fk as Write>::write($frame, $f, high);
        Done::Next
    }};
    (trap $frame:ident $values:ident [$d:ident: $dk:ident] [$($s:ident: $sk:ident)*] { $($e:tt)* }) => {{
        let $d = next(&mut $values);
        $(let $s = <marker::$sk as Read>::read($frame, &mut $values);)*
        match $($e)* {
            Ok(value) => {
                <marker::$dk as Write>::write($frame, $d, value);
                Done::Next
            }
            Err(_) => Done::Trap,
        }
    }};
    (branch $frame:ident $values:ident [] [$a:ident: $ak:ident $t:ident: rel] { $($e:tt)* }) => {{
        let $a = <marker::$ak as Read>::read($frame, &mut $values);
        let $t = <marker::rel as Read>::read($frame, &mut $values);
        if ($($e)*) != 0 { Done::Jump($t) } else { Done::Next }
    }};
    (branch $frame:ident $values:ident [] [$a:ident: $ak:ident $b:ident: $bk:ident $t:ident: rel]
        { $($e:tt)* }) => {{
        let $a = <marker::$ak as Read>::read($frame, &mut $values);
        let $b = <marker::$bk as Read>::read($frame, &mut $values);
        let $t = <marker::rel as Read>::read($frame, &mut $values);
        if ($($e)*) != 0 { Done::Jump($t) } else { Done::Next }
    }};
    (pure_branch $frame:ident $values:ident [$d:ident: $dk:ident] [$($s:ident: $sk:ident)*] { $($e:tt)* }) => {{
        let $d = next(&mut $values);
        let jump;
        $(let $s = <marker::$sk as Read>::read($frame, &mut $values); note!(jump $s $sk);)*
        let (value, taken) = $($e)*;
        <marker::$dk as Write>::write($frame, $d, value);
        if taken != 0 { Done::Jump(jump) } else { Done::Next }
    }};
    (pure_br $frame:ident $values:ident [$d:ident: $dk:ident] [$($s:ident: $sk:ident)*] { $($e:tt)* }) => {{
        let $d = next(&mut $values);
        let jump;
        $(let $s = <marker::$sk as Read>::read($frame, &mut $values); note!(jump $s $sk);)*
        <marker::$dk as Write>::write($frame, $d, $($e)*);
        Done::Jump(jump)
    }};
    ($class:ident $frame:ident $values:ident $d:tt $s:tt $e:tt) => { Done::Other };
}

macro_rules! define_execute {
    ($($name:ident $mnemonic:literal $class:ident
        [$($d:ident : $dk:ident)* <- $($s:ident : $sk:ident)*]
        $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        fn execute(frame: &mut [u64], inst: &Inst) -> Done {
            #[allow(unused_mut, unused_variables, reason = "rows of other classes read nothing")]
            let mut values = inst.values.iter().copied();
            match inst.op {
                $(Op::$name => step!($class frame values [$($d: $dk)*] [$($s: $sk)*] { $($e)* }),)*
            }
        }
    };
}
for_each_op!(define_execute);

/// The cells behind a frame that stand for the accumulators, and one for what is not kept.
const ACCUMULATORS: usize = RegClass::ALL.len() + 1;

/// Lets operands that are in accumulators name the cells that stand for these.
fn place_accumulators(inst: &mut Inst, size: usize) {
    let source = usize::from(inst.marks.source()).checked_sub(1);
    let source = source.and_then(|n| inst.op.info().accumulators.sources[n]);
    if let Some((value, class)) = source {
        inst.values[usize::from(value)] = (size + class as usize) as u64;
    }
    if inst.marks.is_muted() {
        inst.values[0] = (size + RegClass::ALL.len()) as u64;
    }
}

/// Executes an instruction on a global.
fn global(globals: &mut [u64], frame: &mut [u64], inst: &Inst) {
    let [first, second, third, fourth, ..] = inst.values;
    let sum = |a: u64, b: u64| u64::from((a as u32).wrapping_add(b as u32));
    match inst.op {
        Op::GlobalGet => frame[first as usize] = globals[second as usize],
        Op::GlobalGetAddImm => frame[first as usize] = sum(globals[second as usize], third),
        Op::GlobalSetAddImm => {
            let sum = sum(frame[third as usize], fourth);
            (globals[second as usize], frame[first as usize]) = (sum, sum);
        }
        _ => globals[first as usize] = frame[second as usize],
    }
}

/// Code that can run: all functions of a module, its globals, and how many back edges were taken.
pub(crate) struct Machine<'c> {
    pub(crate) code: &'c [(Candidate, FuncFacts)],
    pub(crate) globals: Vec<u64>,
    pub(crate) back_edges: u32,
    pub(crate) charged: u64,
}

impl Machine<'_> {
    /// Runs function `func`, whose frame starts at `cells[0]`; results are left from there on.
    pub(crate) fn run(&mut self, func: usize, cells: &mut Vec<u64>, base: usize) -> Outcome {
        let (candidate, facts) = &self.code[func];
        let size = candidate.frame_cells as usize;
        cells.resize(cells.len().max(base + size + ACCUMULATORS), 0xdead_beef_dead_beef);
        cells[base + facts.param_cells as usize..base + facts.local_cells as usize].fill(0);
        let mut at = 0u32;
        loop {
            let mut inst = decode(&candidate.words, at).expect("the code decodes");
            place_accumulators(&mut inst, size);
            let jump = |offset: i32| inst.target(offset).expect("a target in the code");
            let frame = &mut cells[base..base + size + ACCUMULATORS];
            let target = match execute(frame, &inst) {
                Done::Next => inst.next,
                Done::Jump(offset) => jump(offset),
                Done::Trap => return Outcome::Trap,
                Done::Other => match inst.op {
                    Op::Unreachable => return Outcome::Trap,
                    Op::Br => jump(inst.values[0] as i32),
                    Op::BrTable => {
                        let index = frame[inst.values[0] as usize] as u32;
                        let index = index.wrapping_add(inst.values[1] as u32);
                        let targets = inst.table_targets(&candidate.words);
                        jump(targets[(index as usize).min(targets.len() - 1)] as i32)
                    }
                    Op::Return => return Outcome::Done,
                    Op::Return1 => {
                        frame[0] = frame[inst.values[0] as usize];
                        return Outcome::Done;
                    }
                    Op::Return2 => {
                        let [a, b] = [0, 1].map(|i| frame[inst.values[i] as usize]);
                        frame[..2].copy_from_slice(&[a, b]);
                        return Outcome::Done;
                    }
                    Op::Call => {
                        let window = base + inst.values[0] as usize;
                        match self.run(inst.values[1] as usize, cells, window) {
                            Outcome::Done => inst.next,
                            other => return other,
                        }
                    }
                    Op::GlobalGet | Op::GlobalGetAddImm | Op::GlobalSetAddImm | Op::GlobalSet => {
                        global(&mut self.globals, frame, &inst);
                        inst.next
                    }
                    Op::Charge => {
                        self.charged += inst.values[0];
                        inst.next
                    }
                    Op::Poll | Op::Heat => inst.next,
                    other => panic!("{other:?} is not in this interpreter"),
                },
            };
            if let Some(class) = inst.op.info().accumulators.result {
                cells[base + size + class as usize] = cells[base + inst.values[0] as usize];
            }
            if target <= at {
                self.back_edges += 1;
                if self.back_edges == BACK_EDGES_MAX {
                    return Outcome::Capped;
                }
            }
            at = target;
        }
    }
}
