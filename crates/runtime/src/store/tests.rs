//! Properties of a store that cannot be seen from outside: where its guards lie.
//!
//! A green run does not show that an executor would run into one; it never should.

use super::{Store, StoreConfig};
use crate::lease::Stacks;
use crate::limits::Limits;
use crate::sys::tests::assert_guarded;
use prova_module::{MemoryType, RefType, TableType};

/// Behind the value stack, the frame records, each memory and each table nothing can be accessed,
/// before growth and after.
#[test]
fn guards_lie_behind_stacks_memories_and_tables() {
    let limits = Limits { table_elements_max: 5_000, ..Limits::default() };
    let mut store =
        Store::new(StoreConfig { stack_bytes: 1 << 16, limits, ..StoreConfig::default() });
    let memory =
        MemoryType { min: 1, max: Some(3), memory64: false, shared: false, page_size_log2: 16 };
    let memory = store.memory_new(memory).unwrap();
    let table = TableType { ref_type: RefType::FUNCREF, min: 1, max: None, table64: false };
    let table = store.table_new(table, 0).unwrap();
    let look = |store: &Store| {
        let Stacks::Values(stack) = &store.stacks else { panic!("it takes no native code") };
        let reservations = [
            stack,
            &store._frames,
            store.memory(memory).reservation(),
            store.table(table).reservation(),
        ];
        for reservation in reservations {
            let base = reservation.base().as_ptr() as usize;
            assert_guarded(base, reservation.committed(), reservation.reserved());
        }
        reservations.map(|reservation| (reservation.committed(), reservation.reserved()))
    };
    let before = look(&store);
    assert_eq!(before[2], (1 << 16, 3 << 16));
    assert_eq!(before[0].0, before[0].1, "the stack is all there");
    assert_eq!(store.memory_grow(memory, 2), Some(1));
    assert_eq!(store.table_grow(table, 4_999, 0), Ok(Some(1)));
    let after = look(&store);
    assert_eq!((after[2].0, after[3].0), (3 << 16, after[3].1), "all that there can be");
}
