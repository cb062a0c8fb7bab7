//! Memories keep M1 and M2. Green does not show what happens when the system's memory runs out.

use super::{AllocError, Memory, RESERVATION_BYTES_MAX};
use crate::limits::{LimitExceeded, Limits};
use prova_module::MemoryType;

/// A memory type of 64 KiB pages and 32-bit addresses.
fn ty(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType { min, max, memory64: false, shared: false, page_size_log2: 16 }
}

fn new(ty: MemoryType) -> Memory {
    Memory::new(ty, &Limits::default()).unwrap()
}

#[test]
fn starts_zeroed_and_grows_in_place_up_to_its_maximum() {
    let mut memory = new(ty(1, Some(3)));
    assert_eq!((memory.pages(), memory.len_bytes(), memory.data().len()), (1, 65536, 65536));
    assert!(memory.data().iter().all(|&byte| byte == 0));
    let base = memory.vm().base;
    memory.data_mut()[65535] = 9;
    assert_eq!(memory.grow(0), Some(1));
    assert_eq!(memory.grow(2), Some(1));
    assert_eq!((memory.pages(), memory.vm().len_bytes, memory.vm().base), (3, 3 << 16, base));
    assert_eq!((memory.data()[65535], memory.data()[65536]), (9, 0));
    for delta in [1, 65533, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(memory.grow(delta), None, "by {delta}");
    }
    assert_eq!(memory.grow(0), Some(3), "a failed growth changes nothing");
}

#[test]
fn a_memory_of_no_bytes_is_a_memory() {
    let mut memory = new(ty(0, Some(0)));
    assert_eq!((memory.data().len(), memory.vm().len_bytes), (0, 0));
    assert_eq!((memory.grow(0), memory.grow(1)), (Some(0), None));
}

#[test]
fn pages_of_one_byte_count_bytes() {
    let mut memory = new(MemoryType { page_size_log2: 0, ..ty(5, Some(5000)) });
    assert_eq!(memory.data(), [0; 5]);
    assert_eq!(memory.grow(4990), Some(5));
    assert_eq!(memory.data().len(), 4995);
    assert_eq!((memory.grow(6), memory.grow(5)), (None, Some(4995)));
}

#[test]
#[cfg(not(miri))]
fn growth_ends_at_the_address_space_of_the_type() {
    let mut memory = new(ty(0, None));
    assert_eq!(memory.pages_max, 1 << 16);
    assert_eq!(memory.grow((1 << 16) + 1), None);
    let bytes = new(MemoryType { page_size_log2: 0, ..ty(0, None) });
    assert_eq!(bytes.pages_max, u64::from(u32::MAX));
    let mut wide = new(MemoryType { memory64: true, ..ty(0, None) });
    assert_eq!(wide.pages_max, Limits::default().memory_bytes_max >> 16);
    assert_eq!((wide.grow(u64::MAX), wide.grow(1 << 48)), (None, None));
    assert_eq!((wide.grow(2), wide.pages()), (Some(0), 2));
}

#[test]
fn no_type_and_no_limit_overflows() {
    let limits = Limits { memory_bytes_max: u64::MAX, ..Limits::default() };
    for page_size_log2 in [0, 16] {
        for min in [1 << 47, 1 << 48, u64::MAX] {
            let ty = MemoryType { memory64: true, page_size_log2, ..ty(min, None) };
            let error = Memory::new(ty, &limits).unwrap_err();
            let actual = u64::try_from(u128::from(min) << page_size_log2).unwrap_or(u64::MAX);
            let (name, max) = ("memory_bytes_max", RESERVATION_BYTES_MAX);
            assert_eq!(error, AllocError::Limit(LimitExceeded { name, max, actual }), "{ty:?}");
        }
    }
}

#[test]
fn the_store_s_limit_bounds_start_and_growth() {
    let limits = Limits { memory_bytes_max: (2 << 16) + 5, ..Limits::default() };
    let mut memory = Memory::new(ty(2, None), &limits).unwrap();
    assert_eq!((memory.grow(0), memory.grow(1)), (Some(2), None));
    let limit = LimitExceeded { name: "memory_bytes_max", max: (2 << 16) + 5, actual: 3 << 16 };
    assert_eq!(Memory::new(ty(3, None), &limits).unwrap_err(), AllocError::Limit(limit));
}

#[test]
#[cfg(not(miri))]
fn no_limit_allows_more_than_can_be_reserved() {
    let wide = |min| MemoryType { memory64: true, ..ty(min, None) };
    let limits = Limits { memory_bytes_max: u64::MAX, ..Limits::default() };
    let pages = RESERVATION_BYTES_MAX >> 16;
    let limit =
        LimitExceeded { name: "memory_bytes_max", max: pages << 16, actual: (pages + 1) << 16 };
    assert_eq!(Memory::new(wide(pages + 1), &limits).unwrap_err(), AllocError::Limit(limit));
    // An allowed size is reserved, although the system may have less.
    let memory = Memory::new(wide(1), &limits).unwrap();
    assert!(memory.may_grow(pages - 1) && !memory.may_grow(pages));
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn what_moves_leaves_nothing_accessible() {
    let mut memory = new(ty(1, Some(3)));
    memory.data_mut()[65535] = 9;
    assert_eq!(memory.grow(1), Some(1));
    let (base, reserved) = (memory.vm().base.addr(), memory.reservation().reserved());
    let left = memory.relocate().expect("other address space");
    assert_ne!(memory.vm().base.addr(), base);
    assert_eq!((memory.pages(), memory.data()[65535], memory.data()[65536]), (2, 9, 0));
    crate::sys::tests::assert_guarded(base, 0, reserved);
    drop(left);
    assert_eq!((memory.grow(1), memory.grow(1)), (Some(2), None), "as far as before");
    memory.data_mut()[3 * 65536 - 1] = 1;
}

/// M5.
#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn nothing_behind_the_length_can_be_accessed() {
    for memory64 in [false, true] {
        let mut memory = new(MemoryType { memory64, ..ty(1, Some(5)) });
        let mut left = Vec::new();
        for delta in [0, 1, 2, 9, 1] {
            memory.grow(delta);
            let len = memory.len_bytes() as usize;
            let reserved = memory.reservation().reserved();
            crate::sys::tests::assert_guarded(memory.vm().base.addr(), len, reserved);
            left.extend(memory.relocate());
            crate::sys::tests::assert_guarded(memory.vm().base.addr(), len, reserved);
        }
        assert_eq!((memory.pages(), left.len()), (5, 5));
    }
}
