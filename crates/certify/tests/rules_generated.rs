//! Causes for which generated modules were refused, each with a twin that has to be refused: one
//! register as both operands, references made of a store address before a merge, comparisons of
//! bytes, lengths that no memory has, lengths that divide.
//!
//! A green run does not show that no generated module is refused (`prova-testing native-refusals`).

use crate::common::asm::{Item, J, L, Trap, at, idx, mr, r, ret, ri, rm, rr};
use crate::common::case::{Case, base, explicit, guard, with};
use iced_x86::Code as C;
use iced_x86::Instruction;
use iced_x86::Register::*;
use prova_check::{Config, Rule, offsets, traps};

/// rax: a pointer, as base has it; r10: the cell of the global that is an externref.
fn global() -> Vec<Item> {
    let cell = i64::from(offsets::FIRST) + 24 + 16;
    with(base(), &[rm(C::Mov_r64_rm64, R10, at(R11, cell))])
}

/// Half a pointer is not known, but without itself it is null.
#[test]
fn a_register_is_one_word() {
    let stored = |items: &[Item]| {
        let store = [mr(C::Mov_rm64_r64, at(R10, 0), RAX), ret()];
        with(with(global(), items), &store)
    };
    guard().accepts(&stored(&[rr(C::Xor_rm32_r32, EAX, EAX)]));
    guard().accepts(&stored(&[rr(C::Sub_rm32_r32, EAX, EAX)]));
    guard().accepts(&stored(&[rr(C::Xor_rm64_r64, RAX, RAX)]));
    let copy = rr(C::Mov_r64_rm64, RCX, RAX);
    for wrong in [
        vec![rr(C::Add_rm32_r32, EAX, EAX)],
        vec![rr(C::Or_rm32_r32, EAX, EAX)],
        // The rest of the register stays.
        vec![rr(C::Xor_rm16_r16, AX, AX)],
        vec![rr(C::Xor_rm8_r8, AL, AL)],
        vec![rr(C::Adc_rm32_r32, EAX, EAX)],
        vec![copy, rr(C::Add_rm32_r32, ECX, EAX), rr(C::Xor_rm32_r32, EAX, ECX)],
    ] {
        guard().rejects(Rule::Field, &stored(&wrong));
    }
}

const FUNCS: &str = "(module (type $t (func (param i32))) (global (mut funcref) (ref.null func))
    (func (type $t)) (func (type $t)))";

/// The reference of the second function is stored in each round; its address was read before.
#[test]
fn references_are_one_more_than_addresses() {
    let address = i64::from(offsets::RECORD_BYTES + offsets::RECORD_ADDRESS);
    let stored = |start: i64, more: i64| {
        [
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, R9, at(R11, i64::from(offsets::FIRST))),
            rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::DEFINED))),
            rm(C::Mov_r32_rm32, EAX, at(R10, address)),
            rm(C::Lea_r64_m, R8, at(RAX, start)),
            ri(C::And_rm32_imm32, EDX, 7),
            L(0),
            rm(C::Lea_r64_m, RCX, at(R8, more)),
            mr(C::Mov_rm64_r64, at(R9, 0), RCX),
            ri(C::Sub_rm32_imm32, EDX, 1),
            J(C::Ja_rel32_64, 0),
            ret(),
        ]
    };
    let case = Case::guard(FUNCS);
    for (start, more) in [(0, 1), (1, 0), (3, -2)] {
        assert_eq!(case.judge(&stored(start, more)), Ok(()), "{start}, {more}");
    }
    for (start, more) in [(0, 0), (0, 2), (1, 1), (3, -3)] {
        assert_eq!(case.judge(&stored(start, more)), Err(Rule::Field), "{start}, {more}");
    }
}

/// A byte of a constant is compared with a byte: what the branch leaves out is not reached.
#[test]
fn comparisons_of_bytes() {
    let behind = |number: i32, compare: Item, jump| {
        let items = [
            ri(C::Mov_r32_imm32, ESI, number),
            compare,
            J(jump, 1),
            rm(C::Mov_r64_rm64, RAX, idx(RAX, R8, 1, 0)),
            ret(),
            L(1),
            Trap(traps::TABLE_OUT_OF_BOUNDS),
        ];
        with(base(), &items)
    };
    let test = rr(C::Test_rm8_r8, SIL, SIL);
    explicit().accepts(&behind(1, test, C::Jne_rel32_64));
    explicit().accepts(&behind(0x1ff, test, C::Jne_rel32_64));
    explicit().accepts(&behind(0x100, test, C::Je_rel32_64));
    explicit().rejects(Rule::Memory, &behind(0x100, test, C::Jne_rel32_64));
    explicit().rejects(Rule::Memory, &behind(1, test, C::Je_rel32_64));
    let word = rr(C::Test_rm16_r16, SI, SI);
    explicit().accepts(&behind(0x100, word, C::Jne_rel32_64));
    explicit().rejects(Rule::Memory, &behind(0x1_0000, word, C::Jne_rel32_64));
    let compared = |with| ri(C::Cmp_rm8_imm8, SIL, with);
    explicit().accepts(&behind(0x105, compared(6), C::Jb_rel32_64));
    explicit().accepts(&behind(0x105, compared(-1), C::Jb_rel32_64));
    explicit().rejects(Rule::Memory, &behind(0x105, compared(5), C::Jb_rel32_64));
    explicit().rejects(Rule::Memory, &behind(0x1ff, compared(-1), C::Jb_rel32_64));
    // Of two registers with one byte only one is known.
    let other = rr(C::Cmp_rm8_r8, SIL, DL);
    explicit().rejects(Rule::Memory, &behind(1, other, C::Jb_rel32_64));
}

const WIDE: &str = "(module (memory i64 1) (func (param i64)))";

/// No memory is longer than an address space, so what is behind such a comparison is not reached.
#[test]
fn lengths_that_no_memory_has() {
    let behind = |number: u64| {
        let number = Instruction::with2(C::Mov_r64_imm64, R8, number).expect("an instruction");
        let items = [
            Item::I(number),
            rm(C::Cmp_r64_rm64, R8, at(R10, i64::from(offsets::OBJECT_LEN))),
            J(C::Ja_rel32_64, 1),
            rm(C::Mov_r64_rm64, RAX, idx(RAX, R8, 1, 0)),
            ret(),
            L(1),
            Trap(traps::MEMORY_OUT_OF_BOUNDS),
        ];
        Case::explicit(WIDE).judge(&with(base(), &items))
    };
    assert_eq!(behind(offsets::MEMORY_BYTES_MAX + 1), Ok(()));
    assert_eq!(behind(u64::MAX), Ok(()));
    assert_eq!(behind(offsets::MEMORY_BYTES_MAX), Err(Rule::Memory));
    assert_eq!(behind(65_536), Err(Rule::Memory));
}

const EMPTY: &str = "(module (table 0 funcref) (func (param i32)))";

/// Without signals a divisor is not zero, though it be a length: a constant below it bounds it.
#[test]
fn lengths_that_divide() {
    let config = Config { signals: false, ..Case::explicit(EMPTY).config };
    let divided = |items: &[Item]| {
        let length = [
            rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
            rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST))),
            rm(C::Mov_r64_rm64, RCX, at(R10, i64::from(offsets::OBJECT_LEN))),
        ];
        let divide = [rr(C::Xor_rm32_r32, EDX, EDX), r(C::Div_rm32, ECX), ret()];
        Case { config, ..Case::explicit(EMPTY) }.judge(&with(with(length, items), &divide))
    };
    let greatest = |least| {
        [
            ri(C::Mov_r32_imm32, EDX, least),
            rr(C::Cmp_r32_rm32, EDX, ECX),
            rr(C::Cmovae_r32_rm32, ECX, EDX),
        ]
    };
    assert_eq!(divided(&greatest(1)), Ok(()));
    assert_eq!(divided(&greatest(7)), Ok(()));
    assert_eq!(divided(&greatest(0)), Err(Rule::Metadata));
    assert_eq!(divided(&[]), Err(Rule::Metadata));
}
