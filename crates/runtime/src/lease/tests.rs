//! Q3 and Q4 by memories and tables that come one after another. Green does not show what happens
//! where the system refuses to renew.

use super::{Lease, StackLease, Stacks, Wanted};
use crate::limits::Limits;
use crate::memory::{Memory, Room};
use crate::store::{Spare, SpareLimits};
use crate::sys::tests::{assert_guarded, pages_at};
use crate::sys::{Image, StackBytes, page_bytes};
use crate::table::Table;
use prova_module::{MemoryType, RefType, TableType};
use std::sync::Arc;

const TYPE: MemoryType =
    MemoryType { min: 2, max: Some(5), memory64: false, shared: false, page_size_log2: 16 };
const GUARD: Option<(u64, u64)> = Some((1 << 32, 2 << 20));

fn memory(spare: &Arc<Spare>, guard: Option<(u64, u64)>, image: Option<&Image>) -> Memory {
    let image = image.map(Image::id);
    Memory::within(TYPE, &Limits::default(), Room { spare: Some(spare), guard, image }).unwrap()
}

fn kept(bytes: usize) -> Arc<Spare> {
    Arc::new(Spare::with_limits(SpareLimits { memory_keep_bytes: bytes, ..SpareLimits::default() }))
}

/// Where it lies, and whether all its bytes are 0.
fn place(memory: &Memory) -> (usize, bool) {
    (memory.vm().base.addr(), memory.data().iter().all(|&byte| byte == 0))
}

#[test]
fn a_memory_gets_the_place_of_the_one_before_and_none_of_its_bytes() {
    for (keep, guard) in [(0, None), (0, GUARD), (1 << 14, None), (usize::MAX, GUARD)] {
        let spare = kept(keep);
        let mut first = memory(&spare, guard, None);
        let (base, zero) = place(&first);
        assert!(zero && first.is_guarded() == guard.is_some());
        first.grow(2).unwrap();
        first.data_mut().fill(7);
        let reserved = first.reservation().reserved();
        drop(first);
        let mut second = memory(&spare, guard, None);
        assert_eq!((place(&second), second.pages()), ((base, true), 2), "{keep} {guard:?}");
        assert_guarded(base, 2 << 16, reserved);
        assert!(second.touch(), "nobody has had it");
        assert_eq!(second.grow(3), Some(2));
        assert_eq!(place(&second), (base, true), "what is new is 0 too");
    }
}

#[test]
fn a_memory_of_another_size_or_guard_gets_another_place() {
    let spare = Arc::new(Spare::new());
    let first = memory(&spare, None, None);
    let base = place(&first).0;
    drop(first);
    let guarded = memory(&spare, GUARD, None);
    let room = Room { spare: Some(&spare), ..Room::default() };
    let ty = MemoryType { max: Some(6), ..TYPE };
    let greater = Memory::within(ty, &Limits::default(), room).unwrap();
    let same = memory(&spare, None, None);
    let places = [&guarded, &greater, &same].map(|memory| place(memory).0 == base);
    assert_eq!(places, [false, false, true]);
}

#[test]
fn memories_at_once_are_never_at_one_place() {
    let spare = Arc::new(Spare::new());
    drop([(); 3].map(|()| memory(&spare, None, None)));
    let mut places = [(); 5].map(|()| memory(&spare, None, None)).map(|memory| {
        let at = place(&memory).0;
        std::mem::forget(memory);
        at
    });
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0] != pair[1]));
}

fn image(text: &[u8]) -> Image {
    Image::new(page_bytes(), [(3, text)]).unwrap()
}

fn with(memory: &mut Memory, image: &Image) -> Vec<u8> {
    assert!(memory.touch() && memory.map_image(page_bytes(), image));
    let (before, after) = memory.data().split_at(page_bytes());
    assert!(before.iter().all(|&byte| byte == 0));
    after[..8].to_vec()
}

#[test]
fn an_image_that_is_there_is_found_as_it_was() {
    let spare = Arc::new(Spare::new());
    let (one, two) = (image(b"one"), image(b"two"));
    let mut memory_of = memory(&spare, None, Some(&one));
    let base = place(&memory_of).0;
    for image_of in [&one, &one, &two, &one] {
        drop(memory_of);
        memory_of = memory(&spare, None, Some(image_of));
        assert_eq!(place(&memory_of).0, base);
        let text = if std::ptr::eq(image_of, &one) { b"\0\0\0one\0\0" } else { b"\0\0\0two\0\0" };
        assert_eq!(with(&mut memory_of, image_of), text);
        memory_of.data_mut().fill(9);
    }
    drop(memory_of);
    assert_eq!(place(&memory(&spare, None, None)), (base, true), "one that wants no image");
}

#[test]
fn an_image_that_was_wanted_and_not_mapped_is_seen_by_nobody() {
    let spare = Arc::new(Spare::new());
    let (one, two) = (image(b"one"), image(b"two"));
    let mut first = memory(&spare, None, Some(&one));
    with(&mut first, &one);
    drop(first);
    let mut second = memory(&spare, None, Some(&one));
    assert!(!place(&second).1, "the image is there, before anyone may see it");
    second.settle();
    assert!(place(&second).1);
    drop(second);
    let mut third = memory(&spare, None, Some(&one));
    assert!(place(&third).1, "it is gone for good");
    with(&mut third, &one);
    drop(third);
    assert_eq!(with(&mut memory(&spare, None, Some(&one)), &two), b"\0\0\0two\0\0");
}

#[test]
fn a_table_is_null_again() {
    let spare = Arc::new(Spare::new());
    let ty = TableType { ref_type: RefType::FUNCREF, min: 3000, max: None, table64: false };
    let table = |init| Table::within(ty, init, &Limits::default(), Some(&spare)).unwrap();
    let mut first = table(7);
    first.grow(5000, 8).unwrap();
    let base = first.elements().as_ptr().addr();
    drop(first);
    let mut second = table(0);
    assert_eq!(second.elements().as_ptr().addr(), base);
    second.grow(5000, 0).unwrap();
    assert!(second.elements().iter().all(|&cell| cell == 0), "T3");
}

#[test]
fn as_many_are_kept_as_the_limits_say() {
    let wanted =
        Wanted { min: 4096, max: 4096, guard: None, committed: 4096, image: None, keep: 0 };
    for stores_max in [0, 1, 3] {
        let limits = SpareLimits { stores_max, ..SpareLimits::default() };
        let spare = Arc::new(Spare::with_limits(limits));
        let leases = [(); 4].map(|()| Lease::new(Some(&spare), &wanted).unwrap());
        drop(leases);
        let left = std::iter::from_fn(|| spare.take_space(&wanted)).count();
        assert_eq!(left, stores_max);
    }
    let spare = Arc::new(Spare::new());
    let short = Wanted { max: 1 << 60, ..wanted };
    drop(Lease::new(Some(&spare), &short).unwrap());
    assert!(spare.take_space(&short).is_none(), "one that is shorter than asked for");
    assert!(spare.take_space(&wanted).is_none());
    drop(Lease::new(Some(&spare), &wanted).unwrap());
    assert!(spare.clear() && !spare.clear());
}

#[test]
#[cfg(target_arch = "x86_64")]
fn stacks_of_a_store_with_native_code_are_empty_again() {
    let page = page_bytes();
    // In a GiB with nothing else; too great for that; of few pages; without values.
    for (native, values) in
        [(5 * page, 3 * page), (1 << 30, 2 * page), (page, 1), (2 * page + 1, 5 * page), (page, 0)]
    {
        let spare = Arc::new(Spare::new());
        let bytes = StackBytes { native, values };
        let stacks = || Stacks::Both(StackLease::new(Some(&spare), bytes).unwrap());
        let stack = stacks();
        let (top, (low, count)) = (stack.native_top().unwrap(), stack.values());
        let touched = native.min(5 * page);
        let at_top = std::ptr::with_exposed_provenance_mut::<u8>(top - touched);
        assert_eq!(count, values.next_multiple_of(page));
        // SAFETY: S6: the bytes are the stacks', which nobody uses.
        unsafe {
            at_top.write_bytes(7, touched);
            low.write_bytes(7, count);
        }
        drop(stack);
        for bytes in
            [StackBytes { native: native + 1, values }, StackBytes { native, values: values + 1 }]
        {
            let other = Stacks::Both(StackLease::new(Some(&spare), bytes).unwrap());
            assert_ne!(other.native_top(), Some(top), "another size");
        }
        let stack = stacks();
        assert_eq!((stack.native_top(), stack.values()), (Some(top), (low, count)));
        // SAFETY: as above.
        let both = unsafe {
            [
                std::slice::from_raw_parts(at_top, touched),
                std::slice::from_raw_parts(low.as_ptr(), count),
            ]
        };
        assert!(both.concat().iter().all(|&byte| byte == 0), "{bytes:?}");
        assert_guarded(low.addr().get(), count, count);
        assert_guarded(top - native.next_multiple_of(page), native.next_multiple_of(page), native);
        for guard in [low.addr().get() - 1, top - native.next_multiple_of(page) - 1] {
            assert_eq!(pages_at(guard & !(page - 1)).unwrap().1, "---p", "below, {bytes:?}");
        }
    }
}
