//! P12 as in `rules.rs`: charges, polls, and jumps backwards between them.

use crate::common::asm::{Item, J, L, Trap, at, mr, ret, ri, rm};
use crate::common::case::{Case, guard, with};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_check::certificate::JUMPS;
use prova_check::{Config, Rule, traps};

/// The guard shape with fuel.
fn metered() -> Case {
    let mut config = Config::default();
    config.metering.fuel = true;
    Case { config, ..guard() }
}

/// r10 := the store's words.
fn store_words() -> [Item; 2] {
    [rm(C::Mov_r64_rm64, R11, at(RDI, 8)), rm(C::Mov_r64_rm64, R10, at(R11, 0))]
}

/// A loop with this body; label 9 is out of fuel.
fn cycle(body: &[Item]) -> Vec<Item> {
    let mut items = with(store_words(), &[L(1)]);
    items.extend_from_slice(body);
    items.extend([
        ri(C::Sub_rm32_imm32, EDX, 1),
        J(C::Jne_rel32_64, 1),
        ret(),
        L(9),
        Trap(traps::OUT_OF_FUEL),
    ]);
    items
}

/// A charge of `k` where `c` are left; label 9 is out of fuel.
fn charge(k: i32, c: i32) -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        ri(C::Cmp_rm64_imm32, RAX, !c),
        J(C::Ja_rel32_64, 9),
        ri(C::Add_rm64_imm32, RAX, k),
        mr(C::Mov_rm64_r64, at(R10, 0), RAX),
    ]
}

/// Blocks in the order in which a compiler may lay them: each loop passes a charge, and many ways
/// that are in no loop lead backwards.
#[test]
fn p12_jumps_backwards_outside_of_loops() {
    let case = metered();
    // As many jumps backwards behind what stands first.
    let backwards = |first: &[Item], jumps: u32| {
        let mut items = with(store_words(), &[J(C::Jmp_rel32_64, 10 + jumps), L(10), ret()]);
        items.extend((1..jumps).flat_map(|n| [L(10 + n), J(C::Jmp_rel32_64, 9 + n)]));
        items.push(L(10 + jumps));
        items.extend_from_slice(first);
        items.extend([J(C::Jmp_rel32_64, 9 + jumps), L(9), Trap(traps::OUT_OF_FUEL)]);
        items
    };
    let most = u32::from(JUMPS);
    for jumps in [1, 2, most] {
        case.accepts(&backwards(&charge(5, 5), jumps));
    }
    case.rejects(Rule::Metering, &backwards(&charge(5, 5), most + 1));
    case.rejects(Rule::Metering, &backwards(&[], 1));
    guard().accepts(&backwards(&[], most + 1));
    // A loop around 4 that is entered at 1, and whose other ways lead to 3, which stands before it.
    let nested = |outer: &[Item], inner: &[Item]| {
        let less = ri(C::Sub_rm32_imm32, EDX, 1);
        let mut items = with(store_words(), &[J(C::Jmp_rel32_64, 1), L(3), less]);
        items.extend([J(C::Je_rel32_64, 5), L(4)]);
        items.extend_from_slice(outer);
        items.extend([less, J(C::Je_rel32_64, 3), L(1)]);
        items.extend_from_slice(inner);
        items.extend([less, J(C::Jne_rel32_64, 1), less, J(C::Je_rel32_64, 3)]);
        items.extend([J(C::Jmp_rel32_64, 4), L(5), ret(), L(9), Trap(traps::OUT_OF_FUEL)]);
        items
    };
    case.accepts(&nested(&charge(5, 5), &charge(5, 5)));
    case.rejects(Rule::Metering, &nested(&charge(5, 5), &[]));
    case.rejects(Rule::Metering, &nested(&[], &charge(5, 5)));
}

#[test]
fn p12_metering() {
    let (case, store) = (metered(), store_words());
    case.accepts(&cycle(&charge(5, 5)));
    case.rejects(Rule::Metering, &cycle(&[]));
    case.rejects(Rule::Metering, &cycle(&charge(0, 5)));
    case.rejects(Rule::Metering, &cycle(&charge(-5, 5)));
    case.rejects(Rule::Metering, &cycle(&charge(6, 5)));
    // Not its least: more than that. Not another number: nothing.
    let unequal = |least: i32, other: i32| {
        vec![
            rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
            ri(C::Cmp_rm64_imm32, RAX, !least),
            J(C::Ja_rel32_64, 9),
            ri(C::Cmp_rm64_imm32, RAX, !other),
            J(C::Je_rel32_64, 9),
            ri(C::Add_rm64_imm32, RAX, 3),
            mr(C::Mov_rm64_r64, at(R10, 0), RAX),
        ]
    };
    case.accepts(&cycle(&unequal(2, 2)));
    case.rejects(Rule::Metering, &cycle(&unequal(2, 3)));
    case.rejects(Rule::Metering, &cycle(&unequal(2, 1)));
    case.rejects(Rule::Metering, &cycle(&unequal(1, 1)));
    // `word + add ≠ number` modulo 2^64, with or without a wrap: only the word's greatest says more
    // of it.
    let wrapped = |add: i64, other: i32| {
        vec![
            rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
            rm(C::Lea_r64_m, RCX, at(RAX, add)),
            ri(C::Cmp_rm64_imm32, RCX, other),
            J(C::Je_rel32_64, 9),
            ri(C::Add_rm64_imm32, RAX, 1),
            mr(C::Mov_rm64_r64, at(R10, 0), RAX),
        ]
    };
    case.accepts(&cycle(&wrapped(-5, -6)));
    case.accepts(&cycle(&wrapped(5, 4)));
    for (add, other) in [(-5, -5), (-5, 4), (-5, -1), (5, -1), (5, -6), (5, 5)] {
        case.rejects(Rule::Metering, &cycle(&wrapped(add, other)));
    }
    // A charge before the loop is none in it.
    let mut outside = with(store, &charge(5, 5));
    outside.extend(cycle(&[]).split_off(2));
    case.rejects(Rule::Metering, &outside);
    guard().accepts(&cycle(&[]));
    // The fuel is no number to write.
    case.rejects(Rule::Metering, &with(store, &[mr(C::Mov_rm64_r64, at(R10, 0), R8), ret()]));
}
