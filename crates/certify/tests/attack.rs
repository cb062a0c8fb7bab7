//! Attacks on the check: code by an author who wants to leave the sandbox, one test for each class,
//! each beside twins that are accepted. The first ones were accepted once (`hole_*`). What is
//! accepted is executed under the observer, which has to see nothing in it.
//!
//! A green run does not show that the rules are enough: it holds what has been thought of.

use crate::common::forge;

use crate::common::asm::{Item, J, L, Raw, Trap, at, faults, idx, mr, r, ret, ri, rm, rr};
use crate::common::case::{Case, base, with};
use crate::common::forge::{Block, below_zero, certificate, hold_rsp, holds, range};
use iced_x86::Register::*;
use iced_x86::{Code as C, Instruction};
use prova_check::{CodeKind, CpuLevel, Rule, TrapRow};
use prova_check::{offsets, traps, x64};

const FUNC: &str = "(module (memory 1) (memory 1) (table 4 funcref) (table 9 externref) \
    (func (param i32 i32 i64 externref) (result i64) i64.const 0) \
    (func (param i32) i32.const 0 drop))";
const SAME: &str = "(module (func (param i64)))";

fn guard() -> Case {
    Case::guard(FUNC)
}

fn explicit() -> Case {
    Case::explicit(FUNC)
}

fn fuel() -> Case {
    let mut case = guard();
    case.config.metering.fuel = true;
    case
}

/// A call of function 1 by rax, its code, with what stands before it.
fn call(before: &[Item]) -> Vec<Item> {
    let mut items = vec![
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        ri(C::Cmp_rm64_imm32, RSI, 80),
        J(C::Jb_rel32_64, 9),
        ri(C::Sub_rm64_imm32, RSI, 80),
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RDI, at(R11, i64::from(offsets::DEFINED))),
        ri(C::Add_rm64_imm32, RDI, 32),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
    ];
    items.extend_from_slice(before);
    items.extend([r(C::Call_rm64, RAX), r(C::Pop_r64, RBP), ret(), L(9), Trap(10)]);
    items
}

/// A tail call to the function itself, with what stands before it.
fn tail(before: &[Item]) -> Vec<Item> {
    let code = rm(C::Mov_r64_rm64, RAX, at(RDI, 0));
    [&[code], before, &[r(C::Jmp_rm64, RAX)]].concat()
}

/// A charge of 5 units, if the instance's context is in r11.
fn charge() -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, 0)),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        ri(C::Add_rm64_imm32, RAX, 5),
        J(C::Jb_rel32_64, 8),
        mr(C::Mov_rm64_r64, at(R10, 0), RAX),
    ]
}

const ZERO: fn() -> Item = || rr(C::Mov_r32_rm32, EDX, EDX);
const ACCESS: fn() -> Item = || faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, 0)));

/// rdx := its low half, then the items, then an access at rdx in the guard shape.
fn indexed(items: &[Item]) -> Vec<Item> {
    [&base()[..], &[ZERO()], items, &[ACCESS(), ret()]].concat()
}

#[test]
fn hole_calls_beside_an_entry() {
    // A pointer plus an unknown number is no entry.
    let add = rr(C::Add_r64_rm64, RAX, R8);
    guard().accepts(&call(&[]));
    guard().rejects(Rule::Call, &call(&[add]));
    let trap = [
        rr(C::Mov_r64_rm64, RDI, R11),
        rm(C::Mov_r64_rm64, RAX, at(R11, i64::from(offsets::BUILTINS))),
        rm(C::Mov_r64_rm64, RAX, at(RAX, 8 * i64::from(offsets::BUILTIN_TRAP))),
    ];
    guard().accepts(&call(&trap));
    guard().rejects(Rule::Call, &call(&with(trap, &[add])));
    let scaled = rm(C::Lea_r64_m, RAX, idx(RAX, R8, 8, 0));
    guard().rejects(Rule::Call, &call(&with(trap, &[scaled])));
    let same = Case { wat: SAME, ..guard() };
    same.accepts(&tail(&[]));
    same.rejects(Rule::Call, &tail(&[rr(C::Add_r64_rm64, RAX, RDX)]));
}

#[test]
fn hole_xadd_of_a_register_with_itself() {
    guard().rejects(Rule::Memory, &indexed(&[rr(C::Xadd_rm64_r64, RDX, RDX)]));
    guard().rejects(Rule::Memory, &indexed(&[rr(C::Xadd_rm64_r64, RDX, RCX)]));
    guard().accepts(&indexed(&[rr(C::Xadd_rm32_r32, EDX, EDX)]));
    guard().accepts(&indexed(&[rr(C::Xadd_rm64_r64, RCX, RDX), rr(C::Mov_r32_rm32, EDX, EDX)]));
    guard().accepts(&indexed(&[rr(C::Xchg_rm64_r64, RDX, RDX)]));
}

#[test]
fn hole_operand_size_prefixes_of_jumps() {
    // AMD's processors cut the target to 16 bits, Intel's do not.
    let same = Case { wat: SAME, ..guard() };
    for raw in [
        &[0x66, 0xc3][..],
        &[0x66, 0xc2, 0, 0],
        &[0x66, 0xeb, 0, 0xc3],
        &[0x67, 0x66, 0xeb, 0, 0xc3],
        &[0x66, 0x48, 0xeb, 0, 0xc3],
        &[0x66, 0xe9, 0, 0, 0, 0, 0xc3],
        &[0x66, 0x74, 1, 0xc3, 0xc3],
        &[0x66, 0x0f, 0x84, 1, 0, 0, 0, 0xc3, 0xc3],
    ] {
        let raw: &'static [u8] = raw;
        assert_eq!(same.judge(&[Raw(raw)]), Err(Rule::Instruction), "{raw:x?}");
    }
    same.rejects(Rule::Instruction, &tail(&[Raw(&[0x66])]));
    guard().rejects(Rule::Instruction, &call(&[Raw(&[0x66])]));
    same.accepts(&[Raw(&[0x48, 0xc3])]);
    same.accepts(&[Raw(&[0x67, 0xeb, 0, 0xc3])]);
    // An immediate is no prefix.
    same.accepts(&[Raw(&[0xeb, 0, 0xc3])]);
    same.accepts(&[J(C::Jmp_rel32_64, 1), Raw(&[0x66; 0x66]), Raw(&[0x90]), L(1), ret()]);
}

#[test]
fn hole_instructions_of_a_higher_level() {
    // Where they are missing, `tzcnt` and `lzcnt` leave the upper half as it was.
    let mut low = guard();
    low.config.cpu = CpuLevel::V2;
    for count in [C::Tzcnt_r32_rm32, C::Lzcnt_r32_rm32] {
        let items = with(base(), &[rr(count, EDX, ECX), ACCESS(), ret()]);
        guard().accepts(&items);
        low.rejects(Rule::Instruction, &items);
    }
    let vex: [Item; 2] = [Raw(&[0xc5, 0xf8, 0x57, 0xc0]), ret()];
    guard().accepts(&vex);
    low.rejects(Rule::Instruction, &vex);
    low.accepts(&indexed(&[rr(C::Popcnt_r32_rm32, EDX, ECX)]));
    // `vpdpbusd` is in no level.
    guard().rejects(Rule::Instruction, &[Raw(&[0xc4, 0xe2, 0x79, 0x50, 0xc0]), ret()]);
}

#[test]
fn hole_cycles_through_calls() {
    let ends = [L(8), Trap(traps::OUT_OF_FUEL)];
    let mut same = fuel();
    same.wat = SAME;
    same.rejects(Rule::Metering, &tail(&[]));
    same.accepts(&[&charge()[..], &tail(&[]), &ends].concat());
    fuel().rejects(Rule::Metering, &call(&[]));
    fuel().accepts(&[&charge()[..], &call(&[]), &ends].concat());
    // Without fuel the epoch is no charge, without an epoch the fuel is no poll.
    let poll = [
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, 0)),
        rm(C::Mov_r64_rm64, R10, at(R10, 8)),
        L(1),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        ri(C::Sub_rm64_imm32, R8, 1),
        J(C::Jne_rel32_64, 1),
        ret(),
    ];
    let mut epoch = guard();
    epoch.config.metering.epoch = true;
    epoch.accepts(&poll);
    fuel().rejects(Rule::Metering, &poll);
    let again = [ri(C::Sub_rm64_imm32, R8, 1), J(C::Jne_rel32_64, 1), ret()];
    let charged = [&[ZERO(), L(1)], &charge()[..], &again, &ends].concat();
    fuel().accepts(&charged);
    epoch.rejects(Rule::Metering, &charged);
}

#[test]
fn hole_thunks() {
    let again = |kind| Case { kind, wat: SAME, ..fuel() };
    let (way_in, way_out) = (again(CodeKind::ThunkIn(0)), again(CodeKind::ThunkOut(0)));
    let record = [
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
        r(C::Call_rm64, RAX),
        r(C::Pop_r64, RBP),
        ret(),
    ];
    way_in.accepts(&record);
    // The code in the record may be this way out, and nothing is charged.
    way_out.rejects(Rule::Call, &record);
    let builtin = [
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        rr(C::Mov_r64_rm64, RDX, RDI),
        rm(C::Mov_r64_rm64, RDI, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RAX, at(RDI, i64::from(offsets::BUILTINS))),
        rm(C::Mov_r64_rm64, RAX, at(RAX, 0)),
        r(C::Call_rm64, RAX),
        r(C::Pop_r64, RBP),
        ret(),
    ];
    way_out.accepts(&builtin);
    for case in [way_in, way_out] {
        case.rejects(Rule::Call, &tail(&[]));
        let first = rr(C::Mov_r64_rm64, RDX, RDI);
        case.rejects(Rule::Metering, &[first, L(1), J(C::Jmp_rel32_64, 1)]);
        // A jump to the entry would be a tail call.
        case.rejects(Rule::Target, &[L(1), J(C::Jmp_rel32_64, 1)]);
    }
}

#[test]
fn hole_alignment() {
    // `movaps` and what has no VEX prefix fault where the operand is not aligned.
    let frame = |code, offset| {
        let store = mr(code, at(RSP, offset), XMM0);
        [ri(C::Sub_rm64_imm32, RSP, 40), store, ri(C::Add_rm64_imm32, RSP, 40), ret()]
    };
    for code in [C::Movaps_xmmm128_xmm, C::Movdqa_xmmm128_xmm, C::VEX_Vmovaps_xmmm128_xmm] {
        guard().accepts(&frame(code, 0));
        guard().accepts(&frame(code, 16));
        guard().rejects(Rule::Metadata, &frame(code, 8));
    }
    guard().accepts(&frame(C::Movups_xmmm128_xmm, 8));
    guard().accepts(&frame(C::VEX_Vmovdqu_xmmm128_xmm, 8));
    let mut quiet = explicit();
    quiet.config.signals = false;
    let add = |code| with(base(), &[rm(code, XMM0, at(RAX, 1)), ret()]);
    quiet.accepts(&add(C::Movdqu_xmm_xmmm128));
    quiet.accepts(&add(C::Addss_xmm_xmmm32));
    quiet.rejects(Rule::Metadata, &add(C::Addps_xmm_xmmm128));
    quiet.rejects(Rule::Metadata, &add(C::Ptest_xmm_xmmm128));
}

/// Copies of large states are work, and large states that wait are space.
#[test]
fn hole_large_states() {
    let wide = |count: usize, each: usize| {
        let mut bytes = vec![0x48, 0x81, 0xec];
        bytes.extend(65_000_i32.to_le_bytes());
        bytes.extend(vec![0x90; count]);
        let traps = [row(bytes.len())];
        bytes.extend([0x0f, 0x0b]);
        let all = (0..count / each).map(|i| Block::same(7 + (i * each) as u32, i)).collect();
        let certificate = certificate(7, &[hold_rsp(-65_000)], all);
        guard().judge_forged(&bytes, &certificate, &traps)
    };
    assert_eq!(wide(4_096, 1), Err(Rule::Limit));
    assert_eq!(wide(4_096, 64), Ok(()));
    let waiting = |count: usize| {
        let mut bytes = vec![0x4c, 0x8b, 0x5f, 8, 0x4d, 0x8b, 0x13, 0x4d, 0x8b, 0x52, 32];
        for cell in 0..2_048_i32 {
            bytes.extend([0x49, 0x89, 0x92]);
            bytes.extend((8 * cell).to_le_bytes());
        }
        let first = bytes.len() + 6 * count + 2;
        for i in 0..count {
            let distance = first + 3 * i - (bytes.len() + 6);
            bytes.extend([0x0f, 0x80]);
            bytes.extend((distance as i32).to_le_bytes());
        }
        let mut traps = vec![row(bytes.len())];
        bytes.extend([0x0f, 0x0b]);
        for _ in 0..count {
            bytes.push(0x90);
            traps.push(row(bytes.len()));
            bytes.extend([0x0f, 0x0b]);
        }
        guard().judge_forged(&bytes, &certificate(0, &[], Vec::new()), &traps)
    };
    assert_eq!(waiting(100), Ok(()));
    assert_eq!(waiting(1_200), Err(Rule::Limit));
}

fn row(at: usize) -> TrapRow {
    TrapRow { code_offset: at as u32, kind: traps::UNREACHABLE, wasm_offset: 0 }
}

/// A long path of facts makes each claim dear.
#[test]
fn hole_long_paths() {
    // rdx is at most 2^20, as a comparison shows; behind others `edges` jumps lead to a block with
    // `claims` bounds of rdx, which nothing but that comparison shows.
    let judge = |facts: usize, (edges, claims): (usize, u64)| {
        let mut bytes = vec![0x89, 0xd2];
        let trap = 2 + 13 + 9 * facts + 6 * edges;
        let jump = |bytes: &mut Vec<u8>, code: &[u8], to: usize| {
            bytes.extend(code);
            let distance = to as i64 - (bytes.len() as i64 + 4);
            bytes.extend((distance as i32).to_le_bytes());
        };
        jump(&mut bytes, &[0x48, 0x81, 0xfa, 0, 0, 0x10, 0, 0x0f, 0x87], trap);
        for _ in 0..facts {
            jump(&mut bytes, &[0x48, 0x39, 0xc8, 0x0f, 0x87], trap);
        }
        for _ in 0..edges {
            jump(&mut bytes, &[0x0f, 0x80], trap + 2);
        }
        bytes.extend([0x0f, 0x0b, 0x90, 0x0f, 0x0b]);
        let mut dictionary = vec![hold_rsp(0), forge::number_of(2, u64::MAX)];
        dictionary.extend((0..claims).map(|i| range(2, 0, (1 << 20) + i)));
        let certificate = certificate(0, &dictionary, vec![Block::same(trap as u32 + 2, 0)]);
        guard().judge_forged(&bytes, &certificate, &[row(trap), row(trap + 3)])
    };
    assert_eq!(judge(4, (100, 300)), Ok(()));
    assert_eq!(judge(1_500, (20, 100)), Ok(()));
    assert_eq!(judge(1_500, (400, 1_000)), Err(Rule::Limit));
}

/// Lookups by single instructions are work as well.
#[test]
fn hole_lookups_along_long_paths() {
    // rcx is compared again and again; then its low half is, which looks for its bounds.
    let judge = |facts: usize, count: usize| {
        let mut bytes = Vec::new();
        for i in 0..facts {
            bytes.extend([0x48, 0x39, 0xc8, 0x0f, 0x87]);
            bytes.extend(((9 * (facts - i - 1) + 2 * count) as i32).to_le_bytes());
        }
        bytes.extend([0x39, 0xc9].repeat(count));
        let trap = bytes.len();
        bytes.extend([0x0f, 0x0b]);
        guard().judge_forged(&bytes, &certificate(0, &[], Vec::new()), &[row(trap)])
    };
    assert_eq!(judge(1_000, 400), Ok(()));
    assert_eq!(judge(1_000, 30_000), Ok(()));
    assert_eq!(judge(4_000, 30_000), Err(Rule::Limit));
}

/// Claims at each byte of the code are space.
#[test]
fn hole_many_claims() {
    let judge = |claims: i64| {
        let count = 1 << 16;
        let mut bytes = vec![0x90; count];
        let traps = [row(bytes.len())];
        bytes.extend([0x0f, 0x0b]);
        let mut dictionary = vec![hold_rsp(0)];
        dictionary.extend((0..claims).map(below_zero));
        let blocks = (0..count).map(|i| Block::same(i as u32, i)).collect();
        guard().judge_forged(&bytes, &certificate(0, &dictionary, blocks), &traps)
    };
    assert_eq!(judge(15), Ok(()));
    // More facts than may be known, whose claims are no more work than the code's size allows.
    assert_eq!(judge(20), Err(Rule::Limit));
    // More facts than may be known, and more claims than may be read.
    assert_eq!(judge(30), Err(Rule::Limit));
    assert_eq!(judge(250), Err(Rule::Certificate));
}

/// Words of frames at each claimed block are space.
#[test]
fn hole_wide_frames() {
    let judge = |blocks: usize| {
        let frame = 0xff00_u32;
        let mut bytes = vec![0x48, 0x81, 0xec];
        bytes.extend(frame.to_le_bytes());
        let start = bytes.len();
        bytes.extend(std::iter::repeat_n(0x90, blocks));
        let traps = [row(bytes.len())];
        bytes.extend([0x0f, 0x0b]);
        let dictionary = vec![hold_rsp(-i64::from(frame))];
        let blocks = (0..blocks).map(|i| Block::same((start + i) as u32, i)).collect();
        guard().judge_forged(&bytes, &certificate(start as u32, &dictionary, blocks), &traps)
    };
    assert_eq!(judge(5), Ok(()));
    assert_eq!(judge(15), Err(Rule::Limit));
}

/// Widths that names of codes say against those that the decoder says.
#[test]
fn widths_of_memory_operands() {
    let mut seen = 0;
    for code in C::values() {
        let Some(class) = x64::class(code) else { continue };
        let name = format!("{code:?}");
        let parts: Vec<&str> = name.split('_').collect();
        let bits = parts.iter().find_map(|part| {
            let at = part.rfind('m').filter(|&at| at + 1 < part.len())?;
            // Behind a `b` stands the width of one element for all lanes.
            part[at + 1..].split('b').next()?.parse::<usize>().ok()
        });
        let quiet = matches!(class, x64::Class::Lea | x64::Class::Nop);
        let transfers = matches!(
            class,
            x64::Class::JumpTo | x64::Class::Leave | x64::Class::Call | x64::Class::CallTo
        );
        let Some(bits) = bits.filter(|_| !quiet && !transfers) else { continue };
        if name.contains("imm") && parts.iter().all(|part| !part.contains('m')) {
            continue;
        }
        let named = parts.iter().any(|part| {
            let digits = part.trim_start_matches(|c: char| !c.is_ascii_digit());
            (part.starts_with("rm")
                || part.contains("xmmm")
                || part.starts_with('m')
                || (part.starts_with('r') && part.contains('m')))
                && !digits.is_empty()
        });
        if !named {
            continue;
        }
        let mut instruction = Instruction::new();
        instruction.set_code(code);
        assert_eq!(instruction.memory_size().size() * 8, bits, "{name}");
        seen += 1;
    }
    assert!(seen > 700, "{seen}");
}

#[test]
fn flags_belong_to_the_last_instruction_that_sets_them() {
    let compared = |between: &[Item], condition| {
        let head = [
            ZERO(),
            rm(C::Mov_r64_rm64, R9, at(R10, 8)),
            ri(C::Sub_rm64_imm32, R9, 8),
            rr(C::Cmp_r64_rm64, RDX, R9),
        ];
        let load = rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, 0));
        let rest = [J(condition, 9), load, ret(), L(9), Trap(5)];
        [&base()[..], &head, between, &rest].concat()
    };
    let above = C::Ja_rel32_64;
    explicit().accepts(&compared(&[], above));
    explicit().accepts(&compared(&[rr(C::Mov_r64_rm64, RCX, R8)], above));
    explicit().accepts(&compared(&[r(C::Setb_rm8, CL), rr(C::Cmovb_r32_rm32, ECX, R8D)], above));
    for between in [
        rr(C::Adc_r64_rm64, RCX, R8),
        rr(C::Sbb_r64_rm64, RCX, R8),
        r(C::Neg_rm64, RCX),
        ri(C::Shl_rm64_imm8, RCX, 0),
        Raw(&[0x48, 0xd3, 0xe1]),
        ri(C::Rol_rm64_imm8, RCX, 1),
        rr(C::Bsf_r64_rm64, RCX, R8),
        rr(C::Tzcnt_r64_rm64, RCX, R8),
        rr(C::Imul_r64_rm64, RCX, R8),
        r(C::Mul_rm64, R8),
        ri(C::Bt_rm64_imm8, R8, 1),
        rr(C::Xadd_rm64_r64, RCX, R8),
        rr(C::Cmpxchg_rm64_r64, RCX, R8),
        rr(C::Cmp_r16_rm16, CX, R8W),
        rr(C::Test_rm64_r64, RCX, R8),
        rr(C::Ptest_xmm_xmmm128, XMM0, XMM1),
        rr(C::VEX_Vucomisd_xmm_xmmm64, XMM0, XMM1),
    ] {
        let verdict = explicit().judge(&compared(&[between], above));
        assert!(matches!(verdict, Err(Rule::Memory | Rule::Address)), "{verdict:?}");
    }
    for wrong in [C::Jg_rel32_64, C::Jp_rel32_64, C::Js_rel32_64, C::Jo_rel32_64, C::Jae_rel32_64] {
        let right = wrong == C::Jae_rel32_64;
        assert_eq!(explicit().judge(&compared(&[], wrong)).is_ok(), right, "{wrong:?}");
    }
}

#[test]
fn narrow_and_wide_results() {
    for good in [
        rr(C::Xchg_rm32_r32, EDX, ECX),
        ri(C::Shl_rm32_imm8, EDX, 5),
        rr(C::Cmovp_r32_rm32, EDX, ECX),
        rm(C::Lea_r32_m, EDX, idx(RCX, R8, 8, 7)),
        rr(C::Movsx_r32_rm8, EDX, CL),
        rr(C::VEX_Vmovd_rm32_xmm, EDX, XMM0),
        r(C::Bswap_r32, EDX),
        rr(C::Add_r32_rm32, EDX, ECX),
    ] {
        guard().accepts(&indexed(&[good]));
    }
    for wrong in [
        rr(C::Xchg_rm16_r16, DX, CX),
        rr(C::Xchg_rm64_r64, RDX, RCX),
        rr(C::Cmovp_r16_rm16, DX, CX),
        rr(C::Cmovp_r64_rm64, RDX, RCX),
        rm(C::Lea_r64_m, RDX, idx(RDX, RDX, 1, 0)),
        rm(C::Lea_r64_m, RDX, idx(RDX, RCX, 1, 0)),
        rr(C::Movsx_r64_rm8, RDX, CL),
        rr(C::Cmpxchg_rm32_r32, EDX, ECX),
        rr(C::Bsr_r32_rm32, EDX, ECX),
        rr(C::VEX_Vmovq_rm64_xmm, RDX, XMM0),
        r(C::Bswap_r64, RDX),
        r(C::Not_rm64, RDX),
        r(C::Setb_rm8, DL),
        ri(C::Sub_rm64_imm32, RDX, 1),
        ri(C::Shl_rm64_imm8, RDX, 1),
        rr(C::VEX_Vcvttsd2si_r64_xmmm64, RDX, XMM0),
    ] {
        let verdict = guard().judge(&indexed(&[wrong]));
        assert!(matches!(verdict, Err(Rule::Memory | Rule::Address)), "{verdict:?}");
    }
}

#[test]
fn facts_of_the_first_round_of_a_loop() {
    let cycle = |step: &[Item]| {
        let load = faults(rm(C::Mov_r64_rm64, RCX, idx(RAX, RDX, 1, 0)));
        let body = [
            &base()[..],
            &[ZERO(), L(1), load],
            step,
            &[ri(C::Sub_rm64_imm32, R8, 1), J(C::Jne_rel32_64, 1), ret()],
        ];
        body.concat()
    };
    guard().accepts(&cycle(&[]));
    guard().accepts(&cycle(&[ri(C::Add_rm32_imm32, EDX, 8)]));
    guard().rejects(Rule::Memory, &cycle(&[ri(C::Add_rm64_imm32, RDX, 8)]));
    guard().rejects(Rule::Memory, &cycle(&[rr(C::Mov_r64_rm64, RDX, RCX)]));
    guard().rejects(Rule::Address, &cycle(&[rr(C::Mov_r64_rm64, RAX, RCX)]));
    assert!(guard().judge(&cycle(&[r(C::Push_r64, RCX)])).is_err());
    // Two depths of the stack at one merge.
    let merge = |push: &[Item]| {
        let test = [rr(C::Test_rm64_r64, R8, R8), J(C::Je_rel32_64, 1)];
        [&test[..], push, &[L(1), ret()]].concat()
    };
    guard().accepts(&merge(&[r(C::Push_r64, RCX), r(C::Pop_r64, RCX)]));
    assert!(guard().judge(&merge(&[r(C::Push_r64, RCX)])).is_err());
}

#[test]
fn lengths_of_another_extent() {
    let first = i64::from(offsets::FIRST);
    let access = |length: i64, table: i64| {
        vec![
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, R10, at(R11, first + length)),
            rm(C::Mov_r64_rm64, RCX, at(R11, first + table)),
            ZERO(),
            rm(C::Cmp_r64_rm64, RDX, at(R10, 8)),
            J(C::Jae_rel32_64, 9),
            rm(C::Mov_r64_rm64, RAX, at(RCX, 0)),
            rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 8, 0)),
            ret(),
            L(9),
            Trap(6),
        ]
    };
    explicit().accepts(&access(16, 16));
    explicit().accepts(&access(24, 24));
    explicit().rejects(Rule::Table, &access(16, 24));
    explicit().rejects(Rule::Table, &access(24, 16));
    // The length of a memory is no length of a table, nor of another memory.
    explicit().rejects(Rule::Table, &access(0, 16));
    let bytes = |length: i64, memory: i64| {
        let mut items = access(length, memory);
        items[3] = ri(C::Add_rm64_imm32, RDX, 0);
        items[4] = rm(C::Cmp_r64_rm64, RDX, at(R10, 8));
        items[7] = rm(C::Mov_r8_rm8, AL, idx(RAX, RDX, 1, 0));
        items
    };
    explicit().accepts(&bytes(0, 0));
    explicit().accepts(&bytes(8, 8));
    explicit().rejects(Rule::Memory, &bytes(0, 8));
    explicit().rejects(Rule::Memory, &bytes(8, 0));
    explicit().rejects(Rule::Memory, &bytes(16, 0));
}

#[test]
fn indirect_calls_by_stale_or_other_records() {
    let case = Case {
        wat: "(module (type $t (func)) (type $u (func (result i32))) \
            (func (param funcref funcref) (result i64) i64.const 0))",
        ..guard()
    };
    let load = |to, reference| rm(C::Mov_r64_rm64, to, idx(R10, reference, 8, -8));
    let null = |register| [rr(C::Test_rm64_r64, register, register), J(C::Je_rel32_64, 8)];
    // rdi := the record of rdx, r9 := the record of rcx; `compare` compares a type.
    let items = |compare: &[Item], after: &[Item]| {
        let head = [
            r(C::Push_r64, RBP),
            rr(C::Mov_r64_rm64, RBP, RSP),
            ri(C::Cmp_rm64_imm32, RSI, 80),
            J(C::Jb_rel32_64, 9),
            ri(C::Sub_rm64_imm32, RSI, 80),
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, R10, at(R11, 0)),
            rm(C::Mov_r64_rm64, R10, at(R10, i64::from(offsets::STORE_FUNCS))),
            rm(C::Mov_r64_rm64, R8, at(R11, i64::from(offsets::TYPES))),
        ];
        let records = [null(RDX), null(RCX)].concat();
        let both = [load(RDI, RDX), load(R9, RCX), rm(C::Mov_r32_rm32, EAX, at(R8, 0))];
        let code = [rm(C::Mov_r64_rm64, RAX, at(RDI, 0))];
        let rest = [r(C::Call_rm64, RAX), r(C::Pop_r64, RBP), ret()];
        let ends = [L(9), Trap(10), L(8), Trap(8), L(7), Trap(9)];
        [&head[..], &records, &both, compare, &code, after, &rest, &ends].concat()
    };
    let is = |code, register, record| [rm(code, register, at(record, 16)), J(C::Jne_rel32_64, 7)];
    let right = is(C::Cmp_r32_rm32, EAX, RDI);
    case.accepts(&items(&right, &[]));
    case.rejects(Rule::CallType, &items(&is(C::Cmp_r32_rm32, EAX, R9), &[]));
    case.rejects(Rule::Field, &items(&is(C::Cmp_r16_rm16, AX, RDI), &[]));
    case.rejects(Rule::Field, &items(&is(C::Cmp_r64_rm64, RAX, RDI), &[]));
    // Code and record of two functions.
    case.rejects(Rule::Call, &items(&right, &[rr(C::Mov_r64_rm64, RDI, R9)]));
    case.rejects(Rule::Call, &items(&right, &[rm(C::Mov_r64_rm64, RAX, at(R9, 0))]));
    case.rejects(Rule::Call, &items(&right, &[ri(C::Add_rm64_imm32, RAX, 16)]));
    case.rejects(Rule::CallType, &items(&right, &[rr(C::Add_r64_rm64, R9, RCX), load(R9, R9)]));
    // The type of the other one, by a conditional move.
    let mixed = [rr(C::Test_rm64_r64, R11, R8), rr(C::Cmove_r64_rm64, RDI, R9)];
    let verdict = case.judge(&items(&right, &mixed));
    assert_eq!(verdict, Err(Rule::Call));
}

#[test]
fn forged_claims() {
    // rdx is unknown at the block; each false claim is refused, no claim and a true one are not.
    let bytes = [0xeb, 0x00, 0x90, 0x0f, 0x0b];
    let judge = |entries: &[forge::Bits]| {
        let certificate = certificate(0, entries, vec![Block::same(2, 0)]);
        guard().judge_forged(&bytes, &certificate, &[row(3)])
    };
    let rsp = hold_rsp(0);
    assert_eq!(judge(std::slice::from_ref(&rsp)), Ok(()));
    assert_eq!(judge(&[rsp.clone(), forge::number_of(2, u64::MAX)]), Ok(()));
    assert_eq!(judge(&[rsp.clone(), below_zero(0), below_zero(65_536 - 1)]), Ok(()));
    let shared = holds(1, (0, &[]), (2, &[2]), (&[0], &[]));
    let false_ones = [
        vec![],
        vec![hold_rsp(8), rsp.clone()],
        vec![hold_rsp(-8)],
        vec![hold_rsp(1)],
        vec![hold_rsp(16)],
        vec![rsp.clone(), forge::number_of(4, u64::MAX)],
        vec![rsp.clone(), forge::number_of(2, u64::MAX - 1)],
        // A location that is none, and symbols that no location has.
        vec![rsp.clone(), forge::number_of(17 + 1, u64::MAX)],
        vec![rsp.clone(), forge::number_of(u32::MAX, u64::MAX)],
        vec![rsp.clone(), range(2, 0, u64::MAX)],
        vec![rsp.clone(), forge::length(2)],
        // rdx as a pointer to the context, a memory, a record; rdi as another record.
        vec![rsp.clone(), holds(2, (2, &[]), (0, &[]), (&[], &[]))],
        vec![rsp.clone(), forge::hold_memory(2)],
        vec![rsp.clone(), holds(2, (10, &[]), (1, &[]), (&[], &[]))],
        vec![rsp.clone(), holds(7, (8, &[0]), (0, &[]), (&[], &[]))],
        vec![rsp.clone(), holds(7, (7, &[]), (0, &[]), (&[], &[32]))],
        // rdx as a length, a reference, a type id, the number at entry of another register.
        vec![rsp.clone(), forge::number_of(2, u64::MAX), forge::length(2)],
        vec![rsp.clone(), forge::number_of(2, u64::MAX), forge::reference(2, 4)],
        vec![rsp.clone(), forge::number_of(2, u64::MAX), forge::type_id(2)],
        vec![rsp.clone(), forge::number_of(2, u64::MAX), forge::has_type(2)],
        vec![rsp.clone(), holds(2, (0, &[]), (3, &[1]), (&[0], &[]))],
        // r9 is a reference to something of the host, and no function.
        vec![rsp.clone(), forge::number_of(9, u64::MAX), forge::reference(9, 4)],
        // More of memory 0 than there is, of a memory that is none.
        vec![rsp.clone(), below_zero(-65_537)],
        vec![rsp.clone(), forge::entry(8, 0, &[(2, 8), (0x7e, 1)])],
        // Two claims on one symbol that do not agree; a base that is claimed by no one.
        vec![rsp.clone(), forge::number_of(2, u64::MAX), shared],
        vec![rsp.clone(), holds(2, (21, &[]), (0, &[]), (&[], &[]))],
        vec![rsp.clone(), forge::entry(11, 2, &[])],
    ];
    for (i, entries) in false_ones.iter().enumerate() {
        let rule = judge(entries);
        let refused = matches!(rule, Err(Rule::Claim | Rule::Certificate | Rule::Stack));
        assert!(refused, "{i}: {rule:?}");
    }
    let reference = [rsp, forge::number_of(9, u64::MAX), forge::reference(9, 5)];
    assert_eq!(judge(&reference), Ok(()));
}

/// A claimed length lies between the least and the most of its memory: so only a number that is the
/// least may be claimed to be one.
#[test]
fn claimed_lengths() {
    let judge = |number: u32| {
        let mut bytes = vec![0xba];
        bytes.extend(number.to_le_bytes());
        bytes.extend([0xeb, 0x00, 0x90, 0x0f, 0x0b]);
        let entries = [hold_rsp(0), forge::number_of(2, u64::MAX), forge::length(2)];
        let certificate = certificate(0, &entries, vec![Block::same(7, 0)]);
        guard().judge_forged(&bytes, &certificate, &[row(8)])
    };
    assert_eq!(judge(65_536), Ok(()));
    for number in [0, 65_535, 65_537, u32::MAX] {
        assert_eq!(judge(number), Err(Rule::Claim), "{number}");
    }
}

#[test]
fn forms_of_instructions() {
    for raw in [
        &[0xc1, 0xf0, 3][..],                  // sal eax, 3 by its other number
        &[0xf6, 0xc8, 1],                      // test al, 1 by its other number
        &[0x3e, 0xc3],                         // a segment prefix of a return
        &[0x2e, 0x74, 0],                      // a hint
        &[0xf2, 0xc3],                         // bnd
        &[0xf3, 0xc3],                         // rep
        &[0xf2, 0x48, 0x89, 0xc0],             // a repetition of a move
        &[0x67, 0x8d, 0x00],                   // lea eax, [eax]
        &[0x67, 0x8d, 0x05, 0, 0, 0, 0],       // lea eax, [eip]
        &[0x66, 0x50],                         // push ax
        &[0x6a, 0],                            // push 0
        &[0x8f, 0x04, 0x24],                   // pop [rsp]
        &[0xff, 0x20],                         // jmp [rax]
        &[0xff, 0x10],                         // call [rax]
        &[0x48, 0xa1, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, [absolute]
        &[0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0], // mov rax, [absolute]
        &[0x48, 0x0f, 0xc7, 0x08],             // cmpxchg16b [rax]
        &[0xd7],                               // xlat
        &[0x0f, 0x0d, 0x08],                   // prefetchw
        &[0x0f, 0xc7, 0xf0],                   // rdrand eax
        &[0x0f, 0x31],                         // rdtsc
        &[0xc5, 0xfc, 0x10, 0x00],             // a 256-bit load
        &[0xc4, 0xe2, 0x79, 0x90, 0x04, 0x08], // a gather
        &[0xc5, 0xf9, 0xf7, 0xc1],             // vmaskmovdqu
        &[0x0f, 0xb9, 0xc0],                   // ud1
        &[0xfd],                               // std
        &[0xf0, 0x01, 0xc0],                   // lock add eax, eax
    ] {
        let raw: &'static [u8] = raw;
        let verdict = guard().judge(&[Raw(raw), ret()]);
        assert!(
            matches!(verdict, Err(Rule::Instruction | Rule::Target | Rule::Call)),
            "{raw:x?}: {verdict:?}"
        );
    }
    for raw in [&[0x66, 0x90][..], &[0x48, 0x66, 0x89, 0xc0], &[0x0f, 0x1f, 0x04, 0x25, 0, 0, 0, 0]]
    {
        let raw: &'static [u8] = raw;
        let verdict = guard().judge(&[Raw(raw), ret()]);
        assert!(matches!(verdict, Ok(()) | Err(Rule::Instruction)), "{raw:x?}: {verdict:?}");
    }
}
