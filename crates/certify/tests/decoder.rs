//! Compares the check's reading of an instruction with a second decoder, Capstone, whose tables are
//! LLVM's and share nothing with those of iced-x86.
//!
//! ```text
//! bytes ─┬─ Instructions::at ─► length, target, memory operand and its width, registers ─┐ same?
//!        └─ Capstone ─────────► the same ────────────────────────────────────────────────┘
//! ```
//!
//! The vendors' processors have to decode it alike, too. Compared are all code of `cases/` and
//! `advisories/`, random instructions of every code of the tables, and the latter with a byte
//! changed or put before them, where the check accepts it. Where both decoders are known to differ,
//! `DIFFERENCES` has a row with the reason; a row that is not met fails.
//!
//! A green run does not show that both decoders are right, nor what an instruction does:
//! `runtime/tests/processor.rs` asks the processor. Immediates are not compared.

use crate::common;

use crate::common::made::{encode, instruction};
use capstone::arch::x86::{X86OpMem, X86OperandType};
use capstone::arch::{ArchDetail, BuildsCapstone as _, DetailsArchInsn as _, x86};
use capstone::{Capstone, RegId};
use iced_x86::{Code, Decoder, DecoderOptions, Instruction};
use prova_check::x64::{Address, Class, Insn, Instructions, Operand, class};
use prova_random::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A decoder's reading of one instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reading {
    len: usize,
    /// Of a direct jump or branch.
    target: Option<u64>,
    memory: Vec<Address>,
    /// General registers among the operands and their bytes, in order.
    registers: Vec<(u8, u32)>,
}

/// Capstone lets the prefix of the operand size win over `REX.W`, of which the manual says the
/// opposite.
const REX_W: &str = "66 and REX.W";
/// Both mean the same: the register is written as 32 bits and zero-extended, or read as fewer.
const NARROW: &str = "the width of a register whose upper half is zeroed";
/// Capstone has the form without `VEX.W` alone; the manual says that it is ignored.
const WITHOUT_W: &str = "VEX.W is ignored";

/// Names of codes of which both decoders are known to say something else, the field, the reason.
#[rustfmt::skip]
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("Bsf_r64_rm64", "width", REX_W),
    ("Bsr_r64_rm64", "width", REX_W),
    ("Extractps_r64m32_xmm_imm8", "registers", NARROW),
    ("Movmskpd_r64_xmm", "registers", NARROW),
    ("Movmskps_r64_xmm", "registers", NARROW),
    ("Pextrb_r64m8_xmm_imm8", "registers", NARROW),
    ("Pextrw_r64_xmm_imm8", "registers", NARROW),
    ("Pextrw_r64m16_xmm_imm8", "registers", NARROW),
    ("Pinsrb_xmm_r64m8_imm8", "registers", NARROW),
    ("Pinsrw_xmm_r64m16_imm8", "registers", NARROW),
    ("Pmovmskb_r64_xmm", "registers", NARROW),
    ("VEX_Vextractps_r64m32_xmm_imm8", "registers", NARROW),
    ("VEX_Vmovmskpd_r64_xmm", "registers", NARROW),
    ("VEX_Vmovmskps_r64_xmm", "registers", NARROW),
    ("VEX_Vpextrb_r64m8_xmm_imm8", "refused", WITHOUT_W),
    ("VEX_Vpextrw_r64_xmm_imm8", "refused", WITHOUT_W),
    ("VEX_Vpextrw_r64m16_xmm_imm8", "refused", WITHOUT_W),
    ("VEX_Vpinsrb_xmm_xmm_r64m8_imm8", "refused", WITHOUT_W),
    ("VEX_Vpinsrw_xmm_xmm_r64m16_imm8", "refused", WITHOUT_W),
    ("VEX_Vpmovmskb_r64_xmm", "registers", NARROW),
];

fn capstone() -> Capstone {
    let builder = Capstone::new().x86().mode(x86::ArchMode::Mode64).detail(true);
    builder.build().expect("a decoder")
}

/// Whether its target is part of it.
fn is_direct(class: Class) -> bool {
    matches!(class, Class::Branch(_) | Class::Jump | Class::Leave | Class::Call)
}

/// The check's reading.
fn ours(insn: &Insn) -> Reading {
    let mut reading = Reading { len: insn.len as usize, ..Reading::default() };
    if is_direct(insn.class) {
        let target = insn.target_anywhere() as u64;
        // For a target beyond 32 bits the check takes the largest number.
        assert_eq!(u64::from(insn.target()), target.min(u64::from(u32::MAX)));
        reading.target = Some(target);
        return reading;
    }
    for n in 0..insn.operands() {
        match insn.operand(n) {
            Ok(Operand::Memory(address)) => reading.memory.push(address),
            Ok(Operand::Register(number, bytes)) => reading.registers.push((number, bytes)),
            Ok(Operand::Vector | Operand::Immediate(_)) | Err(_) => {}
        }
    }
    reading
}

/// Number and bytes of a general register by its name.
fn named(name: &str) -> Option<(u8, u32)> {
    const NAMES: [[&str; 4]; 8] = [
        ["rax", "eax", "ax", "al"],
        ["rcx", "ecx", "cx", "cl"],
        ["rdx", "edx", "dx", "dl"],
        ["rbx", "ebx", "bx", "bl"],
        ["rsp", "esp", "sp", "spl"],
        ["rbp", "ebp", "bp", "bpl"],
        ["rsi", "esi", "si", "sil"],
        ["rdi", "edi", "di", "dil"],
    ];
    for (number, names) in (0..).zip(NAMES) {
        if let Some(width) = names.iter().position(|one| *one == name) {
            return Some((number, 8 >> width));
        }
    }
    let rest = name.strip_prefix('r')?;
    let digits = rest.trim_end_matches(char::is_alphabetic);
    let bytes = match &rest[digits.len()..] {
        "" => 8,
        "d" => 4,
        "w" => 2,
        "b" | "l" => 1,
        _ => return None,
    };
    Some((digits.parse().ok()?, bytes))
}

/// A memory operand of Capstone, in the words of the check; none for a form that it does not have.
fn address(decoder: &Capstone, memory: &X86OpMem, (end, size): (u64, u32)) -> Option<Address> {
    let name = |register: RegId| match register.0 {
        0 => String::new(),
        _ => decoder.reg_name(register).expect("a name"),
    };
    let (base, index) = (name(memory.base()), name(memory.index()));
    let wide = |name: &str| match named(name) {
        Some((number, 8)) => Some(number),
        _ => None,
    };
    let disp = memory.disp() as u64;
    if memory.segment().0 != 0 {
        return None;
    }
    if base == "rip" {
        let disp = disp.wrapping_add(end);
        return Some(Address { base: None, code: true, index: None, disp, size });
    }
    let base = if base.is_empty() { None } else { Some(wide(&base)?) };
    let index = match index.as_str() {
        // `riz` is what the scale of no index stands beside.
        "" | "riz" => None,
        index => Some((wide(index)?, memory.scale().trailing_zeros() as u8)),
    };
    Some(Address { base, code: false, index, disp, size })
}

/// Capstone's reading of the instruction at `offset`.
fn theirs(decoder: &Capstone, code: &[u8], offset: u32) -> Result<Reading, String> {
    let bytes = &code[offset as usize..];
    let found = decoder.disasm_count(bytes, u64::from(offset), 1).map_err(|e| e.to_string())?;
    let insn = found.iter().next().ok_or("no instruction")?;
    let mut reading = Reading { len: insn.len(), ..Reading::default() };
    let end = u64::from(offset) + insn.len() as u64;
    let detail = decoder.insn_detail(insn).map_err(|e| e.to_string())?;
    let ArchDetail::X86Detail(detail) = detail.arch_detail();
    let mnemonic = insn.mnemonic().unwrap_or("");
    for operand in detail.operands() {
        match operand.op_type {
            X86OperandType::Reg(register) => {
                let name = decoder.reg_name(register).expect("a name");
                reading.registers.extend(named(&name));
            }
            X86OperandType::Imm(target) if mnemonic.starts_with('j') || mnemonic == "call" => {
                reading.target = Some(target as u64);
            }
            X86OperandType::Mem(memory) => {
                let read = address(decoder, &memory, (end, u32::from(operand.size)));
                reading.memory.push(read.ok_or_else(|| format!("the address of {insn}"))?);
            }
            X86OperandType::Imm(_) | X86OperandType::Invalid => {}
        }
    }
    Ok(reading)
}

/// Where both readings differ: names of fields.
fn different(class: Class, a: &Reading, b: &Reading) -> Vec<&'static str> {
    let mut fields = Vec::new();
    let mut compare = |same: bool, field| {
        if !same {
            fields.push(field);
        }
    };
    let place = |one: &Address| Address { size: 0, ..*one };
    let places = |all: &Reading| all.memory.iter().map(place).collect::<Vec<_>>();
    let widths = |all: &Reading| all.memory.iter().map(|one| one.size).collect::<Vec<_>>();
    compare(a.len == b.len, "length");
    compare(a.target == b.target, "target");
    compare(places(a) == places(b), "address");
    // An operand that is not accessed has no width.
    let accessed = class != Class::Lea && class != Class::Nop;
    compare(!accessed || widths(a) == widths(b), "width");
    compare(a.registers == b.registers, "registers");
    fields
}

/// The counts of a comparison, and the differences beside the known ones.
#[derive(Default)]
struct Findings {
    compared: u64,
    codes: BTreeSet<Code>,
    met: BTreeSet<usize>,
    new: BTreeMap<(String, String), String>,
}

impl Findings {
    /// Compares both readings of the instruction at `offset`, if the check has one.
    fn compare(&mut self, decoder: &Capstone, code: &[u8], offset: u32) -> Option<u32> {
        let insn = Instructions::new(code).at(offset).ok()?;
        // The operands that the check would look at have forms that it knows.
        if !is_direct(insn.class) && (0..insn.operands()).any(|n| insn.operand(n).is_err()) {
            return Some(insn.end());
        }
        let name = iced(code, offset, INTEL).code();
        self.compared += 1;
        self.codes.insert(name);
        let name = format!("{name:?}");
        let ours = ours(&insn);
        let theirs = theirs(decoder, code, offset);
        let mut fields = match &theirs {
            Ok(theirs) => different(insn.class, &ours, theirs),
            Err(_) => vec!["refused"],
        };
        let (one, other) = (iced(code, offset, INTEL), iced(code, offset, AMD));
        if (one.code(), one.len()) != (other.code(), other.len()) {
            fields.push("vendor");
        }
        for field in fields {
            let known =
                |(of, in_field, _): &(&str, &str, &str)| (name == *of) && *in_field == field;
            if let Some(row) = DIFFERENCES.iter().position(known) {
                self.met.insert(row);
                continue;
            }
            let bytes = &code[offset as usize..insn.end() as usize];
            let what = format!("{bytes:02x?}\n  {ours:x?}\n  {theirs:x?}");
            self.new.entry((name.clone(), field.to_owned())).or_insert(what);
        }
        Some(insn.end())
    }

    fn all(&mut self, decoder: &Capstone, code: &[u8]) {
        let mut at = 0;
        while (at as usize) < code.len() {
            // Data, or the padding before it.
            at = self.compare(decoder, code, at).unwrap_or(at + 1);
        }
    }

    #[track_caller]
    fn assert_none(&self) {
        let row = |((name, field), what): (&(String, String), &String)| {
            format!("{name} {field} {what}\n")
        };
        let new: String = self.new.iter().map(row).collect();
        assert!(new.is_empty(), "{} differences\n{new}", self.new.len());
    }
}

/// The settings of iced-x86 for the processor's vendor.
const INTEL: u32 = DecoderOptions::NONE;
const AMD: u32 = DecoderOptions::AMD;

/// The instruction at `offset` as a vendor's processors decode it.
fn iced(code: &[u8], offset: u32, vendor: u32) -> Instruction {
    let mut decoder = Decoder::with_ip(64, code, 0, vendor);
    decoder.set_position(offset as usize).expect("an offset in the code");
    decoder.decode()
}

#[test]
fn compiled_code_is_read_alike() {
    let (decoder, mut findings) = (capstone(), Findings::default());
    for (name, text) in common::cases() {
        for (v3, opt) in [(true, "speed"), (true, "none"), (false, "speed"), (false, "none")] {
            let built = common::build(&name, &text, v3, opt);
            findings.all(&decoder, &built.bytes);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advisories");
    let mut advisories = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "code") {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("a text");
        let hex = text.lines().find_map(|line| line.strip_prefix("bytes ")).expect("bytes");
        let digits = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
        let bytes: Vec<u8> =
            digits.map(|two| u8::from_str_radix(two, 16).expect("a number")).collect();
        findings.all(&decoder, &bytes);
        advisories += 1;
    }
    println!("{} instructions, {} codes", findings.compared, findings.codes.len());
    findings.assert_none();
    assert!(advisories >= 8 && findings.compared > 4_000 && findings.codes.len() > 150);
}

#[test]
fn random_instructions_are_read_alike() {
    let (decoder, mut findings) = (capstone(), Findings::default());
    let mut never = Vec::new();
    for code in Code::values().filter(|code| class(*code).is_some()) {
        let mut rng = Rng::of(4, code as u64);
        for round in 0..60 {
            let Some(made) = instruction(&mut rng, code, round % 4 != 0) else { continue };
            let Some(bytes) = encode(&made) else { continue };
            findings.compare(&decoder, &bytes, 0);
            // Code that no assembler would write: a byte changed, or one more prefix.
            let mut changed = bytes;
            if rng.percent(50) {
                let prefix = *rng.pick(&[0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x40, 0x48, 0x4f]);
                changed.insert(0, prefix);
            } else {
                let at = rng.below(changed.len());
                changed[at] ^= 1 << rng.below(8);
            }
            changed.extend_from_slice(&[0; 8]);
            findings.compare(&decoder, &changed, 0);
        }
        if !findings.codes.contains(&code) {
            never.push(format!("{code:?}"));
        }
    }
    println!("{} instructions, {} codes", findings.compared, findings.codes.len());
    findings.assert_none();
    assert_eq!(never, Vec::<String>::new(), "codes that were not made");
    let stale: Vec<_> = (0..DIFFERENCES.len()).filter(|row| !findings.met.contains(row)).collect();
    assert_eq!(stale, Vec::<usize>::new(), "rows that were not met");
}

#[test]
fn a_wrong_reading_is_seen() {
    let decoder = capstone();
    // mov rax, [rdx + 4*rcx + 8] against each instruction beside it.
    let right = [0x48, 0x8b, 0x44, 0x8a, 0x08];
    let insn = Instructions::new(&right).at(0).expect("an instruction");
    let against = |bytes: &[u8]| {
        different(insn.class, &ours(&insn), &theirs(&decoder, bytes, 0).expect("an instruction"))
    };
    assert_eq!(against(&right), Vec::<&str>::new());
    assert_eq!(against(&[0x48, 0x8b, 0x44, 0xca, 0x08]), ["address"]);
    assert_eq!(against(&[0x48, 0x8b, 0x44, 0x8a, 0x09]), ["address"]);
    assert_eq!(against(&[0x48, 0x8b, 0x44, 0x8b, 0x08]), ["address"]);
    assert_eq!(against(&[0x48, 0x8b, 0x44, 0x92, 0x08]), ["address"]);
    assert_eq!(against(&[0x48, 0x8b, 0x4c, 0x8a, 0x08]), ["registers"]);
    assert_eq!(against(&[0x8b, 0x44, 0x8a, 0x08]), ["length", "width", "registers"]);
}
