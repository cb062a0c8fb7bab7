//! P3 as in `rules.rs`: accesses of memories in the guard and the explicit shape, what is known on
//! ways and behind merges.

use crate::common::asm::{Item, J, L, Trap, at, faults, idx, ret, ri, rm, rr};
use crate::common::case::{base, explicit, guard, with};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_check::Rule;

#[test]
fn p3_guard_shape() {
    let load = |tail: &[Item]| with(base(), tail);
    let zero = rr(C::Mov_r32_rm32, EDX, EDX);
    let access = |disp| faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, disp)));
    guard().accepts(&load(&[zero, access(0), ret()]));
    guard().accepts(&load(&[zero, access((32 << 20) - 7), ret()]));
    // The last byte of the zone is the last one.
    guard().rejects(Rule::Memory, &load(&[zero, access((32 << 20) - 6), ret()]));
    guard().rejects(Rule::Memory, &load(&[zero, access(-1), ret()]));
    // CVE-2021-32629: the upper half of a 32-bit parameter is unknown, and a sign-extended number
    // is no index.
    guard().rejects(Rule::Memory, &load(&[access(0), ret()]));
    let signed = rr(C::Movsxd_r64_rm32, RDX, EDX);
    guard().rejects(Rule::Memory, &load(&[signed, access(0), ret()]));
    // CVE-2023-26489: a shifted 32-bit number has 35 bits.
    let scaled = faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 8, 0)));
    guard().rejects(Rule::Memory, &load(&[zero, scaled, ret()]));
    let shl = ri(C::Shl_rm64_imm8, RDX, 3);
    guard().rejects(Rule::Memory, &load(&[zero, shl, access(0), ret()]));
    // The sum of `xadd` is written last: a register with itself doubles.
    let doubled = rr(C::Xadd_rm64_r64, RDX, RDX);
    guard().rejects(Rule::Memory, &load(&[zero, doubled, access(0), ret()]));
    guard().accepts(&load(&[zero, rr(C::Xchg_rm64_r64, RDX, RDX), access(0), ret()]));
    let shl32 = ri(C::Shl_rm32_imm8, EDX, 3);
    guard().accepts(&load(&[shl32, access(0), ret()]));
    // 8- and 16-bit writes keep the upper bits.
    for narrow in [rr(C::Mov_r8_rm8, DL, CL), rr(C::Mov_r16_rm16, DX, CX)] {
        guard().rejects(Rule::Memory, &load(&[zero, narrow, access(0), ret()]));
    }
    // `bsf r32` of zero leaves all 64 bits; `cmpxchg` r32 does not zero-extend rax.
    let scan = rr(C::Bsf_r32_rm32, EDX, ECX);
    guard().rejects(Rule::Memory, &load(&[scan, access(0), ret()]));
    let count = rr(C::Tzcnt_r32_rm32, EDX, ECX);
    guard().accepts(&load(&[count, access(0), ret()]));
    // A 32-bit conditional move zero-extends even where it does not move.
    guard().accepts(&load(&[
        rr(C::Test_rm32_r32, ECX, ECX),
        rr(C::Cmove_r32_rm32, EDX, ECX),
        access(0),
        ret(),
    ]));
    guard().rejects(
        Rule::Memory,
        &load(&[rr(C::Test_rm32_r32, ECX, ECX), rr(C::Cmove_r64_rm64, RDX, RCX), access(0), ret()]),
    );
    // An address that is no known sum.
    let wild = faults(rm(C::Mov_r64_rm64, RAX, at(R8, 0)));
    guard().rejects(Rule::Address, &[wild, ret()]);
    let twice = rr(C::Add_r64_rm64, RAX, RAX);
    guard().rejects(Rule::Address, &load(&[zero, twice, access(0), ret()]));
}

/// rdx := its low half, r9 := the length, and `compare` compares r9 with it.
fn compared(k: i32, compare: (Item, C)) -> Vec<Item> {
    with(
        base(),
        &[
            rr(C::Mov_r32_rm32, EDX, EDX),
            rm(C::Mov_r64_rm64, R9, at(R10, 8)),
            ri(C::Sub_rm64_imm32, R9, k),
            compare.0,
            J(compare.1, 9),
        ],
    )
}

#[test]
fn p3_explicit_shape_by_length_less_constant() {
    let cmp = rr(C::Cmp_r64_rm64, RDX, R9);
    let swapped = rr(C::Cmp_r64_rm64, R9, RDX);
    let narrow = rr(C::Cmp_r32_rm32, EDX, R9D);
    let tail = |disp| [rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, disp)), ret(), L(9), Trap(5)];
    let judge = |k, compare, disp| explicit().judge(&with(compared(k, compare), &tail(disp)));
    // D4: idx ≤ len - 8 gives idx + 8 ≤ len.
    assert_eq!(judge(8, (cmp, C::Ja_rel32_64), 0), Ok(()));
    assert_eq!(judge(24, (cmp, C::Ja_rel32_64), 16), Ok(()));
    assert_eq!(judge(8, (swapped, C::Jb_rel32_64), 0), Ok(()));
    // At 32 bits, where the length less the constant has no more; where it may have, the low halves
    // say nothing.
    assert_eq!(judge(8, (narrow, C::Ja_rel32_64), 0), Ok(()));
    // Off by one, the other way round, signed, no compare.
    for (k, compare, disp) in [
        (7, (cmp, C::Ja_rel32_64), 0),
        (8, (cmp, C::Ja_rel32_64), 1),
        (8, (cmp, C::Jbe_rel32_64), 0),
        (8, (cmp, C::Jb_rel32_64), 0),
        (8, (swapped, C::Ja_rel32_64), 0),
        (8, (cmp, C::Jg_rel32_64), 0),
        (8, (cmp, C::Je_rel32_64), 0),
        (0, (narrow, C::Ja_rel32_64), -1),
        (8, (cmp, C::Ja_rel32_64), -1),
        // len - k borrows where k is above the least length.
        (65_537, (cmp, C::Ja_rel32_64), 0),
    ] {
        assert_eq!(judge(k, compare, disp), Err(Rule::Memory), "{k} {:?} {disp}", compare.1);
    }
    assert_eq!(judge(65_536, (cmp, C::Ja_rel32_64), 0), Ok(()));
}

#[test]
fn p3_explicit_shape_by_end() {
    let end = |carry: &[Item], tail: &[Item]| {
        let head = [
            rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
            rr(C::Mov_r64_rm64, RCX, R8),
            ri(C::Add_rm64_imm32, RCX, 16),
        ];
        let mut items = with(base(), &head);
        items.extend_from_slice(carry);
        let check = [rm(C::Cmp_r64_rm64, RCX, at(R10, 8)), J(C::Ja_rel32_64, 9)];
        items.extend_from_slice(&check);
        items.extend_from_slice(tail);
        items.extend([ret(), L(9), Trap(5)]);
        items
    };
    let load = |disp| rm(C::Mov_r64_rm64, RAX, idx(RAX, R8, 1, disp));
    let carry = J(C::Jb_rel32_64, 9);
    // D2: without a carry the sum is one of integers.
    explicit().accepts(&end(&[carry], &[load(8)]));
    explicit().rejects(Rule::Memory, &end(&[], &[load(8)]));
    explicit().rejects(Rule::Memory, &end(&[J(C::Jae_rel32_64, 9)], &[load(8)]));
    explicit().rejects(Rule::Memory, &end(&[carry], &[load(9)]));
    // The flags are those of the last instruction that sets them.
    let clobber = [rr(C::Or_r64_rm64, R8, R8), carry];
    explicit().rejects(Rule::Memory, &end(&clobber, &[load(8)]));
    // The register was redefined between compare and use.
    explicit().rejects(Rule::Memory, &end(&[carry], &[ri(C::Add_rm64_imm32, R8, 1), load(8)]));
    // Widths come from the decoder: 16 bytes where 8 were compared (CVE-2026-24116, -34944).
    let wide = rm(C::VEX_Vmovupd_xmm_xmmm128, XMM0, idx(RAX, R8, 1, 8));
    let scalar = rm(C::VEX_Vmovsd_xmm_m64, XMM0, idx(RAX, R8, 1, 8));
    explicit().accepts(&end(&[carry], &[scalar]));
    explicit().rejects(Rule::Memory, &end(&[carry], &[wide]));
    // Two loads of one length are two values, but either is a lower bound of the present length.
    let again = [rm(C::Mov_r64_rm64, R9, at(R10, 8)), load(8)];
    explicit().accepts(&end(&[carry], &again));
}

#[test]
fn p3_explicit_shape_by_shifted_index() {
    // r9 is twice a number of 24 bits; its end, four bytes on, is compared.
    let checked = |tail: &[Item]| {
        let mut items = with(
            base(),
            &[
                ri(C::Shr_rm32_imm8, EDX, 8),
                rr(C::Mov_r32_rm32, R9D, EDX),
                ri(C::Shl_rm32_imm8, R9D, 1),
                rm(C::Lea_r64_m, RCX, at(R9, 4)),
                rm(C::Cmp_r64_rm64, RCX, at(R10, 8)),
                J(C::Ja_rel32_64, 9),
            ],
        );
        items.extend_from_slice(tail);
        items.extend([ret(), L(9), Trap(5)]);
        items
    };
    let load = |register, scale, disp| rm(C::Mov_r32_rm32, EAX, idx(RAX, register, scale, disp));
    explicit().accepts(&checked(&[load(R9, 1, 0)]));
    explicit().accepts(&checked(&[load(RDX, 2, 0)]));
    // Another shift, a further byte, twice the shifted number.
    explicit().rejects(Rule::Memory, &checked(&[load(RDX, 4, 0)]));
    explicit().rejects(Rule::Memory, &checked(&[load(R9, 1, 1)]));
    explicit().rejects(Rule::Memory, &checked(&[load(R9, 2, 0)]));
}

#[test]
fn p3_facts_stay_in_their_region() {
    // A fact of one way is none behind the merge with another (verified.md 8.7).
    let items = |merge: bool| {
        let mut items = with(
            base(),
            &[
                rr(C::Mov_r32_rm32, EDX, EDX),
                rm(C::Mov_r64_rm64, R9, at(R10, 8)),
                ri(C::Sub_rm64_imm32, R9, 8),
                rr(C::Test_rm32_r32, ECX, ECX),
                J(C::Je_rel32_64, if merge { 1 } else { 9 }),
                rr(C::Cmp_r64_rm64, RDX, R9),
                J(C::Ja_rel32_64, 9),
            ],
        );
        items.extend([L(1), rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, 0)), ret(), L(9), Trap(5)]);
        items
    };
    explicit().accepts(&items(false));
    explicit().rejects(Rule::Memory, &items(true));
}

#[test]
fn p3_what_ways_to_a_merge_have_in_common() {
    let access = |index| faults(rm(C::Mov_r64_rm64, R9, idx(RAX, index, 1, 0)));
    // rcx is rdx + 16 in each round of a loop. The least of both is the one that has 32 bits.
    let rounds = |add: Item| {
        let head = [
            ri(C::Mov_r32_imm32, EDX, 5),
            rm(C::Lea_r64_m, RCX, at(RDX, 16)),
            L(1),
            access(RCX),
            access(RDX),
            add,
            rm(C::Lea_r64_m, RCX, at(RDX, 16)),
            rr(C::Test_rm64_r64, R9, R9),
            J(C::Jne_rel32_64, 1),
            ret(),
        ];
        with(base(), &head)
    };
    guard().accepts(&rounds(ri(C::Add_rm32_imm8, EDX, 1)));
    guard().rejects(Rule::Memory, &rounds(ri(C::Add_rm64_imm8, RDX, 1)));
    // A shifted number of one way and a constant of the other have bounds alone in common.
    let ways = |shift: i32, constant: i32| {
        let head = [
            ri(C::Shr_rm32_imm8, EDX, 8),
            ri(C::Shl_rm64_imm8, RDX, shift),
            rr(C::Test_rm32_r32, ECX, ECX),
            J(C::Je_rel32_64, 1),
            ri(C::Mov_rm64_imm32, RDX, constant),
            L(1),
            access(RDX),
            ret(),
        ];
        with(base(), &head)
    };
    guard().accepts(&ways(3, 7));
    guard().rejects(Rule::Memory, &ways(11, 7));
    guard().rejects(Rule::Memory, &ways(3, -1));
}
