//! The check of machine code against the processor: random instructions of its tables, one by one,
//! on registers about which it knows something; its statements about them afterwards must hold.
//!
//! ```text
//! symbols with bounds ─► State ─ Machine::step ─► State' ─┐
//!   │ one number each                                     ├─ each register, bound and fact holds?
//!   └─► registers, flags ─ the processor ─► registers' ───┘
//! ```
//!
//! Every symbol has one number: the value of the register in which it is met first. A register that
//! the check believes unchanged, an equal one, a sum of another one, its bounds, and behind each of
//! the sixteen conditions (as the processor's flags decide it) every new fact are compared.
//!
//! Accesses are tried at the end of a page: of the bytes that the check believes accessed all are,
//! and none behind them.
//!
//! A green run shows nothing about reads of memory, stack and control, values that the check calls
//! unknown, or divisions, which may fault. `a_wrong_instruction_is_seen` shows that it can fail.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "processor/floats.rs"]
mod floats;
#[path = "processor/prefixes.rs"]
mod prefixes;
#[path = "processor/twice.rs"]
mod twice;
#[path = "processor/written.rs"]
mod written;

use iced_x86::{
    Code, CodeSize, CpuidFeature, Encoder, Instruction, MemoryOperand, OpCodeOperandKind, OpKind,
    Register,
};
use prova_check::x64::{Class, Condition, Instructions, Operand, class};
use prova_check::{
    CodeKind, Config, Def, Fact, Flags, Layout, Machine, Node, Path, State, Sym, Value,
};
use prova_random::Rng;
use std::arch::naked_asm;
use std::collections::{BTreeMap, BTreeSet};

/// Number of the stack pointer, which these instructions do not touch.
const RSP: usize = 4;
/// Carry, parity, adjust, zero, sign, overflow.
const FLAGS: u64 = 0x8d5;

/// Registers by number; the stack pointer's is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Registers {
    general: [u64; 16],
    flags: u64,
}

/// Two pages, of which the second one is closed.
struct Edge(*mut u8);

impl Edge {
    fn new() -> Edge {
        let (open, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping, and a part of it.
        let pages = unsafe {
            let pages = libc::mmap(std::ptr::null_mut(), 2 * PAGE, open, flags, -1, 0);
            assert_ne!(pages, libc::MAP_FAILED, "pages");
            let closed = libc::mprotect(pages.byte_add(PAGE), PAGE, libc::PROT_NONE);
            assert_eq!(closed, 0, "a closed page");
            pages
        };
        Edge(pages.cast())
    }

    /// The address `bytes` bytes before the closed page.
    fn before(&self, bytes: u32) -> u64 {
        self.0 as u64 + PAGE as u64 - u64::from(bytes)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SAFETY: its own mapping.
        unsafe { libc::munmap(self.0.cast(), 2 * PAGE) };
    }
}

/// Whether `what`, run in a separate process, ends and is true.
fn succeeds(what: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child does what needs no lock, and leaves at once.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "a process");
    if child == 0 {
        let status = i32::from(!what());
        // SAFETY: it has nothing to clean up.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: it is the child of this process.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(waited, child, "the child");
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// Whether an instruction ends in a separate process; false where it faults.
fn ends(processor: &mut Processor, bytes: &[u8], registers: &Registers) -> bool {
    succeeds(|| {
        processor.run(bytes, registers);
        true
    })
}

/// A page for one instruction, bytes beside it, and the words from which registers are filled.
struct Processor {
    page: *mut u8,
    words: Box<[u64]>,
}

const PAGE: usize = 4096;
/// Bytes beside the page of an instruction.
const BESIDE: usize = 1 << 16;
/// Words below those of the registers: a signal may write there.
const BELOW: usize = 1 << 16;

/// Fills flags and registers from `words`, calls the code, and puts them back.
///
/// The words are flags, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8 to r15, the code's address, room for
/// the stack pointer.
///
/// # Safety
/// `words` are 18 words with more memory below; the code changes no memory that others rely on and
/// not the stack pointer, and returns.
#[unsafe(naked)]
unsafe extern "sysv64" fn execute(words: *mut u64) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi + 8 * 17], rsp",
        "mov rsp, rdi",
        "popfq",
        "pop rax",
        "pop rcx",
        "pop rdx",
        "pop rbx",
        "pop rbp",
        "pop rsi",
        "pop rdi",
        "pop r8",
        "pop r9",
        "pop r10",
        "pop r11",
        "pop r12",
        "pop r13",
        "pop r14",
        "pop r15",
        "call [rsp]",
        "push r15",
        "push r14",
        "push r13",
        "push r12",
        "push r11",
        "push r10",
        "push r9",
        "push r8",
        "push rdi",
        "push rsi",
        "push rbp",
        "push rbx",
        "push rdx",
        "push rcx",
        "push rax",
        "pushfq",
        "mov rsp, [rsp + 8 * 17]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

impl Processor {
    fn new() -> Processor {
        let (read, write, run) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping.
        let page = unsafe {
            libc::mmap(std::ptr::null_mut(), PAGE + BESIDE, read | write | run, flags, -1, 0)
        };
        assert_ne!(page, libc::MAP_FAILED, "a page");
        Processor { page: page.cast(), words: vec![0; BELOW + 18].into() }
    }

    /// The bytes behind the code's page.
    fn beside(&self) -> *mut u8 {
        // SAFETY: it is a part of the mapping.
        unsafe { self.page.add(PAGE) }
    }

    /// The registers after one instruction.
    fn run(&mut self, bytes: &[u8], before: &Registers) -> Registers {
        assert!(bytes.len() < PAGE, "one instruction");
        let words = &mut self.words[BELOW..];
        words[0] = before.flags;
        for (number, word) in before.general.iter().enumerate().filter(|(n, _)| *n != RSP) {
            words[slot(number)] = *word;
        }
        words[16] = self.page as u64;
        // SAFETY: the page is writable, and nothing executes it now. The instruction is one of the
        // tables, with registers other than the stack pointer: it changes no memory but words of
        // its caller's at rax or r8, and goes on to the `ret` behind it. The words lie at the end
        // of a longer buffer.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.page, bytes.len());
            self.page.add(bytes.len()).write(0xc3);
            execute(words.as_mut_ptr());
        }
        let mut after = Registers { general: [0; 16], flags: words[0] };
        for number in (0..16).filter(|number| *number != RSP) {
            after.general[number] = words[slot(number)];
        }
        after
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        // SAFETY: its own mapping.
        unsafe { libc::munmap(self.page.cast(), PAGE + BESIDE) };
    }
}

/// The word of a register.
const fn slot(number: usize) -> usize {
    if number < RSP { number + 1 } else { number }
}

/// Whether this processor has what an instruction needs.
fn is_supported(code: Code) -> bool {
    code.cpuid_features().iter().all(|feature| match feature {
        CpuidFeature::INTEL8086
        | CpuidFeature::INTEL186
        | CpuidFeature::INTEL386
        | CpuidFeature::INTEL486
        | CpuidFeature::X64
        | CpuidFeature::CMOV
        | CpuidFeature::MULTIBYTENOP
        | CpuidFeature::SSE
        | CpuidFeature::SSE2 => true,
        CpuidFeature::SSE3 => is_x86_feature_detected!("sse3"),
        CpuidFeature::SSSE3 => is_x86_feature_detected!("ssse3"),
        CpuidFeature::SSE4_1 => is_x86_feature_detected!("sse4.1"),
        CpuidFeature::SSE4_2 => is_x86_feature_detected!("sse4.2"),
        CpuidFeature::POPCNT => is_x86_feature_detected!("popcnt"),
        CpuidFeature::LZCNT => is_x86_feature_detected!("lzcnt"),
        CpuidFeature::BMI1 => is_x86_feature_detected!("bmi1"),
        CpuidFeature::BMI2 => is_x86_feature_detected!("bmi2"),
        CpuidFeature::AVX => is_x86_feature_detected!("avx"),
        CpuidFeature::AVX2 => is_x86_feature_detected!("avx2"),
        CpuidFeature::FMA => is_x86_feature_detected!("fma"),
        CpuidFeature::AVX512F => is_x86_feature_detected!("avx512f"),
        CpuidFeature::AVX512VL => is_x86_feature_detected!("avx512vl"),
        CpuidFeature::AVX512DQ => is_x86_feature_detected!("avx512dq"),
        CpuidFeature::AVX512_BITALG => is_x86_feature_detected!("avx512bitalg"),
        CpuidFeature::AVX512_VBMI => is_x86_feature_detected!("avx512vbmi"),
        CpuidFeature::AVX512_VNNI => is_x86_feature_detected!("avx512vnni"),
        _ => false,
    })
}

/// Whether a class is of instructions that only work on registers and go on.
fn is_tried(class: Class) -> bool {
    match class {
        Class::Branch(_)
        | Class::Jump
        | Class::JumpTo
        | Class::Call
        | Class::Leave
        | Class::CallTo
        | Class::Return
        | Class::Push
        | Class::Pop
        | Class::Trap
        | Class::Divide => false,
        Class::Move
        | Class::ZeroExtend
        | Class::SignExtend
        | Class::Lea
        | Class::Alu(_)
        | Class::Compare
        | Class::Test
        | Class::Define
        | Class::Scan
        | Class::MultiplyPair
        | Class::MultiplyWide
        | Class::ExtendLow
        | Class::ExtendHigh
        | Class::BitTest
        | Class::SetByte(_)
        | Class::Select(_)
        | Class::Nop
        | Class::Exchange
        | Class::ExchangeAdd
        | Class::CompareExchange
        | Class::Fence
        | Class::Vector
        | Class::VectorFlags => true,
    }
}

/// The codes of the tables that are tried, in order.
fn codes() -> Vec<Code> {
    let of_tables = Code::values().filter(|code| class(*code).is_some_and(is_tried));
    of_tables.filter(|code| is_supported(*code)).collect()
}

/// Few registers, so that instructions meet.
const NUMBERS: [usize; 6] = [0, 1, 2, 3, 6, 9];

/// The register of a number, as wide as `first`, which has number 0.
fn general(number: usize, first: Register) -> Register {
    const LOW: [Register; 16] = [
        Register::AL,
        Register::CL,
        Register::DL,
        Register::BL,
        Register::SPL,
        Register::BPL,
        Register::SIL,
        Register::DIL,
        Register::R8L,
        Register::R9L,
        Register::R10L,
        Register::R11L,
        Register::R12L,
        Register::R13L,
        Register::R14L,
        Register::R15L,
    ];
    if first == Register::AL { LOW[number] } else { numbered(first, number) }
}

/// The register `number` behind the first one of its width.
fn numbered(first: Register, number: usize) -> Register {
    let index = first as usize + number;
    Register::values().find(|one| *one as usize == index).expect("a register")
}

/// A number that is likely to matter.
fn number(rng: &mut Rng) -> u64 {
    const EDGES: [u64; 14] = [
        0,
        1,
        2,
        7,
        8,
        0x7f,
        0x80,
        0xff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
    ];
    let edge = *rng.pick(&EDGES);
    match rng.below(4) {
        0 => edge,
        1 => edge.wrapping_neg(),
        2 => rng.bits() >> rng.below(64),
        _ => edge.wrapping_add(rng.below(5) as u64).wrapping_sub(2),
    }
}

/// An immediate of a kind, if it is one.
fn immediate(rng: &mut Rng, kind: OpCodeOperandKind) -> Option<(OpKind, i64)> {
    use OpCodeOperandKind as K;
    let value = number(rng);
    let (byte, word) = (i64::from(value as i8), i64::from(value as i32));
    Some(match kind {
        K::imm8_const_1 => (OpKind::Immediate8, 1),
        K::imm8 => (OpKind::Immediate8, byte),
        K::imm8sex16 => (OpKind::Immediate8to16, byte),
        K::imm8sex32 => (OpKind::Immediate8to32, byte),
        K::imm8sex64 => (OpKind::Immediate8to64, byte),
        K::imm16 => (OpKind::Immediate16, i64::from(value as i16)),
        K::imm32 => (OpKind::Immediate32, word),
        K::imm32sex64 => (OpKind::Immediate32to64, word),
        K::imm64 => (OpKind::Immediate64, value as i64),
        _ => return None,
    })
}

/// An instruction of this code with random operands; with the memory at rax where it can have
/// memory, or none.
fn instruction(rng: &mut Rng, code: Code, memory: bool) -> Option<Instruction> {
    let mut made = Instruction::default();
    made.set_code(code);
    let opcode = code.op_code();
    for n in 0..opcode.op_count() {
        use OpCodeOperandKind as K;
        let which = *rng.pick(&NUMBERS);
        let or_memory =
            [K::r8_or_mem, K::r16_or_mem, K::r32_or_mem, K::r64_or_mem, K::xmm_or_mem, K::mem];
        if memory && or_memory.contains(&opcode.op_kind(n)) {
            made.set_op_kind(n, OpKind::Memory);
            made.set_memory_base(Register::RAX);
            continue;
        }
        if let Some((kind, value)) = immediate(rng, opcode.op_kind(n)) {
            made.set_op_kind(n, kind);
            made.try_set_immediate_i64(n, value).ok()?;
            continue;
        }
        let register = match opcode.op_kind(n) {
            K::r8_or_mem | K::r8_reg => general(which, Register::AL),
            K::r16_or_mem | K::r16_reg => general(which, Register::AX),
            K::r32_or_mem | K::r32_reg | K::r32_vvvv | K::r32_rm | K::r32_opcode => {
                general(which, Register::EAX)
            }
            K::r64_or_mem | K::r64_reg | K::r64_vvvv | K::r64_rm | K::r64_opcode => {
                general(which, Register::RAX)
            }
            K::r8_opcode => general(which, Register::AL),
            K::r16_opcode => general(which, Register::AX),
            K::al => Register::AL,
            K::cl => Register::CL,
            K::ax => Register::AX,
            K::eax => Register::EAX,
            K::rax => Register::RAX,
            K::xmm_reg | K::xmm_or_mem | K::xmm_vvvv | K::xmm_rm | K::xmm_is4 => {
                numbered(Register::XMM0, rng.below(8))
            }
            K::mem if class(code) == Some(Class::Lea) => {
                let (base, index) = (general(which, Register::RAX), *rng.pick(&NUMBERS));
                let index =
                    if rng.percent(50) { general(index, Register::RAX) } else { Register::None };
                let (scale, disp) = (1 << rng.below(4) as u32, i64::from(number(rng) as i32));
                let memory =
                    MemoryOperand::with_base_index_scale_displ_size(base, index, scale, disp, 8);
                let first = made.op0_register();
                made = Instruction::with2(code, first, memory).ok()?;
                continue;
            }
            _ => return None,
        };
        made.set_op_kind(n, OpKind::Register);
        made.set_op_register(n, register);
    }
    made.set_code_size(CodeSize::Code64);
    Some(made)
}

fn encode(instruction: &Instruction) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(64);
    encoder.encode(instruction, 0).ok()?;
    Some(encoder.take_buffer())
}

/// Whether a condition holds under flags.
fn holds(condition: Condition, flags: u64) -> bool {
    let bit = |n: u32| flags >> n & 1 == 1;
    let (carry, parity, zero, sign, overflow) = (bit(0), bit(2), bit(6), bit(7), bit(11));
    match condition {
        Condition::Overflow => overflow,
        Condition::NotOverflow => !overflow,
        Condition::Below => carry,
        Condition::AboveEqual => !carry,
        Condition::Equal => zero,
        Condition::NotEqual => !zero,
        Condition::BelowEqual => carry || zero,
        Condition::Above => !carry && !zero,
        Condition::Sign => sign,
        Condition::NotSign => !sign,
        Condition::Parity => parity,
        Condition::NotParity => !parity,
        Condition::Less => sign != overflow,
        Condition::GreaterEqual => sign == overflow,
        Condition::LessEqual => zero || sign != overflow,
        Condition::Greater => !zero && sign == overflow,
    }
}

const CONDITIONS: [Condition; 16] = [
    Condition::Overflow,
    Condition::NotOverflow,
    Condition::Below,
    Condition::AboveEqual,
    Condition::Equal,
    Condition::NotEqual,
    Condition::BelowEqual,
    Condition::Above,
    Condition::Sign,
    Condition::NotSign,
    Condition::Parity,
    Condition::NotParity,
    Condition::Less,
    Condition::GreaterEqual,
    Condition::LessEqual,
    Condition::Greater,
];

/// The numbers of symbols.
#[derive(Default)]
struct Numbers(BTreeMap<Sym, u64>);

impl Numbers {
    fn of(&self, sym: Sym) -> Option<u64> {
        if sym == Sym::ZERO { Some(0) } else { self.0.get(&sym).copied() }
    }

    /// Whether a value is this word; a new symbol becomes what makes it so.
    fn is(&mut self, value: Value, word: u64) -> bool {
        if value.base != prova_check::Base::None {
            return false;
        }
        match self.of(value.sym) {
            Some(sym) => (sym << value.shift).wrapping_add(value.add) == word,
            None if value.shift == 0 => {
                self.0.insert(value.sym, word.wrapping_sub(value.add));
                true
            }
            None => true,
        }
    }
}

/// Registers with known facts, abstract and concrete.
fn start(rng: &mut Rng, machine: &mut Machine<'_>, numbers: &mut Numbers) -> (State, Registers) {
    let mut state = machine.entry();
    let mut registers = Registers { general: [0; 16], flags: rng.bits() & FLAGS | 2 };
    let mut known: Vec<Sym> = Vec::new();
    for n in (0..16).filter(|n| *n != RSP) {
        let word = number(rng);
        registers.general[n] = word;
        let fresh = |machine: &mut Machine<'_>, numbers: &mut Numbers, def: Def, word| {
            let sym = machine.symbols.fresh(def);
            numbers.0.insert(sym, word);
            sym
        };
        state.regs[n] = match rng.below(6) {
            0 => None,
            1 => Some(Value::constant(word)),
            2 if !known.is_empty() => {
                let (sym, shift, add) = (*rng.pick(&known), rng.below(4) as u8, number(rng));
                let value = Value { shift, add, ..Value::symbol(sym) };
                let of = numbers.of(sym).unwrap_or(0);
                registers.general[n] = (of << shift).wrapping_add(add);
                Some(value)
            }
            3 => {
                let low = Def::at_most(u64::from(u32::MAX));
                registers.general[n] = word & 0xffff_ffff;
                let sym = fresh(machine, numbers, low, word & 0xffff_ffff);
                known.push(sym);
                Some(Value::symbol(sym))
            }
            _ => {
                let (lo, hi) = (rng.below(9) as u64, rng.below(9) as u64);
                let def = match rng.below(3) {
                    0 => Def::ANY,
                    _ => {
                        Def { lo: word.saturating_sub(lo), hi: word.saturating_add(hi), ..Def::ANY }
                    }
                };
                let sym = fresh(machine, numbers, def, word);
                known.push(sym);
                Some(Value::symbol(sym))
            }
        };
    }
    (state, registers)
}

/// The statements of the check about registers on a path that do not hold.
fn wrong(
    machine: &Machine<'_>,
    (state, path): (&State, Path),
    registers: &Registers,
    numbers: &mut Numbers,
) -> Option<String> {
    for n in (0..16).filter(|n| *n != RSP) {
        let Some(value) = state.regs[n] else { continue };
        let word = registers.general[n];
        if !numbers.is(value, word) {
            return Some(format!("register {n} is {word:#x}, not {value:?}"));
        }
        if let Some((lo, hi)) = machine.facts.range(path, &machine.symbols, value)
            && !(lo..=hi).contains(&i128::from(word))
        {
            return Some(format!("register {n}, {value:?}, is {word:#x}, not {lo:#x} to {hi:#x}"));
        }
    }
    for (&sym, &word) in &numbers.0 {
        let (lo, hi) = machine.facts.bounds(path, &machine.symbols, sym);
        if !(lo..=hi).contains(&word) {
            return Some(format!("{sym:?} is {word:#x}, not {lo:#x} to {hi:#x}"));
        }
    }
    for fact in machine.facts.iter(path) {
        let Fact::Le { a, shift, d, b: Node::Sym(b) } = fact else { continue };
        let (Some(a), Some(b)) = (numbers.of(a), numbers.of(b)) else { continue };
        if (i128::from(a) << shift) + d > i128::from(b) {
            return Some(format!("{fact:?} with {a:#x} and {b:#x}"));
        }
    }
    None
}

/// The counts of a run.
#[derive(Default)]
struct Seen {
    codes: BTreeSet<String>,
    classes: BTreeSet<String>,
    facts: u64,
    steps: u64,
}

/// A few instructions on one set of registers; `instead` is what the processor executes.
fn run(
    rng: &mut Rng,
    (codes, processor): (&[Code], &mut Processor),
    instead: impl Fn(Code) -> Code,
    seen: &mut Seen,
) -> Option<String> {
    let wasm = wat::parse_str("(module (func))").expect("a module");
    let layout = Layout::derive(&wasm, &Config::default()).expect("a layout");
    let mut machine = Machine::new(&layout, CodeKind::Func(0), &[], Vec::new()).expect("a machine");
    let mut numbers = Numbers::default();
    let (mut state, mut registers) = start(rng, &mut machine, &mut numbers);
    let mut history = String::new();
    for _ in 0..6 {
        let code = *rng.pick(codes);
        let mut same = rng.clone();
        let Some(made) = instruction(rng, code, false) else { continue };
        let Some(other) = instruction(&mut same, instead(code), false) else { continue };
        let (Some(bytes), Some(executed)) = (encode(&made), encode(&other)) else { continue };
        let Ok(insn) = Instructions::new(&bytes).at(0) else { continue };
        let before = state.clone();
        if machine.step(&mut state, &insn).is_err() {
            state = before;
            continue;
        }
        let after = processor.run(&executed, &registers);
        history += &format!("\n{made} on {registers:x?}");
        seen.codes.insert(format!("{code:?}"));
        seen.classes.insert(format!("{:?}", insn.class).split('(').next().unwrap_or("").to_owned());
        seen.steps += 1;
        learn(&state, &before, &insn, &registers, &mut numbers);
        registers = Registers { flags: after.flags & FLAGS | 2, ..after };
        if let Some(what) = wrong(&machine, (&state, state.path), &registers, &mut numbers) {
            return Some(what + &history);
        }
        let taken = rng.below(16);
        let mut next = state.path;
        for (n, condition) in CONDITIONS.into_iter().enumerate() {
            let holds = holds(condition, registers.flags);
            let Some(path) = machine.assume(&state, condition, holds) else {
                return Some(format!("{condition:?} cannot be {holds}{history}"));
            };
            seen.facts += u64::from(path != state.path);
            if let Some(what) = wrong(&machine, (&state, path), &registers, &mut numbers) {
                return Some(format!("behind {condition:?} = {holds}: {what}{history}"));
            }
            if n == taken {
                next = path;
            }
        }
        state.path = next;
    }
    None
}

/// Symbols that only the flags have: what the operands of a comparison were.
fn learn(
    state: &State,
    before: &State,
    insn: &prova_check::x64::Insn,
    registers: &Registers,
    numbers: &mut Numbers,
) {
    if state.flags == before.flags {
        return;
    }
    let (Flags::Compare(a, b) | Flags::Sum(a, b)) = state.flags else { return };
    for (n, value) in [(0, a), (1, b)] {
        let Ok(Operand::Register(r, bytes)) = insn.operand(n) else { continue };
        // `test` of a register with itself compares with 0.
        if numbers.of(value.sym).is_none() && value.shift == 0 {
            let mask = u64::MAX >> (64 - 8 * bytes);
            numbers.is(value, registers.general[usize::from(r)] & mask);
        }
    }
}

#[test]
fn what_the_check_says_holds() {
    let (codes, mut processor, mut seen) = (codes(), Processor::new(), Seen::default());
    for case in 0..30_000 {
        let mut rng = Rng::of(1, case);
        let found = run(&mut rng, (&codes, &mut processor), |code| code, &mut seen);
        assert_eq!(found, None, "case {case}");
    }
    // Nearly all have a form without memory.
    assert!(10 * seen.codes.len() > 9 * codes.len(), "{} of {}", seen.codes.len(), codes.len());
    let classes = [
        "Move",
        "ZeroExtend",
        "SignExtend",
        "Lea",
        "Alu",
        "Compare",
        "Test",
        "Define",
        "Scan",
        "MultiplyPair",
        "MultiplyWide",
        "ExtendLow",
        "ExtendHigh",
        "BitTest",
        "SetByte",
        "Select",
        "Exchange",
        "ExchangeAdd",
        "CompareExchange",
    ];
    for class in classes {
        assert!(seen.classes.contains(class), "{class} of {:?}", seen.classes);
    }
    assert!(seen.facts > 1_000, "{}", seen.facts);
}

/// Whether memory operands of a class are not accessed.
fn is_free(class: Class) -> bool {
    class == Class::Lea || class == Class::Nop
}

#[test]
fn accesses_are_as_wide_as_the_check_says() {
    let (mut processor, edge, mut tried) = (Processor::new(), Edge::new(), BTreeSet::new());
    let mut wrong = Vec::new();
    for code in codes() {
        let mut rng = Rng::of(3, code as u64);
        let Some(made) = instruction(&mut rng, code, true) else { continue };
        let Some(bytes) = encode(&made) else { continue };
        let Ok(insn) = Instructions::new(&bytes).at(0) else { continue };
        let sizes = (0..insn.operands()).filter_map(|n| match insn.operand(n) {
            Ok(Operand::Memory(address)) if !is_free(insn.class) => Some(address.size),
            _ => None,
        });
        let Some(size) = sizes.max() else { continue };
        tried.insert(size);
        let mut registers = Registers { general: [1; 16], flags: 2 };
        registers.general[0] = edge.before(size);
        if !ends(&mut processor, &bytes, &registers) {
            wrong.push(format!("{made}: more than {size} bytes"));
        }
        registers.general[0] = edge.before(size - 1);
        if ends(&mut processor, &bytes, &registers) {
            wrong.push(format!("{made}: fewer than {size} bytes"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(tried, BTreeSet::from([1, 2, 4, 8, 16]));
}

#[test]
fn a_wrong_instruction_is_seen() {
    let pairs = [
        (Code::Add_rm64_r64, Code::Sub_rm64_r64),
        (Code::Add_rm32_r32, Code::Add_rm64_r64),
        (Code::Mov_r64_rm64, Code::Mov_r32_rm32),
        (Code::Mov_r32_rm32, Code::Mov_r64_rm64),
        (Code::Movzx_r32_rm8, Code::Movsx_r32_rm8),
        (Code::Cmp_rm64_r64, Code::Cmp_rm32_r32),
        (Code::Cmp_rm32_r32, Code::Cmp_rm64_r64),
        (Code::Test_rm64_r64, Code::Test_rm32_r32),
        (Code::Cmova_r64_rm64, Code::Cmovae_r64_rm64),
        (Code::Cmovb_r32_rm32, Code::Cmovb_r64_rm64),
        (Code::Shl_rm64_imm8, Code::Shl_rm32_imm8),
        (Code::Shr_rm32_imm8, Code::Sar_rm32_imm8),
        (Code::Xchg_rm64_r64, Code::Xadd_rm64_r64),
        (Code::And_rm64_imm32, Code::Or_rm64_imm32),
        (Code::Lea_r64_m, Code::Lea_r32_m),
    ];
    let mut processor = Processor::new();
    for (code, executed) in pairs {
        // Beside comparisons, so that flags are used.
        let codes = [code, Code::Cmp_rm64_r64, Code::Mov_r64_rm64];
        let mut seen = Seen::default();
        let instead = |one: Code| if one == code { executed } else { one };
        let found = (0..3_000).find_map(|case| {
            let mut rng = Rng::of(2, case);
            run(&mut rng, (&codes, &mut processor), instead, &mut seen)
        });
        assert!(found.is_some(), "{executed:?} in place of {code:?}");
    }
}
