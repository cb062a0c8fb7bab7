//! Every code of the tables in the same few places: no memory operand goes unjudged, no width, no
//! right, no alignment, no flag and no register that an instruction writes is forgotten.
//!
//! What an instruction reads and writes is asked of iced-x86's tables of effects, which the check
//! does not use. A green run does not show that those are right: `runtime/tests/processor.rs` asks
//! the processor.

use crate::common::hostile::apart;
use crate::common::made::{encode, instruction};
use crate::common::pages::of_bytes;
use iced_x86::{
    Code as Op, ConditionCode, Decoder, DecoderOptions, Instruction, InstructionInfoFactory,
    OpAccess, OpKind, Register,
};
use prova_check::certificate::VERSION;
use prova_check::x64::{Class, class};
use prova_check::{Code, CodeKind, Config, Layout, MemoryShape, Rule, TrapRow, traps};
use prova_random::Rng;

/// No data, no entries, no blocks.
const LEAST: [u8; 2] = [VERSION, 0b1110_0000];

/// Registers that operands may be; the tests keep what they look at in others.
const FREE: [Register; 6] =
    [Register::RAX, Register::RCX, Register::RDX, Register::R8, Register::R9, Register::R10];

fn layout() -> Layout {
    let text =
        "(module (memory 1) (global v128 (v128.const i64x2 0 0)) (func (param i32 i32 i64)))";
    let wasm = wat::parse_str(of_bytes(text, true)).expect("a module");
    let config = Config { memory: MemoryShape::Explicit, ..Config::default() };
    Layout::derive(&wasm, &config).expect("a layout").with_avx512()
}

/// The check's verdict on code. Divisions at the offsets of `rows` have rows, as have stops.
fn judged(layout: &Layout, bytes: &[u8], rows: &[(usize, u8)]) -> Option<Rule> {
    let row = |&(at, kind): &(usize, u8)| TrapRow { code_offset: at as u32, kind, wasm_offset: 0 };
    let traps: Vec<TrapRow> = rows.iter().map(row).collect();
    let kind = CodeKind::Func(0);
    let code = Code { kind, bytes, certificate: &LEAST, traps: &traps, calls: &[] };
    apart(layout.check(code).err().map(|e| (e.rule, ()))).map(|(rule, ())| rule)
}

/// Codes that go on to the next instruction, with their classes.
fn codes() -> impl Iterator<Item = (Op, Class)> {
    let known = Op::values().filter_map(|code| Some((code, class(code)?)));
    known.filter(|(_, class)| {
        !class.is_near_branch() && !matches!(class, Class::Trap | Class::Push | Class::Pop)
    })
}

/// An instruction of a code whose registers are free ones, all of them different, with `memory` or
/// without.
fn made(
    code: Op,
    memory: Option<(Register, u32)>,
    immediates: bool,
) -> Option<(Instruction, Vec<u8>)> {
    (0..600).find_map(|round| {
        let mut rng = Rng::of(round, code as u64);
        let mut made = instruction(&mut rng, code, memory.is_some())?;
        let kinds: Vec<OpKind> = (0..made.op_count()).map(|n| made.op_kind(n)).collect();
        let is_register = |n: &u32| kinds[*n as usize] == OpKind::Register;
        let registers: Vec<Register> = (0..made.op_count())
            .filter(is_register)
            .map(|n| made.op_register(n).full_register())
            .filter(|one| one.is_gpr())
            .collect();
        let mut different = registers.clone();
        different.dedup();
        let free =
            registers.iter().all(|one| FREE.contains(one)) && different.len() == registers.len();
        let has_memory = kinds.contains(&OpKind::Memory);
        let has_immediate =
            kinds.iter().any(|kind| !matches!(kind, OpKind::Register | OpKind::Memory));
        if !free || has_memory != memory.is_some() || (has_immediate && !immediates) {
            return None;
        }
        if let Some((base, disp)) = memory {
            made.set_memory_base(base);
            made.set_memory_index(Register::None);
            made.set_memory_index_scale(1);
            made.set_memory_displacement64(disp.into());
            made.set_memory_displ_size(if disp == 0 { 0 } else { 8 });
        }
        let bytes = encode(&made)?;
        Some((Decoder::new(64, &bytes, DecoderOptions::NONE).decode(), bytes))
    })
}

/// Whether the class has no access where it has a memory operand.
fn is_free(class: Class) -> bool {
    matches!(class, Class::Lea | Class::Nop)
}

/// Code with an instruction in it, and the rows of both: behind it what stops.
fn with_stop(before: &[u8], insn: &[u8], class: Class) -> (Vec<u8>, Vec<(usize, u8)>) {
    let bytes = [before, insn, &[0x0f, 0x0b]].concat();
    let mut rows = vec![(bytes.len() - 2, traps::UNREACHABLE)];
    if class == Class::Divide {
        rows.insert(0, (before.len(), traps::INTEGER_DIVISION_BY_ZERO));
    }
    (bytes, rows)
}

/// `mov r11, [rdi + 8]; mov r11, [r11 + disp]`.
fn word_of_context(disp: u8) -> Vec<u8> {
    vec![0x4c, 0x8b, 0x5f, 0x08, 0x4d, 0x8b, 0x5b, disp]
}

#[test]
fn every_memory_operand_is_judged() {
    let (layout, mut tried, mut wrong) = (layout(), 0, Vec::new());
    for (code, class) in codes().filter(|(_, class)| !is_free(*class)) {
        let Some((insn, bytes)) = made(code, Some((Register::R15, 0)), true) else { continue };
        // The base, R15, is the caller's: the function must restore it, and it holds any number at
        // entry.
        let (bytes, rows) = with_stop(&[], &bytes, class);
        let rule = judged(&layout, &bytes, &rows);
        let wanted = if class == Class::BitTest { Rule::Instruction } else { Rule::Address };
        tried += 1;
        if rule != Some(wanted) {
            wrong.push(format!("{insn}: {rule:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 700, "{tried}");
}

/// Whether the manual has an instruction fault where its 16 bytes are not aligned.
fn wants_alignment(insn: &Instruction) -> bool {
    let name = format!("{:?}", insn.mnemonic());
    if name.starts_with('V') {
        return ["Vmovaps", "Vmovapd", "Vmovdqa"].contains(&name.as_str());
    }
    let any = ["Movups", "Movupd", "Movdqu"].contains(&name.as_str());
    insn.memory_size().size() == 16 && !any
}

#[test]
fn what_is_immutable_is_read_alone() {
    let (layout, mut info) = (layout(), InstructionInfoFactory::new());
    let (mut read, mut written, mut wrong) = (0, 0, Vec::new());
    let accessed = |(_, class): &(Op, Class)| !is_free(*class) && *class != Class::BitTest;
    for (code, class) in codes().filter(accessed) {
        let Some((insn, bytes)) = made(code, Some((Register::R11, 0)), true) else { continue };
        // The record of the memory stands before the cell of the global.
        let (bytes, rows) = with_stop(&word_of_context(0x28), &bytes, class);
        let rule = judged(&layout, &bytes, &rows);
        let used = info.info(&insn).used_memory();
        let writes = used.iter().any(|one| {
            matches!(
                one.access(),
                OpAccess::Write
                    | OpAccess::CondWrite
                    | OpAccess::ReadWrite
                    | OpAccess::ReadCondWrite
            )
        });
        let right = match rule {
            Some(Rule::Field) => writes,
            Some(Rule::Metadata) => !writes && wants_alignment(&insn),
            None => !writes && !wants_alignment(&insn),
            Some(_) => false,
        };
        *(if writes { &mut written } else { &mut read }) += 1;
        if !right {
            wrong.push(format!("{insn}: {rule:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(read > 500 && written > 100, "{read} {written}");
}

#[test]
fn every_width_ends_with_the_memory() {
    let (layout, mut tried, mut wrong) = (layout(), 0, Vec::new());
    let accessed = |(_, class): &(Op, Class)| !is_free(*class) && *class != Class::BitTest;
    for (code, class) in codes().filter(accessed) {
        let Some((insn, _)) = made(code, Some((Register::R11, 0)), true) else { continue };
        if wants_alignment(&insn) {
            continue;
        }
        let size = insn.memory_size().size() as u32;
        for (more, wanted) in [(0, None), (1, Some(Rule::Memory))] {
            let place = Some((Register::R11, 65_536 - size + more));
            let Some((insn, bytes)) = made(code, place, true) else { continue };
            let (bytes, rows) = with_stop(&word_of_context(0x30), &bytes, class);
            let rule = judged(&layout, &bytes, &rows);
            tried += 1;
            if rule != wanted {
                wrong.push(format!("{insn}: {rule:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 1_000, "{tried}");
}

/// `mov r11, [rdi + 8]; mov r13, [r11 + 0x20]; mov r14, [r13]; mov r15, [r13 + 8]; sub r15, 8;
/// mov ebx, edx; cmp rbx, r15`, and behind an instruction `ja` to what stops and `mov rax, [r14 +
/// rbx]`.
const COMPARED: &[u8] = &[
    0x4c, 0x8b, 0x5f, 0x08, 0x4d, 0x8b, 0x6b, 0x20, 0x4d, 0x8b, 0x75, 0x00, 0x4d, 0x8b, 0x7d, 0x08,
    0x49, 0x83, 0xef, 0x08, 0x89, 0xd3, 0x4c, 0x39, 0xfb,
];
const ACCESSED: &[u8] = &[0x77, 0x04, 0x49, 0x8b, 0x04, 0x1e];

#[test]
fn conditions_are_those_of_their_codes() {
    use prova_check::x64::Condition as Ours;
    let ours = |condition| match condition {
        ConditionCode::o => Some(Ours::Overflow),
        ConditionCode::no => Some(Ours::NotOverflow),
        ConditionCode::b => Some(Ours::Below),
        ConditionCode::ae => Some(Ours::AboveEqual),
        ConditionCode::e => Some(Ours::Equal),
        ConditionCode::ne => Some(Ours::NotEqual),
        ConditionCode::be => Some(Ours::BelowEqual),
        ConditionCode::a => Some(Ours::Above),
        ConditionCode::s => Some(Ours::Sign),
        ConditionCode::ns => Some(Ours::NotSign),
        ConditionCode::p => Some(Ours::Parity),
        ConditionCode::np => Some(Ours::NotParity),
        ConditionCode::l => Some(Ours::Less),
        ConditionCode::ge => Some(Ours::GreaterEqual),
        ConditionCode::le => Some(Ours::LessEqual),
        ConditionCode::g => Some(Ours::Greater),
        ConditionCode::None => None,
    };
    let known = Op::values().filter_map(|code| Some((code, class(code)?)));
    let (mut tried, mut wrong) = (0, Vec::new());
    for (code, class) in known {
        let (Class::Branch(condition) | Class::SetByte(condition) | Class::Select(condition)) =
            class
        else {
            continue;
        };
        tried += 1;
        if ours(code.condition_code()) != Some(condition) {
            wrong.push((code, condition));
        }
    }
    assert_eq!(wrong, [], "codes of another condition");
    assert_eq!(tried, 16 * (2 + 1 + 3), "jumps, bytes and moves of each condition");
}

#[test]
fn flags_that_are_written_are_forgotten() {
    let (layout, mut kept, mut forgotten, mut wrong) = (layout(), 0, 0, Vec::new());
    for (code, class) in codes() {
        let Some((insn, bytes)) = made(code, None, true) else { continue };
        let (bytes, rows) = with_stop(COMPARED, &[&bytes, ACCESSED].concat(), class);
        let accepted = judged(&layout, &bytes, &rows).is_none();
        let written = insn.rflags_modified() != 0;
        *(if accepted { &mut kept } else { &mut forgotten }) += 1;
        if accepted && written {
            wrong.push(format!("{insn}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(kept > 400 && forgotten > 150, "{kept} {forgotten}");
}

#[test]
fn registers_that_are_written_are_forgotten() {
    let (layout, mut info) = (layout(), InstructionInfoFactory::new());
    let (mut tried, mut wrong) = (0, Vec::new());
    for (code, class) in codes() {
        let Some((insn, bytes)) = made(code, None, false) else { continue };
        let writes = |access| {
            !matches!(
                access,
                OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess
            )
        };
        let used = info.info(&insn).used_registers().to_vec();
        let written = used.iter().filter(|one| one.register().is_gpr() && writes(one.access()));
        for register in written.map(|one| one.register().full_register()) {
            let Some(n) = FREE.iter().position(|free| *free == register) else { continue };
            let number = [0_u8, 1, 2, 8, 9, 10][n];
            // `mov REGISTER, r11`, the base of the memory; behind the instruction an access there.
            let held =
                [word_of_context(0x30), vec![0x4c | number >> 3, 0x89, 0xd8 | number & 7]].concat();
            let read = [0x48 | number >> 3, 0x8b, number & 7];
            let right = [&held[..], &read, &[0x0f, 0x0b]].concat();
            let stop = (right.len() - 2, traps::UNREACHABLE);
            assert_eq!(judged(&layout, &right, &[stop]), None, "{register:?}");
            let (bytes, rows) = with_stop(&held, &[&bytes[..], &read].concat(), class);
            tried += 1;
            if judged(&layout, &bytes, &rows).is_none() {
                wrong.push(format!("{insn}: {register:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 200, "{tried}");
}
