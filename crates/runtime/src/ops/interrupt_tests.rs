//! Interrupts inside operations: an interrupt at the n-th poll leaves exactly the chunks before it
//! done. A copy in chunks equals a copy at once.
//!
//! A green run does not show that an epoch raised by another thread is seen
//! (`core/tests/stops.rs`), nor how long a chunk takes.

use super::{CHUNK_BYTES, CHUNK_ELEMENTS, Order, chunks};
use crate::attach::{Attach, AttachError, Attached};
use crate::instantiate::InstantiateError;
use crate::store::{Search, Store, StoreConfig};
use crate::trap::TrapKind::{self, *};
use crate::value::{Extern, InstanceAddr, MemoryAddr, TableAddr};
use prova_bytecode::{Metering, Settings};
use prova_module::{
    DataIdx, ElemIdx, Features, FuncIdx, Limits, MemoryType, Module, RefType, TableType,
};
use std::sync::Arc;

fn store(metering: Metering) -> Store {
    let settings = Settings { metering, deterministic: false };
    Store::new(StoreConfig { settings, stack_bytes: 1 << 12, ..StoreConfig::default() })
}

/// The size of the memories of these tests, in pages: three chunks and a half.
const PAGES: u64 = 56;
const BYTES: usize = (PAGES << 16) as usize;
const ELEMENTS: usize = 3 * CHUNK_ELEMENTS + CHUNK_ELEMENTS / 2;

fn memory(store: &mut Store) -> MemoryAddr {
    let ty =
        MemoryType { min: PAGES, max: None, memory64: false, shared: false, page_size_log2: 16 };
    let memory = store.memory_new(ty).unwrap();
    for (i, byte) in store.memory_data_mut(memory).iter_mut().enumerate() {
        *byte = (i % 251) as u8;
    }
    memory
}

/// A table of references, each to a different object of the host.
fn table(store: &mut Store) -> TableAddr {
    let ty = TableType { ref_type: RefType::EXTERNREF, min: 0, max: None, table64: false };
    let table = store.table_new(ty, 0).unwrap();
    let refs: Vec<u64> = (0..97).map(|i| store.extern_new(Box::new(i))).collect();
    assert_eq!(store.table_grow(table, ELEMENTS as u64, 0), Ok(Some(0)));
    for i in 0..ELEMENTS {
        store.table_set(table, i as u64, refs[i % 97]).unwrap();
    }
    table
}

/// The result of an operation when `polls` polls succeed and the next one interrupts.
fn after<R>(store: &mut Store, polls: u64, operation: impl FnOnce(&mut Store) -> R) -> R {
    store.polls_until_due.set(Some(polls));
    let outcome = operation(store);
    store.polls_until_due.set(None);
    outcome
}

#[test]
fn chunks_cover_all_and_nothing_twice() {
    for n in [0, 1, 7, 8, 9, 16, 17] {
        for order in [Order::Up, Order::Down] {
            let mut pieces: Vec<_> = chunks(n, 8, order).collect();
            if order == Order::Down {
                pieces.reverse();
            }
            let all: Vec<usize> = pieces.into_iter().flatten().collect();
            assert_eq!(all, (0..n).collect::<Vec<_>>(), "{n} {order:?}");
        }
    }
}

#[test]
fn a_fill_is_done_up_to_the_interrupt() {
    let n = BYTES as u64;
    for (polls, filled) in [(0, 0), (1, CHUNK_BYTES), (3, 3 * CHUNK_BYTES)] {
        let mut store = store(Metering::Epoch);
        let m = memory(&mut store);
        let outcome = after(&mut store, polls, |store| store.memory_fill(m, 0, 255, n));
        assert_eq!(outcome, Err(Interrupt));
        let data = store.memory(m).data();
        assert!(data[..filled].iter().all(|&byte| byte == 255), "{polls} polls");
        assert!(data[filled..].iter().all(|&byte| byte != 255), "{polls} polls");
    }
    // A fourth poll comes before the last half chunk; without epochs there is none at all.
    for (metering, polls) in [(Metering::Epoch, 4), (Metering::None, 0)] {
        let mut store = store(metering);
        let m = memory(&mut store);
        assert_eq!(after(&mut store, polls, |store| store.memory_fill(m, 0, 255, n)), Ok(()));
        assert!(store.memory(m).data().iter().all(|&byte| byte == 255));
    }
}

/// Distances of overlapping copies, around what a chunk is.
fn distances(chunk: usize) -> [usize; 5] {
    [1, chunk - 1, chunk, chunk + 1, 2 * chunk + 5]
}

#[test]
fn overlapping_copies_in_chunks_are_the_copies() {
    for distance in distances(CHUNK_BYTES) {
        for (to, from) in [(distance, 0), (0, distance)] {
            let mut store = store(Metering::Epoch);
            let m = memory(&mut store);
            let mut expected = store.memory(m).data().to_vec();
            let n = BYTES - distance;
            expected.copy_within(from..from + n, to);
            assert_eq!(store.memory_copy(m, m, to as u64, from as u64, n as u64), Ok(()));
            assert!(store.memory(m).data() == expected, "{n} bytes from {from} to {to}");
        }
    }
    for distance in distances(CHUNK_ELEMENTS) {
        for (to, from) in [(distance, 0), (0, distance)] {
            let mut store = store(Metering::Both);
            store.set_fuel(u64::MAX);
            let t = table(&mut store);
            let mut expected = store.table(t).elements().to_vec();
            let n = ELEMENTS - distance;
            expected.copy_within(from..from + n, to);
            assert_eq!(store.table_copy(t, t, to as u64, from as u64, n as u64), Ok(()));
            assert!(store.table(t).elements() == expected, "{n} elements from {from} to {to}");
        }
    }
}

#[test]
fn an_interrupted_copy_has_done_its_first_chunks_from_the_end_that_it_began_at() {
    let mut store = store(Metering::Epoch);
    let (m, t) = (memory(&mut store), table(&mut store));
    let n = 2 * CHUNK_BYTES + 10;
    let old = store.memory(m).data().to_vec();
    let copy = |store: &mut Store| store.memory_copy(m, m, 1, 0, n as u64);
    assert_eq!(after(&mut store, 1, copy), Err(Interrupt));
    let mut expected = old.clone();
    // The last chunk is the short one.
    expected[1 + 2 * CHUNK_BYTES..1 + n].copy_from_slice(&old[2 * CHUNK_BYTES..n]);
    assert!(store.memory(m).data() == expected, "from the end");
    let other = memory(&mut store);
    store.memory_data_mut(other).fill(7);
    let copy = |store: &mut Store| store.memory_copy(other, m, 5, 0, n as u64);
    assert_eq!(after(&mut store, 2, copy), Err(Interrupt));
    let data = store.memory(other).data();
    assert!(data[5..5 + 2 * CHUNK_BYTES] == expected[..2 * CHUNK_BYTES], "from the start");
    assert!(data[5 + 2 * CHUNK_BYTES..].iter().all(|&byte| byte == 7));

    let old = store.table(t).elements().to_vec();
    let n = 2 * CHUNK_ELEMENTS + 10;
    let copy = |store: &mut Store| store.table_copy(t, t, 0, 3, n as u64);
    assert_eq!(after(&mut store, 1, copy), Err(Interrupt));
    let mut expected = old.clone();
    expected[..CHUNK_ELEMENTS].copy_from_slice(&old[3..3 + CHUNK_ELEMENTS]);
    assert!(store.table(t).elements() == expected);
    let fill = |store: &mut Store| store.table_fill(t, 0, 0, n as u64);
    assert_eq!(after(&mut store, 2, fill), Err(Interrupt));
    let nulls = store.table(t).elements().iter().filter(|&&cell| cell == 0).count();
    assert_eq!(nulls, 2 * CHUNK_ELEMENTS);
}

#[test]
fn growth_that_is_interrupted_does_not_happen() {
    let mut store = store(Metering::Epoch);
    let (m, t) = (memory(&mut store), table(&mut store));
    let x = store.extern_new(Box::new(1));
    let size = ELEMENTS as u64;
    for polls in 0..3 {
        let grow = |store: &mut Store| store.table_grow_cell(t, x, 2 * CHUNK_ELEMENTS as u64 + 1);
        assert_eq!(after(&mut store, polls, grow), Err(Interrupt), "{polls}");
        assert_eq!((store.table_size(t), store.table_vms[t.index()].len), (size, ELEMENTS));
    }
    let grow = |store: &mut Store| store.table_grow_cell(t, x, 2 * CHUNK_ELEMENTS as u64 + 1);
    assert_eq!(after(&mut store, 3, grow), Ok(size));
    assert!(store.table(t).elements()[ELEMENTS..].iter().all(|&cell| cell == x));
    let grow = |store: &mut Store| store.memory_grow_cell(m, 1);
    assert_eq!(after(&mut store, 0, grow), Err(Interrupt));
    assert_eq!((after(&mut store, 1, grow), store.memory_size(m)), (Ok(PAGES), PAGES + 1));
}

#[test]
fn bounds_come_before_the_epoch_and_the_epoch_before_fuel() {
    let mut store = store(Metering::Both);
    let (m, t) = (memory(&mut store), table(&mut store));
    type Operation<'a> = &'a dyn Fn(&mut Store, u64) -> Result<(), TrapKind>;
    let operations: [(Operation<'_>, TrapKind, u64); 4] = [
        (&|store, at| store.memory_fill(m, at, 1, 80), MemoryOutOfBounds, 10),
        (&|store, at| store.memory_copy(m, m, at, 0, 80), MemoryOutOfBounds, 10),
        (&|store, at| store.table_fill(t, at, 0, 5), TableOutOfBounds, 5),
        (&|store, at| store.table_copy(t, t, at, 0, 5), TableOutOfBounds, 5),
    ];
    for (operation, out_of_bounds, cost) in operations {
        store.set_fuel(cost - 1);
        let outcome = after(&mut store, 0, |store| operation(store, u64::MAX));
        assert_eq!(outcome, Err(out_of_bounds));
        assert_eq!(after(&mut store, 0, |store| operation(store, 0)), Err(Interrupt));
        assert_eq!(after(&mut store, 1, |store| operation(store, 0)), Err(OutOfFuel));
        assert_eq!(store.fuel(), cost - 1);
        store.set_fuel(cost);
        assert_eq!(after(&mut store, 1, |store| operation(store, 0)), Ok(()));
        assert_eq!(store.fuel(), 0);
    }
    // Growth that type or limits refuse is neither charged nor interrupted.
    let grow = |store: &mut Store| store.memory_grow_cell(m, 1 << 20);
    assert_eq!(after(&mut store, 0, grow), Ok(u64::from(u32::MAX)));
}

#[test]
fn a_search_pays_as_it_goes_and_is_interrupted() {
    let mut store = store(Metering::Both);
    let steps = |store: &Store| {
        let mut search = Search::new();
        (0u64..).find_map(|i| search.ask(store).err().map(|kind| (i, kind)))
    };
    store.set_fuel(1_000);
    assert_eq!(steps(&store), Some((1_000, OutOfFuel)));
    assert_eq!(store.fuel(), 1_000, "nothing is taken from a search that is not paid for");
    store.set_fuel(u64::MAX);
    for (polls, chunks) in [(0, 1), (4, 5)] {
        let interrupted = after(&mut store, polls, |store| steps(store));
        assert_eq!(interrupted, Some((chunks * (1 << 16) - 1, Interrupt)));
    }
    for (fuel, outcome, left) in [(59, Err(OutOfFuel), 59), (60, Ok(()), 0)] {
        store.set_fuel(fuel);
        let mut search = Search::new();
        assert_eq!((search.ask(&store), search.leave_frame(&store)), (Ok(()), Ok(())));
        assert_eq!(search.ask(&store), Ok(()));
        // Two clauses, a frame, the throw itself, 34 units for cells.
        assert_eq!((search.pay(&mut store, 8 * 34 + 7, false), store.fuel()), (outcome, left));
    }
}

struct NoCode;

impl Attach for NoCode {
    fn attach(&self, _: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Err(format!("no bytecode for {func}").into())
    }
}

/// The instance of a module whose instantiation `polls` polls allow, and whether it was
/// interrupted.
fn instantiate(store: &mut Store, text: &str, polls: u64) -> (InstanceAddr, bool) {
    let wasm = wat::parse_str(text).unwrap();
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).unwrap();
    match after(store, polls, |store| store.instantiate(&mut (), &module, &[], Arc::new(NoCode))) {
        Ok(instance) => (instance, false),
        Err(InstantiateError::Trap { instance, trap, .. }) => {
            assert_eq!(trap.kind, Interrupt);
            (instance, true)
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_interrupted_instantiation_leaves_no_element_without_its_start_value() {
    let n = 2 * CHUNK_ELEMENTS + 5;
    let text = format!(
        r#"(module (func $f)
            (table (export "null") {n} funcref)
            (table (export "a") {n} (ref func) (ref.func $f))
            (table (export "b") {n} (ref func) (ref.func $f)))"#
    );
    let mut interrupted = 0;
    for polls in 0.. {
        let mut store = store(Metering::Epoch);
        let (instance, stopped) = instantiate(&mut store, &text, polls);
        let sizes = ["null", "a", "b"].map(|name| {
            let table = store.instance(instance).export(name).and_then(Extern::table).unwrap();
            let elements = store.table(table).elements();
            assert_eq!(store.table_vms[table.index()].len, elements.len());
            assert!(name == "null" || elements.iter().all(|&cell| cell != 0), "{name}");
            elements.len()
        });
        assert_eq!(sizes[0], n);
        assert_eq!(stopped, sizes != [n, n, n], "{polls} polls: {sizes:?}");
        if !stopped {
            break;
        }
        interrupted += 1;
    }
    assert!(interrupted >= 4, "{interrupted}");
}

#[test]
fn many_segments_are_interrupted_and_few_are_not_tested() {
    // A segment counts 64 bytes besides its own.
    let segments = |n: usize| {
        format!(
            r#"(module (memory (export "m") 1) (table 1 funcref) (func $f) {} {})"#,
            r#"(elem (i32.const 0) func $f)"#.repeat(n),
            r#"(data (i32.const 0) "x")"#.repeat(n)
        )
    };
    let mut store = store(Metering::Epoch);
    let (instance, stopped) = instantiate(&mut store, &segments(1_000), 0);
    assert!(!stopped && store.instance(instance).data(DataIdx(0)).is_empty());
    let (instance, stopped) = instantiate(&mut store, &segments(10_000), 0);
    assert!(stopped && !store.instance(instance).data(DataIdx(9_999)).is_empty());
    assert!(store.instance(instance).elem(ElemIdx(0)).is_empty(), "the first segments are done");
    let large = format!(r#"(module (memory 100) (data (i32.const 0) "{}"))"#, "x".repeat(BYTES));
    for (polls, stopped) in [(0, true), (2, true), (4, false)] {
        assert_eq!(instantiate(&mut store, &large, polls).1, stopped, "{polls} polls");
    }
}
