//! The terms that `prova-equal` has for an instruction, beside the processor.
//!
//! ```text
//! code of the check's tables ─ random operands ─┬─ walk ─► State, evaluated on numbers ─┐
//!                                               └─ the processor ─► registers, memory ──┴─ equal?
//! ```
//!
//! Each register, each vector register and the memory operand is compared; flags by a `setcc`
//! behind the instruction. Every mnemonic that the sources of `step` name is compared, or stands in
//! `equal/uncompared.txt` (`PROVA_BLESS=1` writes it): they need operands that are not drawn.
//!
//! Green says nothing of these, of jumps, calls, push and pop, of divisions that fault, and of the
//! bits of NaN.

#[path = "../../equal/tests/meaning/floats.rs"]
mod floats;
#[path = "../../equal/tests/meaning/integers.rs"]
mod integers;

use crate::observer::tracee::{Regs, Right, Stop, Tracee};
use iced_x86::{Code as C, CodeSize, Encoder, Instruction, Mnemonic as M, OpCodeOperandKind as K};
use iced_x86::{OpKind, Register};
use integers::{mask, meaning, signed};
use prova_check::x64::{Class, class};
use prova_check::{Config, Layout};
use prova_equal::demand::overflow;
use prova_equal::words::{Fixed, Head, Node, Word};
use prova_equal::{Core, Guide, Leader, Refusal, State, walk};
use prova_module::{Features, Limits, Module};
use prova_random::Rng;
use prova_ssa::{CheckedBody, Metering};
use std::collections::{BTreeMap, BTreeSet};

/// Mnemonics that are named and never compared.
const UNCOMPARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/uncompared.txt");
const CODE: u64 = 0x1000_0000_0000;
const DATA: u64 = 0x1200_0000_0000;
/// Where the memory operand lies, below the stack pointer at entry.
const PLACE: i64 = -64;
/// Numbers of the leaves for registers, vectors, the memory operand.
const GENERAL: u32 = 1000;
const VECTOR: u32 = 2000;
const MEMORY: u32 = 3000;
const RAX: usize = 0;
const RDX: usize = 2;
const RSP: usize = 4;

/// An instruction, and a `setcc r11b` behind it.
struct Case {
    mnemonic: M,
    bytes: Vec<u8>,
    steps: usize,
    memory_bits: u8,
    divisor: Option<(usize, u8)>,
}

/// Numbers before.
struct Numbers {
    regs: Regs,
    vectors: [[u32; 4]; 16],
    memory: [u8; 16],
}

impl Numbers {
    fn leaf(&self, n: u128) -> u128 {
        let n = n as usize;
        match n {
            3000 => u128::from_le_bytes(self.memory),
            2000.. => {
                self.vectors[n - 2000].iter().rev().fold(0, |x, &lane| x << 32 | u128::from(lane))
            }
            _ => self.regs.general[n - 1000].into(),
        }
    }
}

/// The guide of one instruction: from the state before it to the one behind.
struct Probe<'c> {
    case: &'c Case,
    end: u32,
    found: Option<State>,
}

impl Guide for Probe<'_> {
    fn is_leader(&self, at: u32) -> bool {
        at == 0 || at == self.end
    }

    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal> {
        if at != 0 {
            return Ok(None);
        }
        let mut state = core.begin(&Leader::default())?;
        for r in 0..16_u32 {
            let (word, vector) =
                (core.words.value(64, GENERAL + r), core.words.value(128, VECTOR + r));
            state.set_reg(r as u8, word);
            state.set_vector(r as u8, vector);
        }
        if self.case.memory_bits > 0 {
            let stack = core.words.fixed(64, Fixed::Stack);
            let at = core.words.plus(stack, i128::from(PLACE) as u128);
            state.set_reg(0, at);
            let held = core.words.value(128, MEMORY);
            state.put(&core.words, PLACE, held);
        }
        if let Some((r, bits)) = self.case.divisor {
            let (a, b) = (state.reg(0), state.reg(r as u8));
            let (a, b) = (core.words.slice(a, 0, bits), core.words.slice(b, 0, bits));
            let signed = self.case.mnemonic == M::Idiv;
            let sign = core.words.sign(a);
            let high = if signed { core.words.sext(sign, 64) } else { core.words.constant(64, 0) };
            state.set_reg(2, high);
            let (zero, beyond) = (core.words.zero(b), overflow(&mut core.words, a, b));
            state.known.extend([(zero, false), (beyond, false)]);
        }
        Ok(Some(state))
    }

    fn edge(&mut self, _: &mut Core<'_>, state: State, to: (u32, bool)) -> Result<bool, Refusal> {
        if to.0 == self.end {
            self.found = Some(state);
        }
        Ok(true)
    }

    fn refused(&mut self, _: &Core<'_>, _: &Refusal, _: (u32, Option<u32>)) -> bool {
        false
    }
}

/// A word on numbers; nothing where it is unknown.
fn value(core: &Core<'_>, numbers: &Numbers, word: Word) -> Option<u128> {
    let Node { op, bits, args, n } = core.words.get(word);
    match op {
        Head::Const => return Some(n),
        Head::Value => return Some(numbers.leaf(n)),
        Head::Fixed => return Some(u128::from(DATA.wrapping_sub(PLACE as u64))),
        Head::Unknown => return None,
        _ => {}
    }
    let operands = args.into_iter().filter(|&arg| !core.words.is_none(arg));
    let operands = operands.map(|arg| Some((value(core, numbers, arg)?, core.words.bits(arg))));
    let operands: Vec<(u128, u8)> = operands.collect::<Option<_>>()?;
    let made = meaning(op, (bits, n), &operands);
    let floats = || (op == Head::Prim).then(|| floats::meaning(n, bits, &operands)).flatten();
    made.or_else(floats)
}

/// Registers that operands are of.
const NUMBERS: [usize; 6] = [1, 2, 3, 6, 9, 12];

fn numbered(first: Register, number: usize) -> Register {
    let index = first as usize + number;
    Register::values().find(|one| *one as usize == index).expect("a register")
}

fn low_byte(number: usize) -> Register {
    match number {
        0..4 => numbered(Register::AL, number),
        4..8 => numbered(Register::SPL, number - 4),
        _ => numbered(Register::R8L, number - 8),
    }
}

/// A number as an operand of a kind, if it is a kind of numbers.
fn immediate(kind: K, value: i64) -> Option<(OpKind, i64)> {
    Some(match kind {
        K::imm8_const_1 => (OpKind::Immediate8, 1),
        K::imm8 => (OpKind::Immediate8, (value as i8).into()),
        K::imm8sex16 => (OpKind::Immediate8to16, (value as i8).into()),
        K::imm8sex32 => (OpKind::Immediate8to32, (value as i8).into()),
        K::imm8sex64 => (OpKind::Immediate8to64, (value as i8).into()),
        K::imm16 => (OpKind::Immediate16, (value as i16).into()),
        K::imm32 => (OpKind::Immediate32, (value as i32).into()),
        K::imm32sex64 => (OpKind::Immediate32to64, (value as i32).into()),
        K::imm64 => (OpKind::Immediate64, value),
        _ => return None,
    })
}

/// An instruction of a code, with its memory operand at rax or none.
fn instruction(rng: &mut Rng, code: C, memory: bool) -> Option<Instruction> {
    let mut made = Instruction::default();
    made.set_code(code);
    let opcode = code.op_code();
    for n in 0..opcode.op_count() {
        let (kind, which) = (opcode.op_kind(n), *rng.pick(&NUMBERS));
        let may =
            [K::r8_or_mem, K::r16_or_mem, K::r32_or_mem, K::r64_or_mem, K::xmm_or_mem, K::mem];
        if may.contains(&kind) && memory {
            made.set_op_kind(n, OpKind::Memory);
            made.set_memory_base(Register::RAX);
            continue;
        }
        let value = match rng.below(3) {
            0 => rng.below(130) as i64 - 2,
            _ => rng.bits() as i64,
        };
        if let Some((kind, value)) = immediate(kind, value) {
            made.set_op_kind(n, kind);
            // Roundings are in the lowest bits.
            let rounds =
                matches!(code.mnemonic(), M::Roundsd | M::Roundss | M::Vroundsd | M::Vroundss);
            made.try_set_immediate_i64(n, if rounds { value & 3 } else { value }).ok()?;
            continue;
        }
        let register = match kind {
            K::r8_or_mem | K::r8_reg | K::r8_opcode => low_byte(which),
            K::r16_or_mem | K::r16_reg | K::r16_opcode => numbered(Register::AX, which),
            K::r32_or_mem | K::r32_reg | K::r32_vvvv | K::r32_rm | K::r32_opcode => {
                numbered(Register::EAX, which)
            }
            K::r64_or_mem | K::r64_reg | K::r64_vvvv | K::r64_rm | K::r64_opcode => {
                numbered(Register::RAX, which)
            }
            K::al => Register::AL,
            K::cl => Register::CL,
            K::ax => Register::AX,
            K::eax => Register::EAX,
            K::rax => Register::RAX,
            K::xmm_reg | K::xmm_or_mem | K::xmm_vvvv | K::xmm_rm => {
                numbered(Register::XMM0, rng.below(8))
            }
            K::mem if code.mnemonic() == M::Lea => {
                made.set_op_kind(n, OpKind::Memory);
                made.set_memory_base(numbered(Register::RAX, which));
                made.set_memory_index(numbered(Register::RAX, *rng.pick(&NUMBERS)));
                made.set_memory_index_scale(1 << rng.below(4) as u32);
                made.set_memory_displ_size(4);
                made.set_memory_displacement64(i64::from(value as i32) as u64);
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

fn case(rng: &mut Rng, code: C, memory: bool, condition: bool) -> Option<Case> {
    let made = instruction(rng, code, memory)?;
    let mut encoder = Encoder::new(64);
    encoder.encode(&made, 0).ok()?;
    let mut bytes = encoder.take_buffer();
    // The carry that it takes is of a comparison.
    let carries = matches!(made.mnemonic(), M::Adc | M::Sbb);
    if carries {
        bytes.splice(0..0, [0x48, 0x39, 0xd1]);
    }
    if condition {
        bytes.extend([0x41, 0x0f, 0x90 | rng.below(16) as u8, 0xc3]);
    }
    let has = (0..made.op_count()).any(|n| made.op_kind(n) == OpKind::Memory);
    let at_rax = has && made.mnemonic() != M::Lea;
    let divides = matches!(made.mnemonic(), M::Div | M::Idiv);
    let divisor = made.op0_register();
    let of = (divisor.number(), (8 * divisor.size()) as u8);
    if divides && (at_rax || matches!(of.0, RAX | RDX)) {
        return None;
    }
    Some(Case {
        mnemonic: made.mnemonic(),
        bytes,
        steps: 1 + usize::from(condition) + usize::from(carries),
        memory_bits: if at_rax { (8 * made.memory_size().size()) as u8 } else { 0 },
        divisor: divides.then_some(of),
    })
}

fn numbers(rng: &mut Rng, case: &Case) -> Numbers {
    const EDGES: [u64; 8] = [0, 1, 2, 63, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 63];
    let word = |rng: &mut Rng| match rng.below(4) {
        0 => *rng.pick(&EDGES),
        1 => rng.pick(&EDGES).wrapping_neg(),
        2 => rng.bits() >> rng.below(64),
        _ => rng.bits(),
    };
    let lanes = |rng: &mut Rng| match rng.below(6) {
        0 => (rng.bits() as i32 as f64 / 8.0).to_bits(),
        1 => u64::from((rng.bits() as i16 as f32 / 4.0).to_bits()),
        2 => (rng.bits() as i64 as f64).to_bits(),
        3 => rng.pick(&[0.0_f64, -0.0, 0.5, 1.5, -2.5, f64::INFINITY, 9.3e18]).to_bits(),
        _ => rng.bits() & !(1 << 62),
    };
    let mut regs = Regs { rip: CODE, flags: 0x202 | rng.bits() & 0x8d5, ..Regs::default() };
    let mut vectors = [[0; 4]; 16];
    for lanes_of in &mut vectors {
        let (a, b) = (lanes(rng), lanes(rng));
        *lanes_of = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32];
    }
    for r in &mut regs.general {
        *r = word(rng);
    }
    regs.general[RSP] = DATA + 2048;
    if case.memory_bits > 0 {
        regs.general[RAX] = DATA;
    }
    if let Some((r, bits)) = case.divisor {
        let divisor = regs.general[r] & mask(bits) as u64;
        if divisor == 0 || signed(divisor.into(), bits) == -1 {
            regs.general[r] = 7;
        }
        let a = signed(regs.general[RAX].into(), bits);
        regs.general[RDX] = if case.mnemonic == M::Idiv && a < 0 { u64::MAX } else { 0 };
    }
    let memory = if rng.below(2) == 0 {
        u128::from(word(rng)) | u128::from(word(rng)) << 64
    } else {
        u128::from(lanes(rng)) | u128::from(lanes(rng)) << 64
    };
    Numbers { regs, vectors, memory: memory.to_le_bytes() }
}

/// Whether two words are equal, or both hold a NaN where the other does.
fn alike(a: u128, b: u128) -> bool {
    let low = |n: u128| (n >> 64, f64::from_bits(n as u64).is_nan());
    let single = |n: u128| (n >> 32, f32::from_bits(n as u32).is_nan());
    let nan = |x: (u128, bool), y: (u128, bool)| x == y && x.1;
    a == b || nan(low(a), low(b)) || nan(single(a), single(b))
}

/// The differences between terms and processor, and whether all terms have a meaning here.
fn compare(
    core: &mut Core<'_>,
    (tracee, state): (&Tracee, &State),
    case: &Case,
    numbers: &Numbers,
) -> (Vec<String>, bool) {
    let (mut wrong, mut all) = (Vec::new(), true);
    let (regs, vectors) = (tracee.regs(), tracee.vectors());
    for r in (0..16).filter(|r| *r != RSP) {
        let term = state.reg(r as u8);
        let found = value(core, numbers, term);
        all &= found.is_some();
        if found.is_some_and(|found| found != u128::from(regs.general[r])) {
            let now = regs.general[r];
            wrong.push(format!("register {r}: {found:x?}, is {now:x}: {}", core.words.show(term)));
        }
        let term = state.vector(r as u8);
        let found = value(core, numbers, term);
        all &= found.is_some();
        if found.is_some_and(|found| !alike(found, vectors[r])) {
            let now = vectors[r];
            wrong.push(format!("vector {r}: {found:x?}, is {now:x}: {}", core.words.show(term)));
        }
    }
    if case.memory_bits > 0 {
        let term = state.take(&mut core.words, PLACE, case.memory_bits);
        let now = u128::from_le_bytes(tracee.read(DATA)) & mask(case.memory_bits);
        let found = value(core, numbers, term);
        all &= found.is_some();
        if found.is_some_and(|found| found != now) {
            wrong.push(format!("memory: {found:x?}, is {now:x}: {}", core.words.show(term)));
        }
    }
    (wrong, all)
}

/// The mnemonics that the sources of `step` name, without control.
fn named() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../equal/src/step");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("a file").path();
        if path.ends_with("mod.rs") {
            continue;
        }
        let source = std::fs::read_to_string(path).expect("a text");
        for part in source.split("M::").skip(1) {
            let end = part.find(|c: char| !c.is_alphanumeric()).unwrap_or(part.len());
            found.insert(part[..end].to_owned());
        }
    }
    found.into_iter().collect()
}

/// Classes that are tried.
fn is_tried(class: Class) -> bool {
    let control = matches!(
        class,
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
    );
    !control
}

/// A function without instructions, whose walk goes over one of ours.
struct Subject {
    body: CheckedBody,
    layout: Layout,
    tracee: Tracee,
}

impl Subject {
    fn new() -> Subject {
        let wasm = wat::parse_str("(module (func))").expect("a module");
        let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
        let func = module.defined_funcs().next().expect("a function");
        let built = prova_ssa::build(&module, func, Metering::NONE).expect("a body");
        let body = CheckedBody::check(&module, built).expect("the function's");
        let layout = Layout::derive(module.bytes(), &Config::default()).expect("a layout");
        let tracee = Tracee::start();
        tracee.map(CODE, 4096, Right::Execute);
        tracee.map(DATA, 4096, Right::Write);
        Subject { body, layout, tracee }
    }

    /// The differences between the terms of a case and what the processor does for some bytes;
    /// nothing if there are no terms, or it faults.
    fn trial(&self, case: &Case, executed: &[u8], rng: &mut Rng) -> Option<(Vec<String>, bool)> {
        let Subject { body, layout, tracee } = self;
        let walked = [&case.bytes[..], &[0x90]].concat();
        let mut core = Core::new((body.module(), body.body()), layout, (&walked, &[]))?;
        let mut probe = Probe { case, end: case.bytes.len() as u32, found: None };
        // Behind the end nothing stands.
        let _ = walk(&mut core, &mut probe, &[], (&mut 0, &mut None));
        let state = probe.found?;
        let numbers = numbers(rng, case);
        tracee.write(CODE, &[executed, &[0x90]].concat());
        tracee.write(DATA, &numbers.memory);
        tracee.set_vectors(&numbers.vectors);
        tracee.set_regs(&numbers.regs);
        if (0..case.steps).any(|_| tracee.step() != Stop::Step) {
            return None;
        }
        Some(compare(&mut core, (tracee, &state), case, &numbers))
    }
}

#[test]
fn terms_are_what_the_processor_does() {
    let subject = Subject::new();
    let (mut wrong, mut compared) = (Vec::new(), BTreeMap::<String, usize>::new());
    for code in C::values().filter(|code| class(*code).is_some_and(is_tried)) {
        // Each code by itself: another one more changes nothing.
        let mut rng = Rng::of(3, code as u64);
        for round in 0..144 {
            let made = case(&mut rng, code, round % 3 == 0, round % 2 == 0);
            let Some(case) = made else { continue };
            let Some((found, all)) = subject.trial(&case, &case.bytes, &mut rng) else { continue };
            if all {
                *compared.entry(format!("{:?}", case.mnemonic)).or_default() += 1;
            }
            let line = |how| format!("{code:?} {:02x?}: {how}", case.bytes);
            wrong.extend(found.into_iter().map(line));
        }
    }
    let total: usize = compared.values().sum();
    println!("{total} instructions of {} mnemonics", compared.len());
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    let mut missing: Vec<String> = named();
    missing.retain(|name| !compared.contains_key(name));
    let missing = missing.join("\n") + "\n";
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(UNCOMPARED, &missing).expect("the file can be written");
    }
    let wanted = std::fs::read_to_string(UNCOMPARED).unwrap_or_default();
    assert_eq!(missing, wanted, "never compared");
}

/// Where the processor executes another instruction than the terms are of, that is seen.
#[test]
fn a_wrong_instruction_is_seen() {
    let (subject, mut rng) = (Subject::new(), Rng::new(5));
    for (code, other) in [
        (C::Add_rm32_r32, C::Sub_rm32_r32),
        (C::Movzx_r32_rm8, C::Movsx_r32_rm8),
        (C::Shl_rm64_imm8, C::Shr_rm64_imm8),
        (C::Rol_rm32_imm8, C::Ror_rm32_imm8),
        (C::Mul_rm64, C::Imul_rm64),
        (C::Cmp_rm32_r32, C::Test_rm32_r32),
        (C::Movsx_r64_rm16, C::Movzx_r64_rm16),
        (C::Setb_rm8, C::Seta_rm8),
        (C::Addsd_xmm_xmmm64, C::Subsd_xmm_xmmm64),
        (C::Cvttsd2si_r64_xmmm64, C::Cvtsd2si_r64_xmmm64),
        (C::Andps_xmm_xmmm128, C::Andnps_xmm_xmmm128),
    ] {
        let seen = (0..60).any(|_| {
            let Some(mut made) = instruction(&mut rng, code, false) else { return false };
            let right = encoded(&made);
            made.set_code(other);
            let wrong = encoded(&made);
            let condition = [0x41, 0x0f, 0x92, 0xc3];
            let flags = code.mnemonic() != M::Setb;
            let with =
                |bytes: Vec<u8>| if flags { [&bytes[..], &condition].concat() } else { bytes };
            let (mut bytes, mut wrong) = (with(right), with(wrong));
            if !flags {
                bytes.splice(0..0, [0x48, 0x39, 0xd1]);
                wrong.splice(0..0, [0x48, 0x39, 0xd1]);
            }
            // Without a rule for the flags, without them.
            for steps in [2, 1] {
                let len =
                    if steps == 1 && flags { bytes.len() - condition.len() } else { bytes.len() };
                let case = Case {
                    mnemonic: code.mnemonic(),
                    bytes: bytes[..len].to_vec(),
                    steps,
                    memory_bits: 0,
                    divisor: None,
                };
                let found = subject.trial(&case, &wrong, &mut rng);
                if let Some((found, _)) = found {
                    return !found.is_empty();
                }
            }
            false
        });
        assert!(seen, "{code:?} as {other:?}");
    }
}

fn encoded(made: &Instruction) -> Vec<u8> {
    let mut encoder = Encoder::new(64);
    encoder.encode(made, 0).expect("an instruction");
    encoder.take_buffer()
}
