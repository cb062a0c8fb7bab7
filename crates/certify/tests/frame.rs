//! The frame of a certificate: the locations that are kept without being claimed, in certificates
//! made by hand, each with twins that break one rule.
//!
//! A green run shows that each rule can refuse; `hostile.rs` tries certificates without a plan.

use crate::common::forge;

use crate::common::asm::{I, Item, J, L, Trap, assemble, at, mr, r, ret, ri, rm, rr};
use crate::common::hostile::apart;
use iced_x86::Register::*;
use iced_x86::{Code as C, Instruction};
use prova_check::{Code, CodeKind, Config, Layout, Rule};

/// A loop with `inner` in it, behind `push rbp; mov rbp, rsp` (4 bytes) and `outer`.
fn items(outer: &[Item], inner: &[Item]) -> Vec<Item> {
    let mut items = vec![r(C::Push_r64, RBP), rr(C::Mov_r64_rm64, RBP, RSP)];
    items.extend_from_slice(outer);
    items.push(L(1));
    items.extend_from_slice(inner);
    items.extend([ri(C::Sub_rm32_imm8, EDX, 1), J(C::Jne_rel32_64, 1)]);
    items.extend([r(C::Pop_r64, RBP), ret()]);
    items
}

/// The check's verdict on code with one claimed block, `distance` behind the frame; `changed` are
/// gaps between locations that the frame does not keep.
fn judge(items: &[Item], frame: u32, changed: &[u32], distance: u64) -> Result<(), Rule> {
    judge_block(items, frame, changed, (distance, &[]))
}

/// The check's verdict on code with one block given in full: distance and toggled numbers.
fn judge_block(
    items: &[Item],
    frame: u32,
    changed: &[u32],
    (distance, toggles): (u64, &[u32]),
) -> Result<(), Rule> {
    let wasm = wat::parse_str("(module (func (param i32)))").expect("a module");
    let layout = Layout::derive(&wasm, &Config::default()).expect("a layout");
    let (bytes, traps, calls) = assemble(items);
    let mut certificate = forge::head(&[], 1);
    certificate.add(&forge::frame(frame, changed));
    // The block claims the facts of the frame, except those that are toggled.
    certificate.number(distance, 0).number(3, 0).number(toggles.len() as u64, 0);
    for &toggle in toggles {
        certificate.number(toggle.into(), 0);
    }
    let certificate = certificate.bytes();
    let code = Code {
        kind: CodeKind::Func(0),
        bytes: &bytes,
        certificate: &certificate,
        traps: &traps,
        calls: &calls,
    };
    let verdict = layout.check(code).err().map(|rejection| (rejection.rule, ()));
    apart(verdict).map_or(Ok(()), |(rule, ())| Err(rule))
}

#[test]
fn the_frame_is_kept() {
    let plain = items(&[], &[]);
    assert_eq!(judge(&plain, 4, &[], 0), Ok(()));
    // At the entry another stack pointer holds, so that the block does not keep it.
    assert_eq!(judge(&plain, 0, &[], 4), Err(Rule::Claim));
    // No instruction begins there: the frame never stands.
    assert_eq!(judge(&plain, 3, &[], 1), Err(Rule::Certificate));
    // The block lies elsewhere.
    assert_eq!(judge(&plain, 4, &[], 1), Err(Rule::Target));
    // A location that the loop changes is not kept, unless the certificate says so.
    let changes = items(&[], &[rr(C::Mov_r64_rm64, RBP, RDX)]);
    assert_eq!(judge(&changes, 4, &[], 0), Err(Rule::Claim));
    // The register is still among the locations that are claimed by number.
    assert_eq!(judge(&changes, 4, &[5], 0), Err(Rule::Claim));
    // A stack word that the loop changes: the saved frame pointer, which the return wants.
    let word = [r(C::Pop_r64, RAX), r(C::Push_r64, RDX)];
    assert_eq!(judge(&items(&[], &word), 4, &[], 0), Err(Rule::Claim));
    let same = [r(C::Pop_r64, RAX), r(C::Push_r64, RAX)];
    assert_eq!(judge(&items(&[], &same), 4, &[], 0), Ok(()));
}

/// A write to a kept stack word in a block is seen on the edges out of the block, also behind a
/// branch. A write of the same word, or of other words, is accepted. The word is near the others,
/// or far.
#[test]
fn a_kept_word_is_looked_at_where_it_may_have_changed() {
    let judge = |saved: usize, inner: &[Item]| {
        // `saved` words below the saved frame pointer hold rbx.
        let pushes = vec![r(C::Push_r64, RBX); saved];
        let mut items = items(&pushes, inner);
        let pops = vec![r(C::Pop_r64, RBX); saved];
        items.splice(items.len() - 2..items.len() - 2, pops);
        judge(&items, 4 + saved as u32, &[], 0)
    };
    for saved in [1, 70] {
        let store = |code, disp, register| mr(code, at(RSP, disp), register);
        let load = |register, disp| rm(C::Mov_r64_rm64, register, at(RSP, disp));
        assert_eq!(judge(saved, &[]), Ok(()));
        assert_eq!(judge(saved, &[store(C::Mov_rm64_r64, 0, RDX)]), Err(Rule::Claim));
        assert_eq!(judge(saved, &[store(C::Mov_rm64_r64, 0, RBX)]), Ok(()));
        assert_eq!(judge(saved, &[load(RAX, 0), store(C::Mov_rm64_r64, 0, RAX)]), Ok(()));
        // A part of it, and one that reaches into it.
        assert_eq!(judge(saved, &[store(C::Mov_rm8_r8, 3, BL)]), Err(Rule::Claim));
        assert_eq!(judge(saved, &[store(C::Movups_xmmm128_xmm, 0, XMM0)]), Err(Rule::Claim));
        // The word falls, and there is another one in its place.
        let falls = [r(C::Pop_r64, RAX), ri(C::Sub_rm64_imm8, RSP, 8)];
        assert_eq!(judge(saved, &falls), Err(Rule::Claim));
        // Words below are nobody's.
        let below = [r(C::Push_r64, RDX), r(C::Pop_r64, RAX)];
        assert_eq!(judge(saved, &below), Ok(()));
        // Behind a branch the state is inherited.
        let branch = |inner: &[Item]| {
            let mut items = vec![rr(C::Test_rm32_r32, EDX, EDX), J(C::Jo_rel32_64, 2)];
            items.extend([J(C::Jmp_rel32_64, 1), L(2)]);
            items.extend_from_slice(inner);
            items
        };
        assert_eq!(judge(saved, &branch(&[])), Ok(()));
        assert_eq!(judge(saved, &branch(&[store(C::Mov_rm64_r64, 0, RDX)])), Err(Rule::Claim));
    }
}

/// Each kind of instruction that writes memory or moves the stack pointer, over a kept word that is
/// near the others, or far: it is seen. The same on the word below is nobody's.
#[test]
fn all_that_writes_a_kept_word_is_seen() {
    let judge = |saved: usize, inner: &[Item]| {
        let mut items = items(&vec![r(C::Push_r64, RBX); saved], inner);
        let pops = vec![r(C::Pop_r64, RBX); saved];
        items.splice(items.len() - 2..items.len() - 2, pops);
        judge(&items, 4 + saved as u32, &[], 0)
    };
    let word = |disp| at(RSP, disp);
    let writes = |disp| {
        [
            mr(C::Xchg_rm64_r64, word(disp), RCX),
            mr(C::Xchg_rm8_r8, word(disp + 7), CL),
            mr(C::Xadd_rm64_r64, word(disp), RCX),
            mr(C::Cmpxchg_rm64_r64, word(disp), RCX),
            mr(C::Add_rm64_r64, word(disp), RCX),
            mr(C::Add_rm8_r8, word(disp + 1), CL),
            mr(C::Mov_rm16_r16, word(disp + 6), CX),
            mr(C::Mov_rm32_r32, word(disp + 4), ECX),
            mr(C::VEX_Vmovq_rm64_xmm, word(disp), XMM0),
            mr(C::VEX_Vmovss_m32_xmm, word(disp), XMM0),
            mr(C::VEX_Vmovhps_m64_xmm, word(disp), XMM0),
            mr(C::VEX_Vmovups_xmmm128_xmm, word(disp - 8), XMM0),
            I(Instruction::with1(C::Not_rm64, word(disp)).expect("an instruction")),
            I(Instruction::with1(C::Setb_rm8, word(disp)).expect("an instruction")),
            I(Instruction::with2(C::Shl_rm64_imm8, word(disp), 1).expect("an instruction")),
            I(Instruction::with2(C::Mov_rm64_imm32, word(disp), 1).expect("an instruction")),
            I(Instruction::with3(C::Shld_rm64_r64_imm8, word(disp), RCX, 1).expect("one")),
            I(Instruction::with3(C::VEX_Vpextrb_r32m8_xmm_imm8, word(disp), XMM0, 1).expect("one")),
        ]
    };
    let (down, up) = (ri(C::Sub_rm64_imm8, RSP, 16), ri(C::Add_rm64_imm8, RSP, 16));
    for saved in [1, 62, 63, 70] {
        for (over, below) in writes(16).into_iter().zip(writes(8)) {
            assert_eq!(judge(saved, &[down, over, up]), Err(Rule::Claim), "{over:?}");
            assert_eq!(judge(saved, &[down, below, up]), Ok(()), "{below:?}");
        }
        // The stack pointer goes over it and back.
        let back = rm(C::Lea_r64_m, RSP, at(RSP, -8));
        for over in [ri(C::Add_rm64_imm8, RSP, 8), rm(C::Lea_r64_m, RSP, at(RSP, 8))] {
            assert_eq!(judge(saved, &[over, back]), Err(Rule::Claim));
            assert_eq!(judge(saved, &[back, over]), Ok(()));
        }
        let all = [rr(C::Mov_r64_rm64, RCX, RSP), rr(C::Mov_r64_rm64, RSP, RBP)];
        let again = rr(C::Mov_r64_rm64, RSP, RCX);
        assert_eq!(judge(saved, &[all[0], all[1], again]), Err(Rule::Claim));
        assert_eq!(judge(saved, &[all[0], again]), Ok(()));
    }
}

/// Two ways lead to a block that is not claimed, by jumps before it or by falling into it.
#[test]
fn a_block_without_claims_has_one_way() {
    let code = |second: &[Item]| {
        let mut inner = vec![rr(C::Test_rm32_r32, EDX, EDX), J(C::Jo_rel32_64, 2)];
        inner.extend_from_slice(second);
        inner.extend([J(C::Jmp_rel32_64, 1), L(2)]);
        items(&[], &inner)
    };
    assert_eq!(judge(&code(&[]), 4, &[], 0), Ok(()));
    assert_eq!(judge(&code(&[J(C::Js_rel32_64, 2)]), 4, &[], 0), Err(Rule::Claim));
    let mut falls = code(&[]);
    falls.retain(|item| !matches!(item, J(C::Jmp_rel32_64, _)));
    assert_eq!(judge(&falls, 4, &[], 0), Err(Rule::Claim));
}

#[test]
fn a_location_that_the_frame_does_not_keep_may_change() {
    // rbx is pushed and taken back into `last`; the loop changes its word, number 2.
    let code = |last| {
        let word = [r(C::Pop_r64, RAX), r(C::Push_r64, RDX)];
        let mut items = items(&[r(C::Push_r64, RBX)], &word);
        items.insert(items.len() - 2, r(C::Pop_r64, last));
        items
    };
    // The numbers of a stack word's location and, without entries, of what it held at the frame.
    let word = |number: u32| 17 + number;
    let held = |number: u32| 2 * word(number);
    let without: (u64, &[u32]) = (0, &[held(2)]);
    assert_eq!(judge_block(&code(RCX), 5, &[word(2)], without), Ok(()));
    // Claimed though it changes; kept though it changes; another one is not kept.
    assert_eq!(judge(&code(RCX), 5, &[word(2)], 0), Err(Rule::Claim));
    assert_eq!(judge(&code(RCX), 5, &[], 0), Err(Rule::Claim));
    assert_eq!(judge(&code(RCX), 5, &[word(3)], 0), Err(Rule::Claim));
    // The word's value before is not known behind the loop.
    assert_eq!(judge_block(&code(RBX), 5, &[word(2)], without), Err(Rule::Return));
    // The saved frame pointer is not known either if it is not kept, though nothing changes it.
    let neither: (u64, &[u32]) = (0, &[held(1), held(2) - held(1) - 1]);
    assert_eq!(judge_block(&code(RCX), 5, &[word(1), 0], neither), Err(Rule::Return));
}

#[test]
fn all_ways_lead_through_the_frame() {
    // `je` to the trap needs no state; to code behind the frame it is a way around it.
    let mut ways = vec![rr(C::Test_rm32_r32, EDX, EDX), J(C::Je_rel32_64, 9)];
    let trap = |tail: &[Item]| {
        let mut items = items(&ways, &[]);
        items.push(L(9));
        items.extend_from_slice(tail);
        items
    };
    assert_eq!(judge(&trap(&[Trap(15)]), 12, &[], 0), Ok(()));
    let around = [r(C::Pop_r64, RBP), ret()];
    assert_eq!(judge(&trap(&around), 12, &[], 0), Err(Rule::Certificate));
    assert_eq!(judge(&trap(&around), 4, &[], 8), Ok(()));
    // A jump into the loop before the frame stands.
    ways = vec![rr(C::Test_rm32_r32, EDX, EDX), J(C::Je_rel32_64, 1)];
    let into = items(&ways, &[]);
    assert_eq!(judge(&into, 4, &[], 8), Ok(()));
    assert_eq!(judge(&into, 12, &[], 0), Err(Rule::Certificate));
}
