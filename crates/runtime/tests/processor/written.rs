//! The check's rule P10 against the processor: code that it accepts, run twice with the same
//! arguments and other garbage in all that the code neither got nor wrote, answers the same.
//!
//! ```text
//! instructions, each accepted ─┬─ the check: which bytes may be a result? ─┐
//!                              └─ the processor, with this garbage or that ┴─ are they the same?
//! ```
//!
//! Code grows by random instructions of the tables on registers and words of the frame, as long as
//! the check accepts it. Behind it registers, vector registers, conditions and bytes of the frame
//! are asked for: what the check takes for a result has to be the same.
//!
//! A green run shows nothing of calls, branches and merges, other memory, and divisions.

use super::twice::{BELOW, Image, Pages};
use super::{class, encode, general, immediate, is_supported, is_tried, number};
use iced_x86::{Code as Opcode, CodeSize, Instruction, OpCodeOperandKind, OpKind, Register};
use prova_check::x64::Class;
use prova_check::{Code, CodeKind, Config, Layout};
use prova_random::Rng;
use std::collections::BTreeMap;

#[path = "../../../certify/tests/common/bits.rs"]
#[allow(dead_code, reason = "a part is used")]
mod bits;
#[path = "narrow.rs"]
mod narrow;

/// The bytes of the frame: an odd number of words, so that its vectors are aligned.
const FRAME: usize = 56;
/// Arguments: 32 bits in edx and r8d, 64 in rcx and r9, vector registers with 4, 8, 16 bytes.
const PARAMETERS: &str = "(param i32 i64 i32 i64 f32 f64 v128)";
/// The bytes that the code gets of each general register; the record, height and stack pointer
/// are not changed.
const GIVEN: [usize; 16] = [0, 8, 4, 0, 8, 0, 8, 8, 4, 8, 0, 0, 0, 0, 0, 0];
/// The same of vector registers.
const GIVEN_VECTORS: [usize; 3] = [4, 8, 16];
/// General registers that instructions use: garbage, arguments, a saved register.
const NUMBERS: [usize; 8] = [0, 0, 1, 2, 3, 8, 9, 10];
/// A place that is asked for, and how many bytes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    General(usize, usize),
    Vector(usize, usize),
    /// A condition, by its number.
    Flags(u8),
    /// From this offset of the stack pointer on.
    Frame(usize, usize),
}

impl Asked {
    fn any(rng: &mut Rng) -> Asked {
        match rng.below(8) {
            0 | 1 => Asked::General(*rng.pick(&NUMBERS), 1 << rng.below(4)),
            2..=4 => Asked::Vector(rng.below(8), 4 << rng.below(3)),
            5 | 6 => Asked::Flags(rng.below(16) as u8),
            _ => {
                let at = if rng.percent(60) { 8 * rng.below(6) } else { rng.below(40) };
                Asked::Frame(at, 1 << rng.below(5))
            }
        }
    }

    /// The code that makes it a result, and the result's type.
    fn code(self) -> (Vec<u8>, &'static str) {
        let narrow = |bytes: usize, modrm: &[u8], rex: u8| {
            let (op, ty): (&[u8], _) = match bytes {
                1 => (&[0x0f, 0xb6], "i32"),
                2 => (&[0x0f, 0xb7], "i32"),
                4 => (&[0x8b], "i32"),
                _ => (&[0x8b], "i64"),
            };
            let rex = rex | if bytes == 8 { 0x48 } else { 0x40 };
            ([&[rex], op, modrm].concat(), ty)
        };
        match self {
            Asked::General(n, bytes) => {
                let n = n as u8;
                narrow(bytes, &[0xc0 | n & 7], n >> 3)
            }
            Asked::Vector(n, bytes) => {
                let ty = match bytes {
                    4 => "f32",
                    8 => "f64",
                    _ => "v128",
                };
                (vec![0x0f, 0x28, 0xc0 | n as u8], ty)
            }
            Asked::Flags(n) => (vec![0x0f, 0x90 | n, 0xc0, 0x0f, 0xb6, 0xc0], "i32"),
            Asked::Frame(at, 16) => (vec![0x0f, 0x10, 0x44, 0x24, at as u8], "v128"),
            Asked::Frame(at, bytes) => narrow(bytes, &[0x44, 0x24, at as u8], 0),
        }
    }

    /// Its bytes, behind code.
    fn bytes(self, (image, stack): &(Image, Vec<u8>), base: usize) -> Vec<u8> {
        match self {
            Asked::General(n, bytes) => image.general[n].to_le_bytes()[..bytes].to_vec(),
            Asked::Vector(n, bytes) => image.vectors[n].to_le_bytes()[..bytes].to_vec(),
            Asked::Flags(n) => {
                let condition = super::CONDITIONS[usize::from(n)];
                vec![u8::from(super::holds(condition, image.flags))]
            }
            Asked::Frame(at, bytes) => stack[base + at..base + at + bytes].to_vec(),
        }
    }
}

/// The layouts of functions, by their results.
struct Judge {
    layouts: BTreeMap<&'static str, Layout>,
    least: Vec<u8>,
}

impl Judge {
    fn new() -> Judge {
        let Judge { layouts, least } = Judge::of(&Config::default());
        let layouts = layouts.into_iter().map(|(ty, layout)| (ty, layout.with_avx512()));
        Judge { layouts: layouts.collect(), least }
    }

    fn of(config: &Config) -> Judge {
        let layouts = ["", "i32", "i64", "f32", "f64", "v128"].map(|ty| {
            let result = if ty.is_empty() { String::new() } else { format!("(result {ty})") };
            let wat = format!("(module (func {PARAMETERS} {result} unreachable))");
            let wasm = wat::parse_str(wat).expect("a module");
            let layout = Layout::derive(&wasm, config).expect("a layout");
            (ty, layout)
        });
        let mut least = bits::Bits::default();
        least.bits(prova_check::certificate::VERSION.into(), 8);
        least.number(0, 0).number(0, 0).number(0, 0);
        Judge { layouts: layouts.into(), least: least.bytes() }
    }

    /// Whether code is accepted that ends so, with `pushed` bytes below the frame.
    fn accepts(&self, code: &Growing, (end, ty): (&[u8], &str)) -> bool {
        let mut bytes = [&code.checked[..], end].concat();
        // `add rsp`, which changes the flags, and `ret`.
        bytes.extend([0x48, 0x83, 0xc4, code.frame as u8, 0xc3]);
        let code = Code {
            kind: CodeKind::Func(0),
            bytes: &bytes,
            certificate: &self.least,
            traps: &[],
            calls: &[],
        };
        self.layouts[ty].check(code).is_ok()
    }
}

/// Code that grows: as the check sees it, and as the processor gets it.
#[derive(Clone)]
struct Growing {
    checked: Vec<u8>,
    executed: Vec<u8>,
    /// How far the stack pointer is below where it was at entry.
    frame: usize,
    text: String,
}

impl Growing {
    fn new(rng: &mut Rng) -> Growing {
        // The flags stay: `lea rsp`; in r11 an index of 0, or another pointer to the frame.
        let mut code = vec![0x48, 0x8d, 0x64, 0x24, (FRAME as u8).wrapping_neg()];
        if rng.percent(20) {
            code.extend([0x41, 0xbb, 0, 0, 0, 0]);
        } else {
            code.extend([0x4c, 0x8d, 0x1c, 0x24]);
        }
        if rng.percent(30) {
            // `mov rax, rcx`: an argument where some instructions have an operand.
            code.extend([0x48, 0x89, 0xc8]);
        }
        let text = String::new();
        Growing { executed: code.clone(), checked: code, frame: FRAME, text }
    }

    fn with(&self, (checked, executed): (&[u8], &[u8]), text: &str) -> Growing {
        let mut more = self.clone();
        more.checked.extend(checked);
        more.executed.extend(executed);
        more.text += &format!("\n{text}");
        more
    }

    /// The code with a push, a pop, or words that fall and come back.
    fn with_stack(&self, rng: &mut Rng) -> Growing {
        let r = *rng.pick(&NUMBERS) as u8;
        let prefix: &[u8] = if r > 7 { &[0x41] } else { &[] };
        let (bytes, frame) = match rng.below(3) {
            0 => ([prefix, &[0x50 | r & 7]].concat(), self.frame + 8),
            1 => ([prefix, &[0x58 | r & 7]].concat(), self.frame - 8),
            _ => {
                let lea = [0x48, 0x8d, 0x64, 0x24];
                ([&lea[..], &[8], &lea, &[0xf8]].concat(), self.frame)
            }
        };
        let more = self.with((&bytes, &bytes), &format!("{bytes:02x?}"));
        Growing { frame: frame.clamp(FRAME - 8, FRAME + 24), ..more }
    }
}

/// An instruction of this code with random operands, some of them in the frame.
fn instruction(rng: &mut Rng, code: Opcode) -> Option<Instruction> {
    use OpCodeOperandKind as K;
    let mut made = Instruction::default();
    made.set_code(code);
    let opcode = code.op_code();
    let in_frame = rng.percent(30);
    for n in 0..opcode.op_count() {
        let kind = opcode.op_kind(n);
        let or_memory = matches!(
            kind,
            K::r8_or_mem | K::r16_or_mem | K::r32_or_mem | K::r64_or_mem | K::xmm_or_mem
        );
        if kind == K::mem || or_memory && in_frame {
            made.set_op_kind(n, OpKind::Memory);
            address(rng, &mut made);
            continue;
        }
        if let Some((kind, value)) = immediate(rng, kind) {
            let value = if kind == OpKind::Immediate8 && rng.percent(40) { 0 } else { value };
            made.set_op_kind(n, kind);
            made.try_set_immediate_i64(n, value).ok()?;
            continue;
        }
        let which = *rng.pick(&NUMBERS);
        let register = match kind {
            K::r8_or_mem | K::r8_reg | K::r8_opcode => general(which, Register::AL),
            K::r16_or_mem | K::r16_reg | K::r16_opcode => general(which, Register::AX),
            K::r32_or_mem | K::r32_reg | K::r32_vvvv | K::r32_rm | K::r32_opcode => {
                general(which, Register::EAX)
            }
            K::r64_or_mem | K::r64_reg | K::r64_vvvv | K::r64_rm | K::r64_opcode => {
                general(which, Register::RAX)
            }
            K::al => Register::AL,
            K::cl => Register::CL,
            K::ax => Register::AX,
            K::eax => Register::EAX,
            K::rax => Register::RAX,
            K::xmm_reg | K::xmm_or_mem | K::xmm_vvvv | K::xmm_rm | K::xmm_is4 => {
                super::numbered(Register::XMM0, rng.below(5))
            }
            _ => return None,
        };
        made.set_op_kind(n, OpKind::Register);
        made.set_op_register(n, register);
    }
    made.set_code_size(CodeSize::Code64);
    Some(made)
}

/// An address in the frame.
fn address(rng: &mut Rng, made: &mut Instruction) {
    let at = if rng.percent(70) { 8 * rng.below(6) } else { rng.below(44) };
    let base = if rng.percent(80) { Register::RSP } else { Register::R11 };
    made.set_memory_base(base);
    if base == Register::RSP && rng.percent(10) {
        made.set_memory_index(Register::R11);
        made.set_memory_index_scale(1 << rng.below(4));
    }
    made.set_memory_displacement64(at as u64);
    made.set_memory_displ_size(1);
}

/// The image that code begins with: arguments, and garbage in all else.
fn image(arguments: &mut Rng, garbage: &mut Rng) -> Image {
    let mask = |bytes: usize| if bytes == 16 { u128::MAX } else { (1 << (8 * bytes)) - 1 };
    let mut image = Image { vectors: [0; 16], general: [0; 16], flags: 0, host: 0 };
    image.flags = garbage.bits() & super::FLAGS | 2;
    for (word, bytes) in image.general.iter_mut().zip(GIVEN) {
        let mask = mask(bytes) as u64;
        *word = number(arguments) & mask | garbage.bits() & !mask;
    }
    for (n, word) in image.vectors.iter_mut().enumerate() {
        let mask = mask(GIVEN_VECTORS.get(n).copied().unwrap_or(0));
        let two = |rng: &mut Rng, any: fn(&mut Rng) -> u64| {
            u128::from(any(rng)) << 64 | u128::from(any(rng))
        };
        let float = |rng: &mut Rng| match rng.below(3) {
            0 => number(rng),
            1 => (rng.below(99) as f64 - 9.5).to_bits(),
            _ => u64::from((rng.below(99) as f32 - 9.5).to_bits()) << (32 * rng.below(2)),
        };
        *word = two(arguments, float) & mask | two(garbage, Rng::bits) & !mask;
    }
    image
}

/// The counts of a run: how often code that ends in this one was accepted, and what was asked for.
#[derive(Default)]
struct Seen {
    codes: BTreeMap<Opcode, u32>,
    asked: u64,
}

/// Code that the check accepts, which ends in an instruction of this code; none if that is refused.
/// `instead` is what the processor executes.
fn grow(
    rng: &mut Rng,
    (codes, last): (&[Opcode], Opcode),
    judge: &Judge,
    instead: impl Fn(Opcode) -> Opcode,
) -> Option<Growing> {
    let mut code = Growing::new(rng);
    let steps = rng.below(4);
    for step in 0..=steps {
        if rng.percent(15) {
            let more = code.with_stack(rng);
            if judge.accepts(&more, (&[], "")) {
                code = more;
            }
        }
        let which = if step == steps { last } else { *rng.pick(codes) };
        let mut same = rng.clone();
        let (made, other) = (instruction(rng, which), instruction(&mut same, instead(which)));
        let (Some(made), Some(other)) = (made, other) else { continue };
        let (Some(checked), Some(executed)) = (encode(&made), encode(&other)) else { continue };
        let more = code.with((&checked, &executed), &made.to_string());
        if judge.accepts(&more, (&[], "")) {
            code = more;
        } else if step == steps {
            return None;
        }
    }
    Some(code)
}

/// The difference behind code between two runs, at some places that the check takes for results.
fn differs(
    rng: &mut Rng,
    code: &Growing,
    (judge, pages): (&Judge, &mut Pages),
    seen: &mut Seen,
) -> Option<String> {
    let judged = |asked: &Asked| {
        let (end, ty) = asked.code();
        judge.accepts(code, (&end, ty))
    };
    let asked: Vec<Asked> = (0..10).map(|_| Asked::any(rng)).filter(judged).collect();
    seen.asked += asked.len() as u64;
    let seed = rng.bits();
    for round in 0..3 {
        let runs = [0, 1].map(|run| {
            let mut arguments = Rng::of(seed, round);
            let mut garbage = Rng::of(seed ^ 1, 2 * round + run);
            let before = image(&mut arguments, &mut garbage);
            pages.run(&code.executed, &before, &mut garbage)
        });
        for asked in &asked {
            let [one, other] = runs.each_ref().map(|run| asked.bytes(run, BELOW - code.frame));
            if one != other {
                return Some(format!("{asked:?}: {one:x?} and {other:x?} behind{}", code.text));
            }
        }
    }
    None
}

/// Looks at `wanted` accepted ends in an instruction of this code.
fn look(
    (codes, last): (&[Opcode], Opcode),
    (judge, pages): (&Judge, &mut Pages),
    (wanted, instead): (u32, impl Fn(Opcode) -> Opcode),
    seen: &mut Seen,
) -> Vec<String> {
    let mut found = Vec::new();
    for case in 0..u64::from(wanted) * 200 {
        let mut rng = Rng::of(last as u64, case);
        let Some(code) = grow(&mut rng, (codes, last), judge, &instead) else { continue };
        let wrong = differs(&mut rng, &code, (judge, pages), seen);
        found.extend(wrong.map(|wrong| format!("{last:?}, case {case}: {wrong}")));
        let times = seen.codes.entry(last).or_default();
        *times += 1;
        if *times == wanted {
            break;
        }
    }
    found
}

/// The codes of the tables that are tried, in order.
fn codes() -> Vec<Opcode> {
    let tried = |code: &Opcode| class(*code).is_some_and(is_tried) && is_supported(*code);
    // A fence has no operands, and `nop` reads none.
    let plain = |code: &Opcode| !matches!(class(*code), Some(Class::Fence | Class::Nop));
    Opcode::values().filter(tried).filter(plain).collect()
}

#[test]
fn results_do_not_depend_on_garbage() {
    // More of them: `PROVA_WRITTEN_CASES=3000`.
    let wanted = std::env::var("PROVA_WRITTEN_CASES").ok().and_then(|n| n.parse().ok());
    let wanted = wanted.unwrap_or(12);
    let (judge, mut pages, codes) = (Judge::new(), Pages::new(), codes());
    let (mut seen, mut found) = (Seen::default(), Vec::new());
    for &code in &codes {
        let with = (&judge, &mut pages);
        found.extend(look((&codes, code), with, (wanted, |code| code), &mut seen));
    }
    assert!(found.is_empty(), "{}: {}", found.len(), found[..found.len().min(40)].join("\n"));
    let rare: Vec<&Opcode> =
        codes.iter().filter(|code| seen.codes.get(code).copied() < Some(wanted / 3)).collect();
    assert!(rare.is_empty(), "seldom accepted: {rare:?}");
    assert!(seen.asked > 2 * u64::from(wanted) * codes.len() as u64, "{} asked for", seen.asked);
}

#[test]
fn an_instruction_that_depends_on_more_is_seen() {
    let pairs = [
        // More bytes of a source.
        (Opcode::Mov_r32_rm32, Opcode::Mov_r64_rm64),
        (Opcode::Movzx_r32_rm8, Opcode::Movzx_r32_rm16),
        (Opcode::Imul_r32_rm32, Opcode::Imul_r64_rm64),
        (Opcode::Movss_xmm_xmmm32, Opcode::Movups_xmm_xmmm128),
        (Opcode::Movq_xmm_xmmm64, Opcode::Movups_xmm_xmmm128),
        (Opcode::VEX_Vaddss_xmm_xmm_xmmm32, Opcode::VEX_Vaddsd_xmm_xmm_xmmm64),
        (Opcode::VEX_Vaddsd_xmm_xmm_xmmm64, Opcode::VEX_Vaddpd_xmm_xmm_xmmm128),
        (Opcode::VEX_Vcvtps2pd_xmm_xmmm64, Opcode::VEX_Vcvtdq2ps_xmm_xmmm128),
        (Opcode::VEX_Vpbroadcastd_xmm_xmmm32, Opcode::VEX_Vpbroadcastq_xmm_xmmm64),
        // Bits that move down.
        (Opcode::Shl_rm64_imm8, Opcode::Ror_rm64_imm8),
        // Flags and registers that stay.
        (Opcode::Neg_rm64, Opcode::Not_rm64),
        (Opcode::Shl_rm32_imm8, Opcode::Rol_rm32_imm8),
        (Opcode::Tzcnt_r64_rm64, Opcode::Bsf_r64_rm64),
    ];
    let (judge, mut pages) = (Judge::new(), Pages::new());
    for (code, executed) in pairs {
        let codes = [code, Opcode::Mov_r8_imm8, Opcode::Mov_rm32_r32];
        let instead = |one: Opcode| if one == code { executed } else { one };
        let with = (&judge, &mut pages);
        let found = look((&codes, code), with, (300, instead), &mut Seen::default());
        assert!(!found.is_empty(), "{executed:?} in place of {code:?}");
    }
}
