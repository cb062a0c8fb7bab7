//! Operations at the edges of their ranges, in 32 and 64 bits, and what they charge.
//!
//! A green run does not show that an executor passes its operands in the right order.

use super::range;
use crate::limits::Limits;
use crate::store::{Store, StoreConfig};
use crate::trap::TrapKind::{self, *};
use crate::value::{MemoryAddr, TableAddr, func_ref};
use crate::{FuncAddr, HostOutcome};
use prova_bytecode::{Metering, Settings};
use prova_module::{FuncType, MemoryType, RefType, TableType};
use std::sync::Arc;

const PAGE: u64 = 1 << 16;

fn store(metering: Metering) -> Store {
    let settings = Settings { metering, deterministic: false };
    Store::new(StoreConfig { settings, stack_bytes: 1 << 12, ..StoreConfig::default() })
}

fn memory(store: &mut Store, memory64: bool) -> MemoryAddr {
    let ty = MemoryType { min: 1, max: Some(2), memory64, shared: false, page_size_log2: 16 };
    store.memory_new(ty).unwrap()
}

fn table(store: &mut Store, ref_type: RefType, table64: bool) -> TableAddr {
    let ty = TableType { ref_type, min: 4, max: Some(6), table64 };
    store.table_new(ty, 0).unwrap()
}

fn func(store: &mut Store, ty: FuncType) -> FuncAddr {
    store.func_new(ty, Arc::new(|_, _, _| HostOutcome::Done))
}

#[test]
fn ranges_end_inside_and_never_overflow() {
    let cases = [
        (0, 0, 0, Some(0..0)),
        (1, 0, 0, None),
        (3, 2, 5, Some(3..5)),
        (5, 0, 5, Some(5..5)),
        (3, 3, 5, None),
        (6, 0, 5, None),
        (u64::MAX, 1, 5, None),
        (1, u64::MAX, 5, None),
        (u64::MAX, u64::MAX, 5, None),
    ];
    for (start, n, len, expected) in cases {
        assert_eq!(range(start, n, len), expected, "{start} + {n} in {len}");
    }
}

#[test]
fn fill_stops_at_the_end_of_the_memory_before_any_effect() {
    let mut store = store(Metering::None);
    let m = memory(&mut store, false);
    assert_eq!(store.memory_fill(m, PAGE - 2, 7, 2), Ok(()));
    assert_eq!(store.memory_fill(m, PAGE, 7, 0), Ok(()));
    for (d, n) in [(PAGE - 1, 2), (PAGE + 1, 0), (0, PAGE + 1), (u64::MAX, 1), (1, u64::MAX)] {
        assert_eq!(store.memory_fill(m, d, 9, n), Err(MemoryOutOfBounds), "{n} at {d}");
    }
    let data = store.memory(m).data();
    assert_eq!((data[65533], data[65534], data[65535], data[0]), (0, 7, 7, 0));
}

#[test]
fn copies_inside_a_memory_may_overlap_and_between_memories_have_two_bounds() {
    let mut store = store(Metering::None);
    let (a, b) = (memory(&mut store, false), memory(&mut store, true));
    store.memory_data_mut(a)[..4].copy_from_slice(&[1, 2, 3, 4]);
    store.memory_copy(a, a, 1, 0, 4).unwrap();
    assert_eq!(store.memory(a).data()[..6], [1, 1, 2, 3, 4, 0]);
    store.memory_copy(a, a, 0, 1, 4).unwrap();
    assert_eq!(store.memory(a).data()[..6], [1, 2, 3, 4, 4, 0]);
    store.memory_copy(b, a, PAGE - 3, 1, 3).unwrap();
    assert_eq!(store.memory(b).data()[65533..], [2, 3, 4]);
    assert_eq!(store.memory_grow(b, 1), Some(1));
    store.memory_copy(b, a, PAGE, 0, PAGE).unwrap();
    for (d, s, n) in [(PAGE, 1, PAGE), (PAGE + 1, 0, PAGE), (2 * PAGE + 1, 0, 0), (0, u64::MAX, 2)]
    {
        let outcome = store.memory_copy(b, a, d, s, n);
        assert_eq!(outcome, Err(MemoryOutOfBounds), "{n} from {s} to {d}");
    }
}

#[test]
fn growth_gives_the_old_size_or_minus_one_in_the_address_type() {
    let mut store = store(Metering::None);
    for (memory64, failure) in [(false, 0xffff_ffff), (true, u64::MAX)] {
        let m = memory(&mut store, memory64);
        assert_eq!(store.memory_grow_cell(m, 2), Ok(failure));
        assert_eq!((store.memory_grow_cell(m, 1), store.memory_size(m)), (Ok(1), 2));
        assert_eq!(store.memory_vms[m.index()].len_bytes, 2 << 16);
        assert_eq!(store.memory_type(m).min, 2);
        let t = table(&mut store, RefType::FUNCREF, memory64);
        assert_eq!(store.table_grow_cell(t, 0, 3), Ok(failure));
        assert_eq!((store.table_grow_cell(t, 0, 2), store.table_size(t)), (Ok(4), 6));
        assert_eq!(store.table_vms[t.index()].len, 6);
    }
}

#[test]
fn growth_that_fails_may_be_a_trap() {
    let mut store =
        Store::new(StoreConfig { trap_on_grow_failure: true, ..StoreConfig::default() });
    let (m, t) = (memory(&mut store, false), table(&mut store, RefType::FUNCREF, false));
    assert_eq!((store.memory_grow_cell(m, 2), store.memory_grow(m, 2)), (Err(GrowthFailed), None));
    assert_eq!(store.memory_grow_cell(m, 1), Ok(1));
    assert_eq!(store.table_grow_cell(t, 0, 3), Err(GrowthFailed));
    assert_eq!(store.table_grow_cell(t, 0, 1), Ok(4));
}

#[test]
fn tables_are_read_and_written_inside_their_bounds() {
    let mut store = store(Metering::None);
    let t = table(&mut store, RefType::EXTERNREF, true);
    let x = store.extern_new(Box::new(1));
    assert_eq!((store.table_set(t, 3, x), store.table_get(t, 3)), (Ok(()), Ok(x)));
    for i in [4, 1 << 32, u64::MAX] {
        assert_eq!(store.table_get(t, i), Err(TableOutOfBounds), "{i}");
        assert_eq!(store.table_set(t, i, x), Err(TableOutOfBounds), "{i}");
    }
    assert_eq!(store.table_copy(t, t, 0, 1, 3), Ok(()));
    assert_eq!(store.table(t).elements(), [0, 0, x, x]);
    assert_eq!(store.table_copy(t, t, 1, 0, 3), Ok(()));
    assert_eq!(store.table(t).elements(), [0, 0, 0, x]);
    assert_eq!(store.table_fill(t, 1, x, 2), Ok(()));
    let u = table(&mut store, RefType::EXTERNREF, false);
    assert_eq!(store.table_copy(u, t, 2, 2, 2), Ok(()));
    assert_eq!(store.table(u).elements(), [0, 0, x, x]);
    for (d, s, n) in [(3, 0, 2), (0, 3, 2), (5, 0, 0), (0, u64::MAX, 1)] {
        assert_eq!(store.table_copy(u, t, d, s, n), Err(TableOutOfBounds), "{n} from {s} to {d}");
    }
    assert_eq!(store.table_fill(t, 4, x, 0), Ok(()));
    assert_eq!(store.table_fill(t, 3, x, 2), Err(TableOutOfBounds));
}

#[test]
fn only_references_of_the_store_and_type_get_into_a_table() {
    let mut store = store(Metering::None);
    let f = func_ref(func(&mut store, FuncType::new([], [])));
    let t = table(&mut store, RefType::FUNCREF, false);
    let e = table(&mut store, RefType::EXTERNREF, false);
    assert_eq!((store.table_set(t, 0, f), store.table_set(e, 0, f)), (Ok(()), Err(Misuse)));
    assert_eq!(store.table_set(t, 0, f + 1), Err(Misuse));
    assert_eq!(store.table_fill(t, 0, u64::MAX, 1), Err(Misuse));
    assert_eq!(store.table_grow(t, 1, f + 1), Err(Misuse));
    assert_eq!(store.table_copy(t, e, 0, 0, 1), Err(Misuse));
    assert_eq!(store.table(t).elements(), [f, 0, 0, 0]);
}

/// Machine code names the tables that it copies between, and nobody has validated it.
#[test]
fn tables_are_copied_to_tables_of_all_their_references() {
    let mut store = store(Metering::None);
    let (one, other) = (FuncType::new([], []), FuncType::new([prova_module::ValType::I32], []));
    let (f, g) = (func_ref(func(&mut store, one.clone())), func_ref(func(&mut store, other)));
    let id = store.type_id(&one);
    let typed = prova_module::ref_to_type(true, id).expect("few types");
    let whole = prova_module::ref_to_type(false, id).expect("few types");
    let any = table(&mut store, RefType::FUNCREF, false);
    let typed = table(&mut store, typed, false);
    let ty = TableType { ref_type: whole, min: 4, max: None, table64: false };
    let whole = store.table_new(ty, f).expect("a reference of its type");
    store.table_set(any, 1, g).expect("a function");
    // Null, a function of another type, a reference that may be null.
    assert_eq!(store.table_copy(whole, any, 0, 0, 1), Err(Misuse));
    assert_eq!(store.table_copy(typed, any, 0, 1, 1), Err(Misuse));
    assert_eq!(store.table_copy(whole, typed, 0, 0, 1), Err(Misuse));
    assert_eq!(store.table_copy(typed, whole, 0, 0, 2), Ok(()));
    assert_eq!(store.table_copy(any, typed, 1, 1, 1), Ok(()));
    assert_eq!(store.table(any).elements(), [0, f, 0, 0]);
    assert_eq!(store.table(whole).elements(), [f; 4]);
}

#[test]
fn an_indirect_callee_is_found_by_index_then_null_then_type() {
    let mut store = store(Metering::None);
    let ty = FuncType::new([], []);
    let f = func(&mut store, ty.clone());
    let t = table(&mut store, RefType::FUNCREF, false);
    store.table_set(t, 1, func_ref(f)).unwrap();
    let same = store.type_id(&ty);
    let other = store.type_id(&FuncType::new([prova_module::ValType::I32], []));
    assert_eq!(store.indirect_callee(t, 1, same), Ok(f));
    assert_eq!(store.indirect_callee(t, 1, other), Err(IndirectCallTypeMismatch));
    assert_eq!(store.indirect_callee(t, 0, other), Err(UninitializedElement));
    assert_eq!(store.indirect_callee(t, 4, other), Err(UndefinedElement));
}

#[test]
fn fuel_is_charged_after_the_bounds_check_and_before_the_effect() {
    let mut store = store(Metering::Fuel);
    let (m, t) = (memory(&mut store, false), table(&mut store, RefType::FUNCREF, false));
    let mut spends = |cost: u64, op: &mut dyn FnMut(&mut Store) -> Result<(), TrapKind>| {
        store.set_fuel(cost);
        assert_eq!((op(&mut store), store.fuel()), (Ok(()), 0));
        if cost > 0 {
            store.set_fuel(cost - 1);
            assert_eq!((op(&mut store), store.fuel()), (Err(OutOfFuel), cost - 1));
        }
    };
    spends(0, &mut |store| store.memory_fill(m, 0, 1, 0));
    spends(1, &mut |store| store.memory_fill(m, 0, 1, 8));
    spends(2, &mut |store| store.memory_copy(m, m, 0, 1, 9));
    spends(3, &mut |store| store.table_fill(t, 0, 0, 3));
    spends(4, &mut |store| store.table_copy(t, t, 0, 0, 4));
    store.set_fuel(0);
    assert_eq!(store.memory_fill(m, 100, 5, 1), Err(OutOfFuel));
    assert_eq!(store.memory(m).data()[100], 0, "no effect without fuel");
    assert_eq!(store.memory_fill(m, PAGE, 5, 1), Err(MemoryOutOfBounds));
    assert_eq!(store.table_fill(t, 4, 0, 1), Err(TableOutOfBounds));
    assert_eq!(store.memory_grow_cell(m, 2), Ok(0xffff_ffff), "growth that fails costs nothing");
    assert_eq!(store.memory_grow_cell(m, 1), Err(OutOfFuel));
    store.set_fuel(PAGE / 64);
    assert_eq!((store.memory_grow_cell(m, 1), store.fuel()), (Ok(1), 0));
    assert_eq!(store.table_grow_cell(t, 0, 3), Ok(0xffff_ffff), "nor do elements");
    assert_eq!(store.table_grow_cell(t, 0, 2), Err(OutOfFuel));
    assert_eq!((store.table_size(t), store.table_grow(t, 1, 0)), (4, Ok(Some(4))));
}

#[test]
fn other_metering_leaves_fuel_alone() {
    for metering in [Metering::None, Metering::Epoch] {
        let mut store = store(metering);
        let m = memory(&mut store, false);
        assert_eq!((store.memory_fill(m, 0, 1, PAGE), store.fuel()), (Ok(()), 0));
    }
}

#[test]
fn atomics_that_wait_are_checked_and_then_refused() {
    let mut store = store(Metering::None);
    let m = memory(&mut store, true);
    assert_eq!(store.atomic_notify(m, PAGE - 8, 4, 1), Ok(0));
    assert_eq!(store.atomic_notify(m, PAGE - 8, 6, 1), Err(HeapMisaligned));
    assert_eq!(store.atomic_notify(m, PAGE - 8, 8, 1), Err(MemoryOutOfBounds));
    assert_eq!(store.atomic_notify(m, u64::MAX, 1, 1), Err(MemoryOutOfBounds));
    assert_eq!(store.atomic_wait(m, (4, 0), 4, 0, -1), Err(ExpectedSharedMemory));
    assert_eq!(store.atomic_wait(m, (4, 0), 8, 0, -1), Err(HeapMisaligned));
    assert_eq!(store.atomic_wait(m, (PAGE, 0), 8, 0, -1), Err(MemoryOutOfBounds));
}

#[test]
fn a_memory_limit_is_the_limit_of_growth() {
    let limits = Limits { memory_bytes_max: PAGE, ..Limits::default() };
    let mut store = Store::new(StoreConfig { limits, ..StoreConfig::default() });
    let m = memory(&mut store, false);
    assert_eq!((store.memory_grow(m, 0), store.memory_grow(m, 1)), (Some(1), None));
}
