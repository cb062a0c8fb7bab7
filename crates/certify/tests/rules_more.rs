//! Rules beside those of `rules.rs`: frames of thunks, divisions that could fault in two ways,
//! pointers that a conditional move makes null (D3), work.
//!
//! Accepted code is executed under the observer. A green run does not show that the rules are
//! enough.

use crate::common::asm::{Item, J, L, Row, Trap, at, faults, idx, ret, ri, rm, rr};
use crate::common::case::{Case, base, explicit, guard, with};
use iced_x86::Register::*;
use iced_x86::{Code as C, Instruction};
use prova_check::rules::place::masked;
use prova_check::{CodeKind, Config, MemoryShape, Rule, offsets, traps};

/// A frame of this size in bytes, and nothing in it.
fn frame(bytes: i32) -> [Item; 3] {
    [ri(C::Sub_rm64_imm32, RSP, bytes), ri(C::Add_rm64_imm32, RSP, bytes), ret()]
}

#[test]
fn p6_frames_of_thunks() {
    // Types 0 and 1 have 4 and 1 cells of parameters.
    for (ty, cells) in [(0, 4), (1, 1)] {
        let least = offsets::CHARGE_BYTES + 8 * cells;
        let most = i32::try_from(offsets::THUNK_RATIO * least).expect("little");
        for kind in [CodeKind::ThunkIn(ty), CodeKind::ThunkOut(ty)] {
            let case = Case { kind, ..guard() };
            // The result of type 0 is in rax, and a number.
            case.accepts(&frame(most));
            case.rejects(Rule::Height, &frame(most + 8));
        }
    }
    // A function's frame is held against what its calls take off the height.
    guard().accepts(&frame(2_000));
}

/// The least charge is the charge of the module's facts.
#[test]
fn p6_charges_are_those_of_functions() {
    let charge = prova_module::frame_charge_bytes;
    assert_eq!(charge(0), offsets::CHARGE_BYTES);
    assert_eq!(charge(5), offsets::CHARGE_BYTES + 40);
}

#[test]
fn p11_divisions_that_may_fault_for_their_memory() {
    let division =
        |memory, kind| Row(Instruction::with1(C::Div_rm64, memory).expect("an instruction"), kind);
    let by = |case: &Case, memory, kind| {
        let items = [rr(C::Mov_r32_rm32, ECX, EDX), division(memory, kind), ret()];
        case.judge(&with(base(), &items))
    };
    let zero = traps::INTEGER_DIVISION_BY_ZERO;
    // Inside of the memory: one fault, one row.
    assert_eq!(by(&guard(), at(RAX, 8), zero), Ok(()));
    assert_eq!(by(&explicit(), at(RAX, 8), zero), Ok(()));
    // In the guard: whichever row there is, the other fault has none.
    for kind in [zero, traps::INTEGER_OVERFLOW, traps::MEMORY_OUT_OF_BOUNDS] {
        assert_eq!(by(&guard(), idx(RAX, RCX, 1, 0), kind), Err(Rule::Metadata), "{kind}");
    }
    // Loaded first.
    let load = faults(rm(C::Mov_r64_rm64, R8, idx(RAX, RCX, 1, 0)));
    let divide = Row(Instruction::with1(C::Div_rm64, R8).expect("an instruction"), zero);
    let items = [rr(C::Mov_r32_rm32, ECX, EDX), load, divide, ret()];
    guard().accepts(&with(base(), &items));
}

/// `rax` := the memory's base + edx where 4 bytes are there, and null elsewhere; then a load of it.
fn masked_load(select: &[Item]) -> Vec<Item> {
    let mut items = with(
        base(),
        &[
            rm(C::Mov_r64_rm64, R8, at(R10, i64::from(offsets::OBJECT_LEN))),
            rr(C::Mov_r32_rm32, EDX, EDX),
            rm(C::Lea_r64_m, R9, at(RDX, 4)),
            rr(C::Add_r64_rm64, RAX, RDX),
            rr(C::Xor_r32_rm32, ECX, ECX),
            rr(C::Cmp_r64_rm64, R9, R8),
        ],
    );
    items.extend_from_slice(select);
    items.extend([faults(rm(C::Mov_r32_rm32, EAX, at(RAX, 0))), ret()]);
    items
}

/// Nobody says that the bytes at null are never mapped: so a pointer that may be null is refused in
/// all shapes, whichever way the move is done. A branch in the move's place is accepted where the
/// shape does not mask.
#[test]
fn d3_null_is_no_nowhere_in_any_shape() {
    let quiet = Config { signals: false, ..explicit().config };
    let mut quiet = Case { config: quiet, ..explicit() };
    let masks = Config { memory: MemoryShape::Masked, ..explicit().config };
    let masks = Case { config: masks, ..explicit() };
    let null = masked_load(&[rr(C::Cmova_r64_rm64, RAX, RCX)]);
    let kept = masked_load(&[rr(C::Cmovbe_r64_rm64, RCX, RAX), rr(C::Mov_r64_rm64, RAX, RCX)]);
    for case in [&guard(), &explicit(), &quiet, &masks] {
        case.rejects(Rule::Address, &null);
        case.rejects(Rule::Address, &kept);
    }
    // What follows a branch alone is no mask.
    let branch =
        with(masked_load(&[J(C::Ja_rel32_64, 1)]), &[L(1), Trap(traps::MEMORY_OUT_OF_BOUNDS)]);
    explicit().accepts(&branch);
    masks.rejects(Rule::Memory, &branch);
    quiet.config.signals = true;
    quiet.accepts(&branch);
}

/// D3 by hand, on numbers: the bytes behind a masked pointer that an access may have.
#[test]
fn d3_places() {
    let judge = |disp: u64, size, bytes| masked((disp, size), bytes);
    assert!(judge(0, 4, 4) && judge(3, 1, 4) && judge(4092, 4, 4096));
    // Beyond what was compared.
    assert!(!judge(1, 4, 4) && !judge(4, 1, 4) && !judge(4093, 4, 4096) && !judge(0, 1, 0));
    // Below the pointer is another place.
    assert!(!judge(0_u64.wrapping_sub(8), 4, 4096) && !judge(0_u64.wrapping_sub(8), 8, 4096));
}

/// A length is never above itself: the way behind a comparison of such sums is none, and asks
/// nothing of what stands there. An order that can be asks.
#[test]
fn p3_orders_of_one_symbol() {
    let beyond = |add: i64, jump, behind: i64| {
        let items = [
            rm(C::Mov_r64_rm64, RCX, at(R10, i64::from(offsets::OBJECT_LEN))),
            rm(C::Lea_r64_m, R8, at(RCX, add)),
            rr(C::Cmp_r64_rm64, R8, RCX),
            J(jump, 1),
            rm(C::Mov_r64_rm64, RAX, idx(RAX, RCX, 1, behind)),
            ret(),
            L(1),
            Trap(traps::MEMORY_OUT_OF_BOUNDS),
        ];
        with(base(), &items)
    };
    // len + 16 ≤ len, len + 16 < len, len < len.
    explicit().accepts(&beyond(16, C::Ja_rel32_64, 8));
    explicit().accepts(&beyond(16, C::Jae_rel32_64, 8));
    explicit().accepts(&beyond(0, C::Jae_rel32_64, 8));
    // len ≤ len, len - 8 ≤ len, len - 8 < len; len + 16 > len.
    explicit().rejects(Rule::Memory, &beyond(0, C::Ja_rel32_64, 8));
    explicit().rejects(Rule::Memory, &beyond(-8, C::Ja_rel32_64, 8));
    explicit().rejects(Rule::Memory, &beyond(-8, C::Jae_rel32_64, 8));
    explicit().rejects(Rule::Memory, &beyond(16, C::Jbe_rel32_64, 8));
    // Of another symbol: another length.
    let other = [
        rm(C::Mov_r64_rm64, RCX, at(R10, i64::from(offsets::OBJECT_LEN))),
        rm(C::Lea_r64_m, R8, at(RCX, 16)),
        rm(C::Cmp_r64_rm64, R8, at(R10, i64::from(offsets::OBJECT_LEN))),
        J(C::Ja_rel32_64, 1),
        rm(C::Mov_r64_rm64, RAX, idx(RAX, RCX, 1, 16)),
        ret(),
        L(1),
        Trap(traps::MEMORY_OUT_OF_BOUNDS),
    ];
    explicit().rejects(Rule::Memory, &with(base(), &other));
}
