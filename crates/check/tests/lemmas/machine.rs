//! The engine of the derivations against `Machine`, on random sequences of instructions: behind
//! each of them both know the same of every register, and both say alike what a branch shows.
//!
//! ```text
//! Step ─┬─ bytes ─ Instructions ─ Machine::step ─► State, Facts ─┐
//!       └─ rules, in the engine's order ─► Side ─────────────────┴─ the same, or the first difference
//! ```
//!
//! A green run does not show instructions with memory operands, stack, calls, joins.

use crate::engine::Engine;
use prova_check::rules::numeric::{Outcome, arithmetic, compared, cut, half_of, low, of_low_half};
use prova_check::rules::order::Reading;
use prova_check::rules::place::address;
use prova_check::x64::{Alu, Condition, Instructions};
use prova_check::{
    Base, CodeKind, Config, Def, Extent, Flags, Kind, Layout, Loc, Machine, MemoryShape, State,
    Sym, Value,
};
use prova_random::Rng;
use std::collections::BTreeMap;

/// Registers that sequences use: rcx, rdx, rbx, rsi, r8 to r11. At first rcx holds a length.
const REGISTERS: [u8; 8] = [1, 2, 3, 6, 8, 9, 10, 11];

const CONDITIONS: [Condition; 8] = [
    Condition::Below,
    Condition::AboveEqual,
    Condition::BelowEqual,
    Condition::Above,
    Condition::Equal,
    Condition::NotEqual,
    Condition::Less,
    Condition::Sign,
];

/// Operations: which, the opcode of the form with two registers, the number of that with an
/// immediate.
const OPERATIONS: [(Alu, u8, u8); 5] = [
    (Alu::Add, 0x01, 0),
    (Alu::Or, 0x09, 1),
    (Alu::And, 0x21, 4),
    (Alu::Sub, 0x29, 5),
    (Alu::Xor, 0x31, 6),
];

/// The second operand.
#[derive(Clone, Copy, Debug)]
enum Source {
    Register(u8),
    Immediate(i32),
}

/// An instruction; its first `u32` is the number of bytes of its operands.
#[derive(Clone, Copy, Debug)]
enum Step {
    Alu(usize, u32, u8, Source),
    Shift(bool, u32, u8, u8),
    Compare(u32, u8, Source),
    Test(u32, u8, u8),
    Move(u32, u8, u8),
    /// `lea`: destination, base, index, shift, displacement.
    Lea(u8, u8, u8, u8, i32),
}

impl Step {
    fn any(rng: &mut Rng) -> Step {
        let register = |rng: &mut Rng| *rng.pick(&REGISTERS);
        let bytes = *rng.pick(&[4, 8, 8]);
        let number = |rng: &mut Rng| match rng.below(6) {
            0 => rng.bits() as i32,
            1 => -(rng.below(9) as i32),
            2 => *rng.pick(&[0, i32::MAX, i32::MIN, 0x1_0000, 0x2_0000, 0xff]),
            _ => rng.below(40) as i32,
        };
        let source = |rng: &mut Rng| match rng.percent(50) {
            true => Source::Immediate(number(rng)),
            false => Source::Register(register(rng)),
        };
        let to = register(rng);
        match rng.below(12) {
            0..4 => Step::Alu(rng.below(OPERATIONS.len()), bytes, to, source(rng)),
            4 => Step::Shift(rng.percent(50), bytes, to, *rng.pick(&[0, 1, 2, 3, 4, 32, 63, 64])),
            5..8 => Step::Compare(bytes, to, source(rng)),
            8 => Step::Test(bytes, to, if rng.percent(70) { to } else { register(rng) }),
            9 => Step::Move(bytes, to, register(rng)),
            _ => {
                let shift = rng.below(4) as u8;
                Step::Lea(to, register(rng), register(rng), shift, number(rng))
            }
        }
    }

    fn bytes(self) -> Vec<u8> {
        let wide = |bytes| u8::from(bytes == 8) << 3;
        // The first operand goes into `reg`, the second into `rm`.
        let two = |bytes, opcode, reg: u8, rm: u8| {
            let rex = 0x40 | wide(bytes) | (reg >> 3) << 2 | rm >> 3;
            vec![rex, opcode, 0xc0 | (reg & 7) << 3 | rm & 7]
        };
        let with = |bytes, n: u8, rm: u8, value: i32| {
            let mut all = two(bytes, 0x81, n, rm);
            all.extend(value.to_le_bytes());
            all
        };
        match self {
            Step::Alu(n, bytes, to, Source::Register(from)) => {
                two(bytes, OPERATIONS[n].1, from, to)
            }
            Step::Alu(n, bytes, to, Source::Immediate(k)) => with(bytes, OPERATIONS[n].2, to, k),
            Step::Shift(left, bytes, to, by) => {
                let mut all = two(bytes, 0xc1, if left { 4 } else { 5 }, to);
                all.push(by);
                all
            }
            Step::Compare(bytes, a, Source::Register(b)) => two(bytes, 0x39, b, a),
            Step::Compare(bytes, a, Source::Immediate(k)) => with(bytes, 7, a, k),
            Step::Test(bytes, a, b) => two(bytes, 0x85, b, a),
            Step::Move(bytes, to, from) => two(bytes, 0x89, from, to),
            Step::Lea(to, base, index, shift, disp) => {
                let rex = 0x48 | (to >> 3) << 2 | (index >> 3) << 1 | base >> 3;
                let mut all = vec![rex, 0x8d, 0x84 | (to & 7) << 3];
                all.push(shift << 6 | (index & 7) << 3 | base & 7);
                all.extend(disp.to_le_bytes());
                all
            }
        }
    }
}

/// The engine with registers and flags.
#[derive(Clone)]
struct Side {
    engine: Engine<u64>,
    registers: [Option<Value>; 16],
    flags: Flags,
    halves: BTreeMap<(Sym, (u8, u64)), Sym>,
    sums: BTreeMap<[(Sym, u8); 2], Sym>,
}

impl Side {
    fn fresh(&mut self, bounds: (u64, u64)) -> Value {
        let next = self.engine.next.expect("words get symbols");
        let sym = Sym(next);
        self.engine.next = Some(next + 1);
        self.engine.define(sym, bounds, false);
        Value::symbol(sym)
    }

    fn low_half(&mut self, value: Value) -> Value {
        if let Some(value) = low(value, || self.engine.range(value)) {
            return value;
        }
        if value.base == Base::None
            && let Some(value) = low(of_low_half(value), || self.engine.range(of_low_half(value)))
        {
            return value;
        }
        let key = (value.sym, half_of(value));
        if let (Base::None, Some(&half)) = (value.base, self.halves.get(&key)) {
            return Value::symbol(half);
        }
        let half = self.fresh((0, 0xffff_ffff));
        self.halves.insert(key, half.sym);
        half
    }

    fn same_sum(&mut self, base: Value, index: Value, (shift, disp): (u8, i32)) -> Option<Value> {
        let index = index.shifted(shift.into())?;
        let plain = |value: Value| (value.sym, value.shift);
        let key = [plain(base).min(plain(index)), plain(base).max(plain(index))];
        let add = base.add.wrapping_add(index.add).wrapping_add(i64::from(disp) as u64);
        let numbers = (base.base, index.base) == (Base::None, Base::None);
        let known = self.sums.get(&key).copied().filter(|_| numbers);
        let sum = match known {
            Some(sum) => sum,
            None if numbers => self.fresh((0, u64::MAX)).sym,
            None => return None,
        };
        self.sums.insert(key, sum);
        Some(Value::symbol(sum).plus(add))
    }

    fn read(&mut self, register: u8, bytes: u32) -> Value {
        let whole = self.registers[usize::from(register)].expect("it is known");
        if bytes == 8 { whole } else { self.low_half(whole) }
    }

    fn source(&mut self, source: Source, bytes: u32) -> Value {
        match source {
            Source::Register(register) => self.read(register, bytes),
            Source::Immediate(k) => cut(Value::constant(i64::from(k) as u64), bytes),
        }
    }

    fn write(&mut self, register: u8, bytes: u32, value: Option<Value>) {
        let value = match (bytes, value) {
            (4, Some(value)) => Some(self.low_half(value)),
            (4, None) => Some(self.fresh((0, 0xffff_ffff))),
            _ => value,
        };
        self.registers[usize::from(register)] = value;
    }

    fn alu(&mut self, alu: Alu, bytes: u32, to: u8, source: Source) {
        let a = self.read(to, bytes);
        let one = match source {
            Source::Register(from) => {
                self.registers[usize::from(to)] == self.registers[usize::from(from)]
            }
            Source::Immediate(_) => false,
        };
        let b = if one { a } else { self.source(source, bytes) };
        let (outcome, flags) = arithmetic((alu, bytes), (a, b), |value| self.engine.range(value));
        let value = match outcome {
            Outcome::Unknown => None,
            Outcome::Is(value) => Some(value),
            Outcome::Between(lo, hi) => Some(self.fresh((lo, hi))),
        };
        self.write(to, bytes, value);
        self.flags = flags;
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Alu(n, bytes, to, source) => self.alu(OPERATIONS[n].0, bytes, to, source),
            Step::Shift(left, bytes, to, by) => {
                let alu = if left { Alu::ShiftLeft } else { Alu::ShiftRight };
                self.alu(alu, bytes, to, Source::Immediate(by.into()));
            }
            Step::Compare(bytes, a, b) => {
                let operands = (self.read(a, bytes), self.source(b, bytes));
                self.flags = compared(false, operands);
            }
            Step::Test(bytes, a, b) => {
                let operands = (self.read(a, bytes), self.read(b, bytes));
                self.flags = compared(true, operands);
            }
            Step::Move(bytes, to, from) => {
                let value = self.read(from, bytes);
                self.write(to, bytes, Some(value));
            }
            Step::Lea(to, base, index, shift, disp) => {
                let (base, index) = (self.read(base, 8), self.read(index, 8));
                let sum = address(base, Some((index, shift)), i64::from(disp) as u64);
                let same = sum.or_else(|| self.same_sum(base, index, (shift, disp)));
                let value = same.unwrap_or_else(|| self.fresh((0, u64::MAX)));
                self.write(to, 8, Some(value));
            }
        }
    }
}

/// How often something was compared.
#[derive(Debug, Default)]
struct Counts {
    steps: usize,
    /// Branches that can be, and that cannot.
    branches: [usize; 2],
    ranges: usize,
    /// Readings that are those of a word.
    words: usize,
    /// Accesses within the length, and accesses that are not shown to be.
    within: [usize; 2],
}

/// The layout of a memory of 2 to 9 pages whose accesses are compared.
fn layout() -> Layout {
    let wasm = wat::parse_str("(module (memory i64 2 9) (func))").expect("a module");
    let config = Config { memory: MemoryShape::Explicit, ..Config::default() };
    Layout::derive(&wasm, &config).expect("a layout")
}

/// Both after the same instructions.
struct Pair<'l> {
    machine: Machine<'l>,
    state: State,
    side: Side,
}

impl<'l> Pair<'l> {
    /// A length lies in rcx.
    fn new(layout: &'l Layout) -> Pair<'l> {
        let kind = CodeKind::Func(0);
        let mut machine = Machine::new(layout, kind, &[], Vec::new()).expect("a machine");
        let mut state = machine.entry();
        // mov rax, [rdi + 8]; mov rax, [rax + 0x20]; mov rcx, [rax + 8]
        for code in [[0x48, 0x8b, 0x47, 8], [0x48, 0x8b, 0x40, 0x20], [0x48, 0x8b, 0x48, 8]] {
            let insn = Instructions::new(&code).at(0).expect("an instruction");
            machine.step(&mut state, &insn).expect("it is allowed");
        }
        let length = state.get(Loc::Register(1)).and_then(Value::as_symbol).expect("a symbol");
        let Def { lo, hi, kind } = machine.symbols.def(length);
        assert_eq!(kind, Kind::Length(Extent::Memory(0)));
        let mut engine = Engine::new(machine.least(Extent::Memory(0)));
        engine.define(length, (lo, hi), true);
        engine.next = Some(machine.symbols.len() as u32);
        let registers = state.regs;
        let (halves, sums) = (BTreeMap::new(), BTreeMap::new());
        let side = Side { engine, registers, flags: Flags::Unknown, halves, sums };
        Pair { machine, state, side }
    }

    /// Unknown registers become symbols on both sides.
    fn known(&mut self) {
        for register in REGISTERS {
            if self.side.registers[usize::from(register)].is_none() {
                let value = self.side.fresh((0, u64::MAX));
                self.side.registers[usize::from(register)] = Some(value);
            }
            self.machine.read_loc(&mut self.state, Loc::Register(register));
        }
    }

    /// One instruction, and the branches behind it; `lost`: the engine forgets what they show.
    fn step(&mut self, rng: &mut Rng, lost: bool, counts: &mut Counts) -> Result<(), String> {
        let step = Step::any(rng);
        self.known();
        let code = step.bytes();
        let insn =
            Instructions::new(&code).at(0).map_err(|fault| format!("{step:?}: {fault:?}"))?;
        assert_eq!(insn.len as usize, code.len(), "{step:?}");
        let stepped = self.machine.step(&mut self.state, &insn);
        stepped.map_err(|fault| format!("{step:?}: {fault:?}"))?;
        self.side.step(step);
        counts.steps += 1;
        let (condition, holds) = (*rng.pick(&CONDITIONS), rng.percent(50));
        let mut engine = self.side.engine.clone();
        let can = lost || engine.assume(self.side.flags, condition, holds);
        let path = self.machine.assume(&self.state, condition, holds);
        if path.is_some() != can {
            return Err(format!("{step:?}, {condition:?} {holds}: {path:?}, {can}"));
        }
        counts.branches[usize::from(path.is_none())] += 1;
        match path {
            Some(path) => {
                self.state.path = path;
                self.side.engine = engine;
            }
            None => self.side.engine.take_words(&engine),
        }
        self.agree(rng, counts).map_err(|what| format!("{step:?}: {what}"))
    }

    fn agree(&self, rng: &mut Rng, counts: &mut Counts) -> Result<(), String> {
        let Pair { machine, state, side } = self;
        let next = side.engine.next.map(|next| next as usize);
        if (Some(machine.symbols.len()), state.flags) != (next, side.flags) {
            return Err(format!("{} symbols, {:?}", machine.symbols.len(), state.flags));
        }
        for register in REGISTERS {
            let value = state.get(Loc::Register(register));
            if value != side.registers[usize::from(register)] {
                return Err(format!("register {register}: {value:?}"));
            }
            let Some(value) = value else { continue };
            let (path, symbols) = (state.path, &machine.symbols);
            let bounds = machine.facts.bounds(path, symbols, value.sym);
            let range = machine.facts.range(path, symbols, value);
            let reading = machine.facts.reading(path, symbols, value);
            let engine = &side.engine;
            let other = (engine.bounds(value.sym), engine.range(value), engine.reading(value));
            if (bounds, range, reading) != other {
                return Err(format!("{value:?}: {bounds:?} {range:?} {reading:?}, {other:?}"));
            }
            counts.ranges += 1;
            let Some(reading) = reading else { continue };
            counts.words += usize::from(reading.sym != value.sym);
            let more = *rng.pick(&[0, 0, 1, 4, -1, 0x2_0000]);
            let of = Reading { add: reading.add + more, ..reading };
            let within = machine.facts.within(path, symbols, (of, Extent::Memory(0), engine.least));
            if within != engine.within(of) {
                return Err(format!("{of:?} at most the length: {within}"));
            }
            counts.within[usize::from(!within)] += 1;
        }
        Ok(())
    }
}

/// Compares the engine with the machine on this number of sequences of 24 steps.
fn compare(sequences: usize, lost: bool) -> Result<Counts, String> {
    let (mut rng, layout, mut counts) = (Rng::new(11), layout(), Counts::default());
    for n in 0..sequences {
        let mut pair = Pair::new(&layout);
        for _ in 0..24 {
            let stepped = pair.step(&mut rng, lost, &mut counts);
            stepped.map_err(|what| format!("sequence {n}: {what}"))?;
        }
    }
    Ok(counts)
}

#[test]
fn the_engine_knows_what_the_machine_knows() {
    let counts = compare(2_000, false).expect("they agree");
    println!("{counts:?}");
    let Counts { steps, branches, ranges, words, within } = counts;
    assert!(steps > 40_000 && ranges > 300_000 && words > 500, "{steps} {ranges} {words}");
    assert!(branches[1] > 100 && within[0] > 1_000 && within[1] > 1_000, "{branches:?} {within:?}");
}

/// An engine that forgets what branches show knows less.
#[test]
fn an_engine_that_forgets_is_seen() {
    assert!(compare(200, true).is_err());
}
