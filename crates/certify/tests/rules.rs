//! For each rule code that keeps it and a twin that breaks it alone, and the traps into which
//! checkers of machine code fell before (each is named after what went wrong elsewhere).
//!
//! What is accepted is executed under the observer, which has to see nothing in it. A green run
//! does not show that the rules are enough; `mutants.rs` asks that from another side.

use crate::common::asm;
use crate::common::asm::{
    Item, J, L, Raw, Trap, assemble, at, faults, idx, mr, r, ret, ri, rm, rr,
};
use crate::common::case::{Case, Parts, base, explicit, guard, with};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_check::{CallRow, CodeKind, Config, Rule, TrapRow, offsets, traps};

#[test]
fn p1_unknown_instructions_and_prefixes() {
    guard().accepts(&[ret()]);
    for raw in [
        &[0x0f, 0x05][..],                     // syscall
        &[0xcd, 0x80],                         // int 0x80
        &[0xf4],                               // hlt
        &[0x64, 0x48, 0x8b, 0x02],             // mov rax, fs:[rdx]
        &[0x67, 0x48, 0x8b, 0x02],             // mov rax, [edx]
        &[0xf3, 0x48, 0xa5],                   // rep movsq
        &[0x48, 0xa5],                         // movsq
        &[0xe8, 0, 0, 0, 0],                   // a direct call
        &[0x0f, 0xae, 0x00],                   // fxsave
        &[0x9d],                               // popf
        &[0xc9],                               // leave
        &[0xf0, 0x48, 0x89, 0x44, 0x24, 0xf8], // lock mov
        &[0x88, 0xe0],                         // mov al, ah
        &[0x62, 0xf1, 0x7c, 0x48, 0x10, 0x00], // a masked 512-bit load
        &[0x0f, 0xa3, 0x10],                   // bt [rax], edx
        &[0x0f],                               // half an instruction
        &[0x66, 0x0f, 0x84, 0, 0, 0, 0],       // a branch of 16 or 32 bits, by the processor
        &[0x66, 0xe9, 0, 0, 0, 0],             // a jump alike
        &[0x66, 0xc3],                         // a return to 16 or 64 bits
        &[0x66, 0x40, 0xff, 0xe0],             // a jump to a register alike
    ] {
        assert_eq!(guard().judge(&[Raw(raw), ret()]), Err(Rule::Instruction), "{raw:x?}");
    }
}

#[test]
fn p2_targets() {
    guard().accepts(&[J(C::Jmp_rel32_64, 1), L(1), ret()]);
    // Code that no way leads to may stand there.
    guard().accepts(&[J(C::Jmp_rel32_64, 1), Trap(traps::BUG), L(1), ret()]);
    // Into the middle of an instruction that is executed as well.
    let parts = assemble(&[J(C::Je_rel32_64, 1), L(1), ri(C::Mov_r32_imm32, EAX, 0xc3), ret()]);
    assert_eq!(guard().judge_parts(&parts), Ok(()));
    let mut wrong = parts;
    wrong.0[2] += 1;
    assert_eq!(guard().judge_parts(&wrong), Err(Rule::Target));
    guard().rejects(Rule::Target, &[ri(C::Mov_r32_imm32, EAX, 1), Raw(&[0x90])]);
    guard().rejects(Rule::Target, &[J(C::Jmp_rel32_64, 1), L(1)]);
}

#[test]
fn p4_tables() {
    let place = |tail: &[Item]| {
        let word = i64::from(offsets::FIRST) + 16;
        let mut items = vec![
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, R10, at(R11, word)),
            rr(C::Mov_r32_rm32, EDX, EDX),
            rm(C::Cmp_r64_rm64, RDX, at(R10, 8)),
            J(C::Jae_rel32_64, 9),
            rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        ];
        items.extend_from_slice(tail);
        items.extend([ret(), L(9), Trap(6)]);
        items
    };
    guard().accepts(&place(&[rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 8, 0))]));
    guard().accepts(&place(&[mr(C::Mov_rm64_r64, idx(RAX, RDX, 8, 0), R9)]));
    guard().accepts(&place(&[rm(C::Mov_r64_rm64, RAX, at(RAX, 8))]));
    for wrong in [
        rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 8, 8)),
        rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 8, 4)),
        rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 4, 0)),
        rm(C::Mov_r32_rm32, EAX, idx(RAX, RDX, 8, 0)),
        rm(C::Mov_r64_rm64, RAX, idx(RAX, RCX, 8, 0)),
        rm(C::Mov_r64_rm64, RAX, at(RAX, 16)),
        // No reference, or a part of one, is stored.
        mr(C::Mov_rm64_r64, idx(RAX, RDX, 8, 0), R8),
        mr(C::Mov_rm64_r64, idx(RAX, RDX, 8, 0), RDX),
        mr(C::Add_rm64_r64, idx(RAX, RDX, 8, 0), R9),
        mr(C::VEX_Vmovsd_m64_xmm, idx(RAX, RDX, 8, 0), XMM0),
    ] {
        guard().rejects(Rule::Table, &place(&[wrong]));
    }
    // The context has the base of each memory and table, too: of table 1, of table 0, of a memory.
    let base = |word: i64| {
        let base = rm(C::Mov_r64_rm64, RAX, at(R11, i64::from(offsets::FIRST) + word));
        [base, rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 8, 0))]
    };
    guard().accepts(&place(&base(64)));
    guard().rejects(Rule::Table, &place(&base(56)));
    guard().rejects(Rule::Memory, &place(&base(48)));
    // An external reference is none to a function: table 0 has those.
    let table0 = [
        rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST) + 8)),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        mr(C::Mov_rm64_r64, at(RAX, 8), R9),
    ];
    guard().rejects(Rule::Table, &place(&table0));
}

#[test]
fn p5_fields() {
    let context = |tail: &[Item]| {
        let mut items = vec![rm(C::Mov_r64_rm64, R11, at(RDI, 8))];
        items.extend_from_slice(tail);
        items.push(ret());
        items
    };
    let global = |n: i64| rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST) + 24 + 8 * n));
    guard().accepts(&context(&[global(0), mr(C::Mov_rm64_r64, at(R10, 0), R8)]));
    guard().accepts(&context(&[global(2), mr(C::Mov_rm64_r64, at(R10, 0), R9)]));
    for wrong in [
        vec![mr(C::Mov_rm64_r64, at(R11, 0), R8)],
        vec![rm(C::Mov_r64_rm64, RAX, at(R11, 4))],
        vec![rm(C::Mov_r32_rm32, EAX, at(R11, 0))],
        vec![rm(C::Mov_r64_rm64, RAX, at(R11, i64::from(offsets::FIRST) + 144))],
        // The base of a memory.
        vec![mr(C::Mov_rm64_r64, at(R11, i64::from(offsets::FIRST) + 48), R8)],
        vec![rm(C::Mov_r64_rm64, RAX, at(R11, -8))],
        // Immutable, beyond its cell, no reference, a part of one.
        vec![global(1), mr(C::Mov_rm64_r64, at(R10, 0), R8)],
        vec![global(0), mr(C::Mov_rm64_r64, at(R10, 8), R8)],
        vec![global(0), mr(C::VEX_Vmovupd_xmmm128_xmm, at(R10, 0), XMM0)],
        vec![global(2), mr(C::Mov_rm64_r64, at(R10, 0), R8)],
        vec![global(2), mr(C::Mov_rm32_r32, at(R10, 0), R8D)],
        // A record's code, a memory's length, the store's words.
        vec![mr(C::Mov_rm64_r64, at(RDI, 0), R8)],
        vec![
            rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST))),
            mr(C::Mov_rm64_r64, at(R10, 8), R8),
        ],
        vec![rm(C::Mov_r64_rm64, R10, at(R11, 0)), mr(C::Mov_rm64_r64, at(R10, 32), R8)],
        vec![rm(C::Mov_r64_rm64, R10, at(R11, 0)), rm(C::Mov_r64_rm64, RAX, at(R10, 40))],
    ] {
        guard().rejects(Rule::Field, &context(&wrong));
    }
}

#[test]
fn p6_stack() {
    let frame = |tail: &[Item]| {
        let mut items = vec![ri(C::Sub_rm64_imm32, RSP, 16)];
        items.extend_from_slice(tail);
        items.extend([ri(C::Add_rm64_imm32, RSP, 16), ret()]);
        items
    };
    guard().accepts(&frame(&[mr(C::Mov_rm64_r64, at(RSP, 8), R8)]));
    for wrong in [
        mr(C::Mov_rm64_r64, at(RSP, -8), R8),
        mr(C::Mov_rm64_r64, at(RSP, 24), R8),
        mr(C::Mov_rm64_r64, at(RSP, 21), R8),
        rm(C::Mov_r64_rm64, RAX, at(RSP, 32)),
        rm(C::Mov_r64_rm64, RAX, idx(RSP, RDX, 1, 0)),
        rr(C::Mov_r64_rm64, RSP, R8),
        rr(C::Add_r64_rm64, RSP, RDX),
        ri(C::And_rm64_imm32, RSP, -16),
        ri(C::Sub_rm64_imm32, RSP, 1 << 20),
        ri(C::Sub_rm64_imm32, RSP, 4),
        r(C::Pop_r64, RSP),
    ] {
        guard().rejects(Rule::Stack, &frame(&[wrong]));
    }
    // A word below the stack pointer is gone; one of two widths is unknown.
    let spill = |between: &[Item]| {
        let mut items = with(base(), &[rr(C::Mov_r32_rm32, EDX, EDX)]);
        items.extend([ri(C::Sub_rm64_imm32, RSP, 16), mr(C::Mov_rm64_r64, at(RSP, 0), RDX)]);
        items.extend_from_slice(between);
        items.extend([
            rm(C::Mov_r64_rm64, RCX, at(RSP, 0)),
            faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RCX, 1, 0))),
            ri(C::Add_rm64_imm32, RSP, 16),
            ret(),
        ]);
        items
    };
    guard().accepts(&spill(&[]));
    for wrong in [
        vec![ri(C::Add_rm64_imm32, RSP, 8), ri(C::Sub_rm64_imm32, RSP, 8)],
        vec![mr(C::Mov_rm32_r32, at(RSP, 4), ECX)],
        vec![mr(C::Mov_rm8_r8, at(RSP, 7), CL)],
        vec![mr(C::VEX_Vmovups_xmmm128_xmm, at(RSP, 0), XMM0)],
        vec![mr(C::Mov_rm64_r64, at(RSP, 4), R8)],
    ] {
        guard().rejects(Rule::Memory, &spill(&wrong));
    }
    // The write of 8 bytes elsewhere is harmless.
    guard().accepts(&spill(&[mr(C::Mov_rm64_r64, at(RSP, 8), R8)]));
}

#[test]
fn p7_returns() {
    guard().accepts(&[r(C::Push_r64, RBX), r(C::Pop_r64, RBX), ret()]);
    guard().rejects(Rule::Return, &[r(C::Push_r64, RBX), ret()]);
    guard().rejects(Rule::Return, &[r(C::Push_r64, RBX), r(C::Pop_r64, RBP), ret()]);
    guard().rejects(Rule::Return, &[rr(C::Mov_r64_rm64, R12, R8), ret()]);
    guard().rejects(Rule::Return, &[mr(C::Mov_rm64_r64, at(RSP, 0), R8), ret()]);
    guard().rejects(Rule::Return, &[mr(C::Mov_rm32_r32, at(RSP, 4), R8D), ret()]);
    guard().rejects(Rule::Return, &[Raw(&[0xc2, 8, 0])]);
    // The return address may be moved, as tail calls do, but must be found.
    let moved = [rm(C::Mov_r64_rm64, R10, at(RSP, 0)), mr(C::Mov_rm64_r64, at(RSP, 0), R10)];
    guard().accepts(&with(moved, &[ret()]));
    let reference = Case {
        wat: "(module (func (param externref i64) (result externref) local.get 0))",
        ..guard()
    };
    reference.accepts(&[rr(C::Mov_r64_rm64, RAX, RDX), ret()]);
    reference.rejects(Rule::Return, &[rr(C::Mov_r64_rm64, RAX, RCX), ret()]);
}

/// A call of function 1 of the module, with the items before it, and the charge.
fn call(before: &[Item], charge: i32) -> Vec<Item> {
    let mut items = vec![
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        ri(C::Cmp_rm64_imm32, RSI, charge),
        J(C::Jb_rel32_64, 9),
        ri(C::Sub_rm64_imm32, RSI, charge),
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RDI, at(R11, i64::from(offsets::DEFINED))),
        ri(C::Add_rm64_imm32, RDI, 32),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
    ];
    items.extend_from_slice(before);
    items.extend([r(C::Call_rm64, RAX), r(C::Pop_r64, RBP), ret(), L(9), Trap(10)]);
    items
}

#[test]
fn p6_p7_calls() {
    guard().accepts(&call(&[], 80));
    // The frame is larger than 16 times the charge.
    guard().rejects(Rule::Height, &call(&[], 0));
    let big = [ri(C::Sub_rm64_imm32, RSP, 2048), ri(C::Add_rm64_imm32, RSP, 2048)];
    guard().rejects(Rule::Height, &call(&big, 80));
    guard().accepts(&call(&big, 160));
    for (rule, wrong) in [
        (Rule::Height, rr(C::Mov_r64_rm64, RSI, R8)),
        (Rule::Height, ri(C::Sub_rm64_imm32, RSI, 1)),
        (Rule::Height, ri(C::Add_rm64_imm32, RSI, 200)),
        (Rule::Call, r(C::Push_r64, R8)),
        (Rule::Call, rr(C::Mov_r64_rm64, RDI, R11)),
        (Rule::Call, ri(C::Sub_rm64_imm32, RDI, 32)),
        (Rule::Call, rr(C::Mov_r64_rm64, RAX, R8)),
        (Rule::Call, ri(C::Add_rm64_imm32, RAX, 1)),
    ] {
        guard().rejects(rule, &call(&[wrong], 80));
    }
    // Without the comparison the height may wrap.
    let parts = assemble(&call(&[], 80));
    let jb = parts.0.windows(2).position(|w| w == [0x0f, 0x82]).expect("the branch");
    let mut wrong = parts;
    wrong.0[jb + 1] = 0x83;
    assert_eq!(guard().judge_parts(&wrong), Err(Rule::Height));
    // A register that the callee does not restore is unknown behind the call.
    let after = |register, tail: &[Item]| {
        let mut items = call(&[], 80);
        let place = items.len() - 4;
        let mut more = vec![faults(rm(C::Mov_r64_rm64, RAX, at(register, 0)))];
        more.extend_from_slice(tail);
        items.splice(place..place, more);
        items
    };
    guard().rejects(Rule::Address, &after(R11, &[]));
    guard().rejects(Rule::Address, &after(RDI, &[]));
}

const INDIRECT: &str = "(module (type $t (func)) (type $u (func (result i32))) \
    (func (param funcref externref) (result i64) i64.const 0))";

/// A call of the reference in edx (rdx at entry).
fn call_ref(null: bool, compare: &[Item], after: &[Item]) -> Vec<Item> {
    let mut items = vec![
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
    if null {
        items.extend([rr(C::Test_rm64_r64, RDX, RDX), J(C::Je_rel32_64, 8)]);
    }
    items.push(rm(C::Mov_r64_rm64, RDI, idx(R10, RDX, 8, -8)));
    items.extend_from_slice(compare);
    items.push(rm(C::Mov_r64_rm64, RAX, at(RDI, 0)));
    items.extend_from_slice(after);
    items.extend([r(C::Call_rm64, RAX), r(C::Pop_r64, RBP), ret()]);
    items.extend([L(9), Trap(10), L(8), Trap(8), L(7), Trap(9)]);
    items
}

#[test]
fn p8_indirect_calls() {
    let case = Case { wat: INDIRECT, ..guard() };
    let load = rm(C::Mov_r32_rm32, R9D, at(R8, 0));
    let is = |field| rm(C::Cmp_r32_rm32, R9D, at(RDI, field));
    let ok = [load, is(16), J(C::Jne_rel32_64, 7)];
    case.accepts(&call_ref(true, &ok, &[]));
    case.rejects(Rule::CallType, &call_ref(false, &ok, &[]));
    case.rejects(Rule::CallType, &call_ref(true, &[], &[]));
    case.rejects(Rule::CallType, &call_ref(true, &[load, is(16), J(C::Je_rel32_64, 7)], &[]));
    case.rejects(Rule::CallType, &call_ref(true, &[load, is(20), J(C::Jne_rel32_64, 7)], &[]));
    // The comparison of another record, or of the number of a type with itself.
    case.rejects(
        Rule::CallType,
        &call_ref(true, &[load, rm(C::Cmp_r32_rm32, R9D, at(R8, 4)), J(C::Jne_rel32_64, 7)], &[]),
    );
    // The records may have moved at a call.
    let again = [r(C::Push_r64, R10), r(C::Pop_r64, R10)];
    case.accepts(&call_ref(true, &ok, &again));
    // An external reference names no function.
    let mut items = call_ref(true, &ok, &[]);
    items.insert(9, rr(C::Mov_r64_rm64, RDX, RCX));
    case.rejects(Rule::CallType, &items);
}

#[test]
fn p8_own_address() {
    // The record at the store address that was read from the function's own record.
    let found = |scale, disp, read: Item| {
        let mut items = call(&[], 80);
        let more = [
            read,
            rm(C::Mov_r64_rm64, R10, at(R11, 0)),
            rm(C::Mov_r64_rm64, R10, at(R10, i64::from(offsets::STORE_FUNCS))),
            rm(C::Mov_r64_rm64, RDI, idx(R10, RCX, scale, disp)),
            rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
        ];
        let place = items.len() - 5;
        items.splice(place..place, more);
        items
    };
    let address = rm(C::Mov_r32_rm32, ECX, at(RDI, 20));
    guard().accepts(&found(8, 0, address));
    guard().rejects(Rule::CallType, &found(8, 8, address));
    guard().rejects(Rule::CallType, &found(4, 0, address));
    guard().rejects(Rule::CallType, &found(8, 0, rm(C::Mov_r32_rm32, ECX, at(RDI, 16))));
}

#[test]
fn p9_constants() {
    let code = |disp: i64, data: &'static [u8]| {
        vec![rm(C::Mov_r64_rm64, RAX, MemoryOperandRip(disp)), ret(), Raw(&[0; 8]), Raw(data)]
    };
    #[allow(non_snake_case, reason = "reads like a constructor")]
    fn MemoryOperandRip(to: i64) -> iced_x86::MemoryOperand {
        iced_x86::MemoryOperand::with_base_displ_size(RIP, to, 8)
    }
    // mov is 7 bytes, ret 1: the data begins at 8.
    guard().accepts(&code(8, &[]));
    guard().accepts(&code(16, &[1; 8]));
    for wrong in [0, 7, 9, 16] {
        guard().rejects(Rule::Constant, &code(wrong, &[]));
    }
    let store = [mr(C::Mov_rm64_r64, MemoryOperandRip(8), RAX), ret(), Raw(&[0; 8])];
    guard().rejects(Rule::Constant, &store);
}

#[test]
fn p11_metadata() {
    let items = with(
        base(),
        &[
            rr(C::Mov_r32_rm32, EDX, EDX),
            faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, 0))),
            ret(),
        ],
    );
    let parts = assemble(&items);
    assert_eq!(guard().judge_parts(&parts), Ok(()));
    let changed = |change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        guard().judge_parts(&parts)
    };
    assert_eq!(changed(&|p| p.1.clear()), Err(Rule::Metadata));
    assert_eq!(changed(&|p| p.1[0].code_offset += 1), Err(Rule::Metadata));
    assert_eq!(changed(&|p| p.1[0].kind = traps::UNREACHABLE), Err(Rule::Metadata));
    assert_eq!(changed(&|p| p.1.push(p.1[0])), Err(Rule::Metadata));
    let row = TrapRow { code_offset: 0, kind: 1, wasm_offset: 0 };
    assert_eq!(changed(&|p| p.1.insert(0, row)), Err(Rule::Metadata));
    let row = CallRow::operator(4, 0);
    assert_eq!(changed(&|p| p.2.push(row)), Err(Rule::Metadata));
    let row = CallRow::operator(400, 0);
    assert_eq!(changed(&|p| p.2.push(row)), Err(Rule::Metadata));
    let called = assemble(&call(&[], 80));
    let mut wrong = called.clone();
    wrong.2.clear();
    assert_eq!(guard().judge_parts(&called), Ok(()));
    assert_eq!(guard().judge_parts(&wrong), Err(Rule::Metadata));
    // Divisions fault; `ud2` has a row.
    guard().rejects(Rule::Metadata, &[r(C::Div_rm32, ECX), ret()]);
    guard().rejects(Rule::Metadata, &[Raw(&[0x0f, 0x0b])]);
    // Without signals an access that faults is refused.
    let config = Config { signals: false, ..Config::default() };
    assert_eq!(Case { config, ..guard() }.judge_parts(&parts), Err(Rule::Memory));
}

#[test]
fn p7_selected_references_and_results_of_tail_calls() {
    let wat =
        "(module (func (param externref externref funcref) (result externref) ref.null extern))";
    let case = Case { wat, ..guard() };
    let select = |code, to, source| {
        let flags = rr(C::Test_rm64_r64, R11, R11);
        [flags, rr(code, to, source), rr(C::Mov_r64_rm64, RAX, RDX), ret()]
    };
    case.accepts(&select(C::Cmove_r64_rm64, RDX, RCX));
    // A reference to a function, a number, half a reference.
    case.rejects(Rule::Return, &select(C::Cmove_r64_rm64, RDX, R8));
    case.rejects(Rule::Return, &select(C::Cmove_r64_rm64, RDX, R10));
    case.rejects(Rule::Return, &select(C::Cmove_r32_rm32, EDX, ECX));
    // Results of the callee may be of a subtype, and of an equal type.
    let wat = "(module (type $t (func)) (type $u (func)) \
        (func (result funcref) unreachable) (func (result (ref null $t)) unreachable) \
        (func (result (ref null $u)) unreachable))";
    let jump = |record: i32| {
        [
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, RDI, at(R11, i64::from(offsets::DEFINED))),
            ri(C::Add_rm64_imm32, RDI, 32 * record),
            rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
            r(C::Jmp_rm64, RAX),
        ]
    };
    let from = |func| Case { wat, kind: CodeKind::Func(func), ..guard() };
    from(0).accepts(&jump(1));
    from(1).accepts(&jump(2));
    from(1).rejects(Rule::Call, &jump(0));
}

#[test]
fn p11_divisors_without_signals() {
    let mut case = explicit();
    case.config.signals = false;
    let divide = |code, bits| {
        let zero = rr(C::Xor_r64_rm64, R10, R10);
        [zero, ri(code, RCX, bits), r(C::Div_rm64, RCX), ret()]
    };
    let row = |mut items: [Item; 4]| {
        if let asm::I(division) = items[2] {
            items[2] = asm::Row(division, traps::INTEGER_OVERFLOW);
        }
        items
    };
    // A number with a bit of a constant is not zero; without one, or cut, it may be.
    case.accepts(&row(divide(C::Or_rm64_imm32, 1)));
    case.rejects(Rule::Metadata, &row(divide(C::Or_rm64_imm32, 0)));
    case.rejects(Rule::Metadata, &row(divide(C::And_rm64_imm32, 1)));
    case.rejects(Rule::Metadata, &row(divide(C::Xor_rm64_imm32, 1)));
}

/// A division by rcx of what the items leave there, without signals.
fn divides(items: &[Item]) -> Result<(), Rule> {
    let mut case = explicit();
    case.config.signals = false;
    let zero = rr(C::Xor_r64_rm64, R10, R10);
    let asm::I(division) = r(C::Div_rm64, RCX) else { return Ok(()) };
    let division = asm::Row(division, traps::INTEGER_DIVISION_BY_ZERO);
    let mut all = vec![zero];
    all.extend_from_slice(items);
    all.extend([division, ret(), L(9), ret()]);
    case.judge(&all)
}

#[test]
fn p11_divisors_that_are_the_maximum_of_one() {
    let one = ri(C::Mov_rm64_imm32, RSI, 1);
    let most = |compared, select| [one, rr(C::Cmp_r64_rm64, RSI, compared), rr(select, RCX, RSI)];
    let judge = |head: &[Item], compared, select| {
        let mut items = head.to_vec();
        items.extend(most(compared, select));
        divides(&items)
    };
    // An unknown word, a sum that may wrap, a negation, a sign-extension, a shifted number.
    let half = rr(C::Mov_r32_rm32, R9D, R8D);
    let heads: [&[Item]; 5] = [
        &[rr(C::Mov_r64_rm64, RCX, R8)],
        &[rm(C::Lea_r64_m, RCX, at(R8, 1))],
        &[r(C::Neg_rm64, RCX)],
        &[rr(C::Movsxd_r64_rm32, RCX, R8D)],
        &[half, rm(C::Lea_r64_m, RCX, idx(R9, R9, 1, 0)), rr(C::Add_r64_rm64, R9, R9)],
    ];
    for head in heads {
        assert_eq!(judge(head, RCX, C::Cmovae_r64_rm64), Ok(()));
        // The other way round, another word compared, a 32-bit move.
        assert_eq!(judge(head, RCX, C::Cmovb_r64_rm64), Err(Rule::Metadata));
        assert_eq!(judge(head, RBX, C::Cmovae_r64_rm64), Err(Rule::Metadata));
        assert_eq!(judge(head, RCX, C::Cmovge_r64_rm64), Err(Rule::Metadata));
    }
    let sum = [rm(C::Lea_r64_m, RCX, at(R8, 1))];
    assert_eq!(judge(&sum, R8, C::Cmovae_r64_rm64), Err(Rule::Metadata));
}

#[test]
fn p11_divisors_by_comparisons_of_shifted_numbers() {
    // rcx := the low half of r8, less 1; twice (or eight times) the half is above k.
    let judge = |scale: u32, k: i32| {
        let zero = rr(C::Xor_r64_rm64, RAX, RAX);
        divides(&[
            zero,
            rr(C::Mov_r32_rm32, R9D, R8D),
            rm(C::Lea_r64_m, RSI, idx(RAX, R9, scale, 0)),
            ri(C::Cmp_rm64_imm32, RSI, k),
            J(C::Jbe_rel32_64, 9),
            rm(C::Lea_r64_m, RCX, at(R9, -1)),
        ])
    };
    // 2 h > 2 says h ≥ 2; 2 h > 1 says h ≥ 1.
    for (scale, enough) in [(2, 2), (4, 4), (8, 8)] {
        assert_eq!(judge(scale, enough), Ok(()), "{scale}");
        assert_eq!(judge(scale, enough - 1), Err(Rule::Metadata), "{scale}");
    }
}

/// A read of the code relative to its own place.
fn from_code(to: usize) -> iced_x86::MemoryOperand {
    iced_x86::MemoryOperand::with_base_displ_size(RIP, to as i64, 8)
}

#[test]
fn p9_indexed_reads_stay_in_the_data() {
    let judge = |mask: i32, shift: i32, data: &'static [u8]| {
        let code = |to| {
            [
                ri(C::And_rm32_imm32, ECX, mask),
                ri(C::Shl_rm64_imm8, RCX, shift),
                rm(C::Lea_r64_m, R10, from_code(to)),
                rm(C::Movdqu_xmm_xmmm128, XMM0, idx(R10, RCX, 1, 0)),
                ret(),
            ]
        };
        let behind = assemble(&code(0)).0.len();
        guard().judge(&with(code(behind), &[Raw(data)]))
    };
    assert_eq!(judge(7, 4, &[0; 128]), Ok(()));
    assert_eq!(judge(7, 4, &[0; 127]), Err(Rule::JumpTable));
    assert_eq!(judge(8, 4, &[0; 128]), Err(Rule::JumpTable));
    assert_eq!(judge(7, 5, &[0; 128]), Err(Rule::JumpTable));
    assert_eq!(judge(7, 3, &[0; 72]), Ok(()));
    assert_eq!(judge(7, 3, &[0; 71]), Err(Rule::JumpTable));
    // Bits that are shifted out are no bound.
    assert_eq!(judge(16, 60, &[0; 16]), Err(Rule::JumpTable));
    assert_eq!(judge(0, 60, &[0; 16]), Ok(()));
    assert_eq!(judge(0, 60, &[0; 15]), Err(Rule::JumpTable));
}

#[test]
fn p2_entries_of_tables_counted_from_elsewhere() {
    // rcx is 0 or 1; the entry at `rcx + more` of the table is added to the table's place and
    // `beside`. The entries lead to the `ret` behind the jump, except the first.
    let judge = |more: i64, beside: i64, entries: &'static [u8]| {
        let code = |to| {
            vec![
                ri(C::And_rm32_imm32, ECX, 1),
                rm(C::Lea_r64_m, RCX, at(RCX, more)),
                rm(C::Lea_r64_m, R10, from_code(to)),
                rm(C::Movsxd_r64_rm32, RCX, idx(R10, RCX, 4, 0)),
                rm(C::Lea_r64_m, R10, idx(R10, RCX, 1, beside)),
                r(C::Jmp_rm64, R10),
                ret(),
            ]
        };
        let behind = assemble(&code(0)).0.len();
        guard().judge(&with(code(behind), &[Raw(entries)]))
    };
    // -1 leads to the `ret`, 77 nowhere.
    const BACK: &[u8] = &[77, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
    assert_eq!(judge(1, 0, BACK), Ok(()));
    assert!(judge(0, 0, BACK).is_err());
    assert!(judge(1, 1, BACK).is_err());
    assert!(judge(1, -2, BACK).is_err());
    assert_eq!(judge(2, 0, BACK), Err(Rule::JumpTable));
    // The bytes before the table are code, no entry.
    assert!(judge(-1, 0, BACK).is_err());
}

#[test]
fn p11_rows_of_code_that_nothing_reaches() {
    let load = faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, 0)));
    let dead = [rr(C::Mov_r64_rm64, RDX, RCX), load, r(C::Call_rm64, RAX), r(C::Call_rm64, R8)];
    let items = with(vec![J(C::Jmp_rel32_64, 1)], &dead);
    let items = with(items, &[ret(), L(1), ret()]);
    guard().accepts(&items);
    // A row of no trap, and one of a call that is none.
    let mut parts = assemble(&items);
    parts.2[0].return_offset -= 4;
    assert_eq!(guard().judge_parts(&parts), Err(Rule::Metadata));
    let mut parts = assemble(&items);
    parts.1[0].kind = 99;
    assert_eq!(guard().judge_parts(&parts), Err(Rule::Metadata));
}
