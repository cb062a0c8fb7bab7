//! Cells that are pushed, popped, stored and touched, one after another.

use super::*;

const PUSH: u32 = 1;
const POP: u32 = 2;
const LOAD: u32 = 3;

fn shadow() -> Shadow {
    let mut shadow = Shadow::default();
    shadow.enter(1, 0).expect("one fits");
    shadow
}

fn push(shadow: &mut Shadow, at: u64, value: u64) {
    shadow.intrinsic(1, PUSH, Intrinsic::PushStack, [at, 0, value, 0]).expect("it fits");
}

fn pop(shadow: &mut Shadow, at: u64) {
    shadow.intrinsic(1, POP, Intrinsic::PopStack, [at, 0, 0, 0]).expect("it fits");
}

#[test]
fn a_load_of_a_deferred_cell_is_aliasing() {
    for (at, width, aliases) in [(100, 8, true), (107, 1, true), (93, 8, true), (108, 4, false)] {
        let mut shadow = shadow();
        push(&mut shadow, 100, 7);
        shadow.load(1, LOAD, [at, 0], width);
        let found = shadow.aliasing();
        assert_eq!(found.is_some(), aliases, "{at} {width}");
        assert!(found.is_none_or(|alias| (alias.cell, alias.of) == (100, PUSH)));
    }
}

#[test]
fn a_load_behind_the_store_is_none() {
    let mut shadow = shadow();
    push(&mut shadow, 100, 7);
    shadow.load(1, LOAD, [100, 7], 8);
    assert!(shadow.may_store(1, 100) && !shadow.may_store(1, 108));
    shadow.stored(1, 100, 7, 0).expect("it fits");
    shadow.loaded([100, 7], 8);
    assert_eq!(shadow.aliasing(), None);
    // The other way round it is.
    shadow.intrinsic(1, PUSH, Intrinsic::PushStack, [100, 0, 9, 7]).expect("it fits");
    shadow.load(1, LOAD, [100, 9], 8);
    shadow.loaded([100, 7], 8);
    shadow.stored(1, 100, 9, 7).expect("it fits");
    assert!(shadow.aliasing().is_some());
}

#[test]
fn a_popped_cell_may_differ_and_must_not_be_read() {
    let mut shadow = shadow();
    push(&mut shadow, 100, 7);
    pop(&mut shadow, 100);
    assert_eq!(shadow.unstored(1), None);
    shadow.load(1, LOAD, [100, 7], 8);
    assert!(shadow.aliasing().is_some_and(|alias| alias.is_dead && alias.of == POP));
    // Once it is overwritten, nothing is left of it.
    shadow.outer_load(LOAD, 100, 1);
    shadow.outer_store(100, 8);
    shadow.outer_load(LOAD, 100, 1);
    assert_eq!((shadow.read, shadow.bytes.len()), (1, 0));
    shadow.load(1, LOAD, [100, 7], 8);
    assert_eq!(shadow.aliasing(), None);
}

#[test]
fn all_cells_are_stored_before_a_call() {
    let mut shadow = shadow();
    push(&mut shadow, 100, 7);
    assert_eq!(shadow.unstored(1), None);
    shadow.flush(1);
    let found = shadow.unstored(1).expect("it is not stored");
    assert_eq!((found.cell, found.of, found.values), (100, PUSH, [7, 0]));
    push(&mut shadow, 200, 7);
    shadow.flush(1);
    shadow.stored(1, 200, 7, 0).expect("it fits");
    assert_eq!(shadow.unstored(1), None);
}

#[test]
fn memories_are_compared_but_for_what_may_differ() {
    let mut shadow = shadow();
    push(&mut shadow, 2, 1);
    pop(&mut shadow, 2);
    let (mut a, b) = ([0u8; 32], [0u8; 32]);
    a[2] = 1;
    assert_eq!(shadow.first_difference([&a, &b]), None);
    a[20] = 1;
    assert_eq!(shadow.first_difference([&a, &b]), Some(20));
    assert_eq!(shadow.first_difference([&a, &b[..8]]), Some(8));
}
