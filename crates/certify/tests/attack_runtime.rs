//! Attacks on what the runtime believes of accepted code: frames that lead from one to the next,
//! ways out that call for their own function alone, code that a record loses, and checks that
//! finish soon in little space. Each class was accepted once, and stands beside accepted twins.
//!
//! A green run does not show that the runtime believes nothing else (`docs/trust/assumptions.md`).

use crate::common::asm;
use crate::common::forge;

use crate::common::asm::{Item, J, L, Trap, at, faults, idx, mr, r, ret, ri, rm, rr};
use crate::common::case::{Case, base, explicit, guard, with};
use crate::common::forge::{Block, certificate, hold_rsp, range};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_check::{CodeKind, Rule, TrapRow, offsets, traps};

/// A frame, these items in it, and its end.
fn framed(items: &[Item]) -> Vec<Item> {
    let head = [r(C::Push_r64, RBP), rr(C::Mov_r64_rm64, RBP, RSP)];
    let tail = [rr(C::Mov_r64_rm64, RSP, RBP), r(C::Pop_r64, RBP), ret()];
    [&head[..], items, &tail].concat()
}

/// rbp is any number, between items and a return.
fn unframed(items: &[Item]) -> Vec<Item> {
    let head = [r(C::Push_r64, RBP), rr(C::Mov_r64_rm64, RBP, R8)];
    [&head[..], items, &[r(C::Pop_r64, RBP), ret()]].concat()
}

const LOST: fn() -> Item = || rr(C::Mov_r64_rm64, RBP, R8);

/// The runtime reads two words at the frame pointer where code has stopped, and goes on from there.
#[test]
fn hole_frame_pointers_where_code_stops() {
    let unreachable = Trap(traps::UNREACHABLE);
    guard().accepts(&[unreachable]);
    guard().accepts(&[r(C::Push_r64, RBP), rr(C::Mov_r64_rm64, RBP, RSP), unreachable]);
    guard().rejects(Rule::Chain, &[LOST(), unreachable]);
    // A frame that is none: beside it, below it, of another word.
    for wrong in [
        rm(C::Lea_r64_m, RBP, at(RSP, 8)),
        rm(C::Lea_r64_m, RBP, at(RSP, -8)),
        rr(C::Xor_r64_rm64, RBP, RBP),
    ] {
        guard().rejects(Rule::Chain, &[r(C::Push_r64, RBP), wrong, unreachable]);
    }
    // By a branch, and by a jump.
    let branch = [rr(C::Test_rm64_r64, RDX, RDX), J(C::Je_rel32_64, 9)];
    let end = [L(9), unreachable];
    guard().accepts(&[&framed(&branch)[..], &end].concat());
    guard().rejects(Rule::Chain, &[&unframed(&branch)[..], &end].concat());
    let jump = [r(C::Push_r64, RBP), LOST(), J(C::Jmp_rel32_64, 9), ret(), L(9), unreachable];
    guard().rejects(Rule::Chain, &jump);
    // By an access that may fault, and not by one that cannot.
    let zero = rr(C::Mov_r32_rm32, EDX, EDX);
    let access = faults(rm(C::Mov_r64_rm64, RCX, idx(RAX, RDX, 1, 0)));
    let inside = rm(C::Mov_r64_rm64, RCX, at(RAX, 8));
    let body = |access| with(base(), &[zero, access]);
    guard().accepts(&body(access).into_iter().chain([ret()]).collect::<Vec<Item>>());
    guard().accepts(&unframed(&body(inside)));
    guard().rejects(Rule::Chain, &unframed(&body(access)));
    let loads = faults(rm(C::Mov_r64_rm64, RBP, idx(RAX, RDX, 1, 0)));
    let loaded = [&[r(C::Push_r64, RBP)], &body(loads)[..], &[r(C::Pop_r64, RBP), ret()]];
    guard().rejects(Rule::Chain, &loaded.concat());
    // By a division.
    let asm::I(division) = r(C::Div_rm64, R8) else { return };
    let division = asm::Row(division, traps::INTEGER_DIVISION_BY_ZERO);
    guard().accepts(&framed(&[division]));
    guard().rejects(Rule::Chain, &unframed(&[division]));
}

/// The caller of a way in has no frame.
#[test]
fn hole_frame_pointers_of_ways_in() {
    let case = |kind| Case { kind, ..guard() };
    let (way_in, way_out) = (case(CodeKind::ThunkIn(1)), case(CodeKind::ThunkOut(1)));
    let bug = Trap(traps::BUG);
    way_out.accepts(&[bug]);
    way_in.rejects(Rule::Chain, &[bug]);
    way_in.accepts(&[r(C::Push_r64, RBP), rr(C::Mov_r64_rm64, RBP, RSP), bug]);
}

/// A call of function 1 in a frame, with items before it.
fn call(before: &[Item]) -> Vec<Item> {
    let head = [
        ri(C::Cmp_rm64_imm32, RSI, 80),
        J(C::Jb_rel32_64, 9),
        ri(C::Sub_rm64_imm32, RSI, 80),
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RDI, at(R11, i64::from(offsets::DEFINED))),
        ri(C::Add_rm64_imm32, RDI, 32),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
    ];
    let body = [&head[..], before, &[r(C::Call_rm64, RAX)]].concat();
    let end = [L(9), Trap(traps::STACK_OVERFLOW)];
    [&framed(&body)[..], &end].concat()
}

#[test]
fn hole_frame_pointers_at_calls() {
    guard().accepts(&call(&[]));
    let words = [ri(C::Sub_rm64_imm32, RSP, 16), mr(C::Mov_rm64_r64, at(RSP, 0), R8)];
    guard().accepts(&call(&words));
    for wrong in [
        rm(C::Lea_r64_m, RBP, at(RBP, 8)),
        rm(C::Lea_r64_m, RBP, at(RBP, -8)),
        rr(C::Mov_r64_rm64, RBP, R8),
        rm(C::Mov_r64_rm64, RBP, at(RBP, 0)),
        // The caller's frame pointer, a part of it, the return address.
        mr(C::Mov_rm64_r64, at(RBP, 0), R8),
        mr(C::Mov_rm8_r8, at(RBP, 7), CL),
        mr(C::Mov_rm64_r64, at(RBP, 8), R8),
        mr(C::Mov_rm32_r32, at(RBP, 12), ECX),
    ] {
        guard().rejects(Rule::Chain, &call(&[wrong]));
    }
    // A loop that never returns keeps its frame.
    let round = [L(1), rr(C::Mov_r64_rm64, RDI, RBX), rm(C::Mov_r64_rm64, RAX, at(RBX, 0))];
    let lost = |item: &[Item]| {
        let head = [
            r(C::Push_r64, RBP),
            rr(C::Mov_r64_rm64, RBP, RSP),
            ri(C::Cmp_rm64_imm32, RSI, 80),
            J(C::Jb_rel32_64, 9),
            rr(C::Mov_r64_rm64, RBX, RDI),
            rm(C::Lea_r64_m, R12, at(RSI, -80)),
        ];
        let turn = [rr(C::Mov_r64_rm64, RSI, R12), r(C::Call_rm64, RAX), J(C::Jmp_rel32_64, 1)];
        let end = [L(9), Trap(traps::STACK_OVERFLOW)];
        [&head[..], &round, item, &turn, &end].concat()
    };
    let same = Case { wat: "(module (func (param i64)))", ..guard() };
    same.accepts(&lost(&[]));
    same.rejects(Rule::Chain, &lost(&[rr(C::Mov_r64_rm64, RBP, RDX)]));
}

/// The runtime takes the caller of what calls out for the caller of the function that is called,
/// and its results for that function's.
#[test]
fn hole_functions_that_call_out() {
    const IMPORT: &str = "(module (import \"e\" \"f\" (func (result i64)))
        (func (result externref) unreachable))";
    let case = Case { wat: IMPORT, kind: CodeKind::Func(1), ..guard() };
    let out = |record: Item| {
        let body = [
            ri(C::Cmp_rm64_imm32, RSI, 80),
            J(C::Jb_rel32_64, 9),
            ri(C::Sub_rm64_imm32, RSI, 80),
            rm(C::Mov_r64_rm64, RDI, at(RDI, 8)),
            record,
            rm(C::Mov_r64_rm64, RAX, at(RDI, i64::from(offsets::BUILTINS))),
            rm(C::Mov_r64_rm64, RAX, at(RAX, 8 * i64::from(offsets::BUILTIN_CALL))),
            r(C::Call_rm64, RAX),
            rr(C::Xor_r32_rm32, EAX, EAX),
        ];
        [&framed(&body)[..], &[L(9), Trap(traps::STACK_OVERFLOW)]].concat()
    };
    case.rejects(Rule::Call, &out(rm(C::Mov_r64_rm64, RDX, at(RDI, i64::from(offsets::FIRST)))));
    case.rejects(Rule::Call, &out(rm(C::Mov_r64_rm64, RDX, at(RDI, i64::from(offsets::DEFINED)))));
    // A way out may, with its own record and that one's context.
    let way_out = Case { kind: CodeKind::ThunkOut(1), ..case };
    let body = |record: Item| {
        let body = [
            rr(C::Mov_r64_rm64, RDX, RDI),
            record,
            rm(C::Mov_r64_rm64, RDI, at(RDI, 8)),
            rm(C::Mov_r64_rm64, RAX, at(RDI, i64::from(offsets::BUILTINS))),
            rm(C::Mov_r64_rm64, RAX, at(RAX, 8 * i64::from(offsets::BUILTIN_CALL))),
            rm(C::Mov_r64_rm64, R10, at(RDI, 0)),
            r(C::Call_rm64, RAX),
            rr(C::Xor_r32_rm32, EAX, EAX),
        ];
        framed(&body)
    };
    way_out.accepts(&body(rr(C::Mov_r64_rm64, R9, RDI)));
    way_out.rejects(Rule::Call, &body(ri(C::Add_rm64_imm32, RDX, 32)));
    way_out.rejects(Rule::Call, &body(rr(C::Mov_r64_rm64, RDX, RSI)));
}

/// The code of a record may be replaced while a callee runs, so two reads are two words.
#[test]
fn hole_code_that_was_replaced() {
    let twice = |use_of: &[Item]| {
        let body = [
            r(C::Push_r64, RBX),
            r(C::Push_r64, R12),
            r(C::Push_r64, R13),
            ri(C::Sub_rm64_imm32, RSP, 8),
            ri(C::Cmp_rm64_imm32, RSI, 90),
            J(C::Jb_rel32_64, 9),
            ri(C::Sub_rm64_imm32, RSI, 90),
            rr(C::Mov_r64_rm64, R13, RSI),
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, R12, at(R11, i64::from(offsets::DEFINED))),
            rm(C::Lea_r64_m, RDI, at(R12, 32)),
            rm(C::Mov_r64_rm64, RBX, at(RDI, 0)),
            r(C::Call_rm64, RBX),
            rm(C::Mov_r64_rm64, RCX, at(R12, 32)),
        ];
        let restore = [
            ri(C::Add_rm64_imm32, RSP, 8),
            r(C::Pop_r64, R13),
            r(C::Pop_r64, R12),
            r(C::Pop_r64, RBX),
        ];
        let body = [&body[..], use_of, &restore].concat();
        [&framed(&body)[..], &[L(9), Trap(traps::STACK_OVERFLOW)]].concat()
    };
    let access = [
        rm(C::Mov_r64_rm64, R11, at(R12, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST))),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        rm(C::Mov_r64_rm64, RAX, idx(RAX, RCX, 1, 0)),
    ];
    let judged = |rule, item: Item| explicit().rejects(rule, &twice(&with([item], &access)));
    explicit().accepts(&twice(&with([rr(C::Xor_r64_rm64, RCX, RCX)], &access)));
    judged(Rule::Memory, rr(C::Sub_r64_rm64, RCX, RBX));
    judged(Rule::Memory, rr(C::Xor_r64_rm64, RCX, RBX));
    // Either is code of the function; the bits that both have are no address of any.
    let again = |item: Item| {
        let record = [rm(C::Lea_r64_m, RDI, at(R12, 32)), rr(C::Mov_r64_rm64, RSI, R13)];
        twice(&[&[item][..], &record, &[r(C::Call_rm64, RCX)]].concat())
    };
    explicit().accepts(&again(rr(C::Mov_r64_rm64, RCX, RBX)));
    explicit().rejects(Rule::Call, &again(rr(C::And_r64_rm64, RCX, RBX)));
}

fn row(at: usize) -> TrapRow {
    TrapRow { code_offset: at as u32, kind: traps::UNREACHABLE, wasm_offset: 0 }
}

/// The claims of one edge, each of which walks a long path of facts, are no more work than many
/// edges: without a limit in between, these would be 5 × 10^9 facts for 40 KB of code.
#[test]
fn hole_one_edge_of_many_claims() {
    let judge = |facts: usize, claims: u64| {
        let mut bytes = vec![0x89, 0xd2];
        let trap = 2 + 9 * facts + 2;
        for _ in 0..facts {
            let distance = trap - (bytes.len() + 9);
            bytes.extend([0x48, 0x39, 0xc8, 0x0f, 0x87]);
            bytes.extend((distance as i32).to_le_bytes());
        }
        bytes.extend([0xeb, 2, 0x0f, 0x0b, 0x90, 0x0f, 0x0b]);
        let mut dictionary = vec![hold_rsp(0), forge::number_of(2, u64::MAX)];
        dictionary.extend((0..claims).map(|i| range(2, 0, u64::MAX - 1 - i)));
        let certificate = certificate(0, &dictionary, vec![Block::same(trap as u32 + 2, 0)]);
        guard().judge_forged(&bytes, &certificate, &[row(trap), row(trap + 3)])
    };
    assert_eq!(judge(4_000, 1_000), Ok(()));
    assert_eq!(judge(4_000, 1_200_000), Err(Rule::Limit));
}

/// States that wait are space, though each has one stack word alone.
#[test]
fn hole_many_states_that_wait() {
    let judge = |count: usize| {
        let mut bytes = Vec::new();
        let first = 6 * count + 2;
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
    assert_eq!(judge(100_000), Ok(()));
    assert_eq!(judge(200_000), Err(Rule::Limit));
}
