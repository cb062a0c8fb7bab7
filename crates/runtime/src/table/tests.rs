//! Tables keep T1. T2 is the business of `ops`, whose tests look at it.

use super::Table;
use crate::limits::Limits;
use crate::memory::AllocError;
use prova_module::{RefType, TableType};

fn ty(min: u64, max: Option<u64>) -> TableType {
    TableType { ref_type: RefType::EXTERNREF, min, max, table64: false }
}

#[test]
fn starts_with_its_element_and_grows_up_to_its_maximum() {
    let mut table = Table::new(ty(2, Some(5)), 7, &Limits::default()).unwrap();
    assert_eq!(table.elements(), [7, 7]);
    assert_eq!((table.grow(0, 1), table.grow(2, 8)), (Some(2), Some(2)));
    assert_eq!(table.elements(), [7, 7, 8, 8]);
    for delta in [2, u64::from(u32::MAX), u64::MAX] {
        assert_eq!((table.may_grow(delta), table.grow(delta, 9)), (false, None), "by {delta}");
    }
    assert_eq!((table.grow(1, 9), table.size(), table.vm().len), (Some(4), 5, 5));
    assert_eq!(table.vm().base.cast_const(), table.elements().as_ptr());
}

#[test]
fn the_store_s_limit_bounds_start_and_growth() {
    let limits = Limits { table_elements_max: 3, ..Limits::default() };
    let mut table = Table::new(ty(3, None), 0, &limits).unwrap();
    assert_eq!((table.grow(0, 0), table.grow(1, 0)), (Some(3), None));
    let error = Table::new(ty(4, None), 0, &limits).unwrap_err();
    assert!(matches!(error, AllocError::Limit(limit) if limit.actual == 4 && limit.max == 3));
}

#[test]
fn index_types_bound_growth() {
    let limits = Limits { table_elements_max: u64::MAX, ..Limits::default() };
    let table = Table::new(ty(1, None), 0, &limits).unwrap();
    let max = u64::from(u32::MAX);
    assert_eq!((table.may_grow(max - 1), table.may_grow(max)), (true, false));
    let mut wide = Table::new(TableType { table64: true, ..ty(1, None) }, 0, &limits).unwrap();
    assert_eq!((wide.may_grow(max), wide.may_grow(u64::MAX)), (true, false));
    assert_eq!(wide.grow(u64::MAX - 1, 0), None, "the system refuses 2^67 bytes");
    assert_eq!(wide.size(), 1);
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn what_moves_leaves_nothing_accessible() {
    let mut table = Table::new(ty(2, Some(5)), 7, &Limits::default()).unwrap();
    assert_eq!(table.grow(1, 8), Some(2));
    let (base, reserved) = (table.vm().base.addr(), table.reservation().reserved());
    let left = table.relocate().expect("other address space");
    assert_ne!(table.vm().base.addr(), base);
    assert_eq!(table.elements(), [7, 7, 8]);
    crate::sys::tests::assert_guarded(base, 0, reserved);
    drop(left);
    assert_eq!((table.grow(2, 9), table.grow(1, 9)), (Some(3), None), "as far as before");
    assert_eq!(table.elements(), [7, 7, 8, 9, 9]);
}
