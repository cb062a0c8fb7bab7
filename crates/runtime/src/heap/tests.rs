//! The heap against a model: a map of objects with their bytes.

use super::*;
use prova_random::Rng;
use std::collections::BTreeMap;

/// Room enough.
const ROOM: u64 = u64::MAX;

/// The objects that should be there: by name, their bytes.
struct Model {
    heap: Heap,
    objects: BTreeMap<u32, Vec<u8>>,
    pinned: Vec<u32>,
}

impl Model {
    fn new(region_max: u64) -> Model {
        let heap = Heap::within(region_max);
        Model { heap, objects: BTreeMap::new(), pinned: Vec::new() }
    }

    fn make(&mut self, bytes: u64, random: &mut Rng) -> Option<u32> {
        let header = random.bits();
        let object = self.heap.make(header, bytes, ROOM).ok()?;
        assert!(object != 0 && object.is_multiple_of(8));
        let mut content = vec![0; bytes as usize];
        content[..8].copy_from_slice(&header.to_le_bytes());
        let range = u64::from(object)..u64::from(object) + bytes;
        assert_eq!(self.heap.get_mut(range.clone()), Some(&mut content[..]), "all 0 (HP2)");
        for byte in content[8..].iter_mut().step_by(61) {
            *byte = random.bits() as u8;
        }
        self.heap.get_mut(range).expect("it is committed").copy_from_slice(&content);
        let before = self.objects.range(..object).next_back();
        let apart = |(&at, of): (&u32, &Vec<u8>)| at as usize + of.len() <= object as usize;
        assert!(before.is_none_or(apart));
        let after = self.objects.range(object..).next();
        assert!(after.is_none_or(|(&at, _)| object as usize + content.len() <= at as usize));
        self.objects.insert(object, content);
        Some(object)
    }

    /// Marks some objects and drops the others, of the first `pages` pages alone.
    fn collect(&mut self, random: &mut Rng, keep_of_ten: u64, pages: usize) {
        let mut from = 0;
        while let Some(object) = self.heap.next_pinned(from) {
            assert!(self.pinned.contains(&object));
            self.heap.mark(object);
            from = object + 8;
        }
        let mut kept = Vec::new();
        for &object in self.objects.keys() {
            if random.bits() % 10 < keep_of_ten && self.heap.mark(object) {
                self.heap.push(object);
                kept.push(object);
            }
        }
        assert!(kept.iter().all(|&object| !self.heap.mark(object)), "marked once");
        while let Some(object) = self.heap.pop() {
            assert_eq!(kept.pop(), Some(object));
        }
        for page in 0..pages.min(self.heap.pages()) {
            self.heap.sweep_page(page);
        }
        self.heap.clear_marks();
        self.heap.finish_sweep();
        let heap = &self.heap;
        let gone: Vec<u32> =
            self.objects.keys().copied().filter(|&at| heap.object(at.into()).is_none()).collect();
        assert!(gone.iter().all(|at| !self.pinned.contains(at)));
        if pages >= heap.pages() && keep_of_ten == 0 {
            assert_eq!(self.objects.len() - gone.len(), self.pinned.len());
        }
        for at in gone {
            self.objects.remove(&at);
        }
        self.compare();
    }

    fn compare(&mut self) {
        assert_eq!(self.heap.objects(), self.objects.len() as u64);
        let (mut bytes, mut live) = (0, 0);
        for page in &self.heap.pages {
            match page {
                Page::Slots(slots) => {
                    bytes += cost_of_slots(slots.class);
                    live += u64::from(slots.used) * u64::from(slot_bytes(slots.class));
                }
                Page::Large(large) => {
                    bytes += cost_of_large(large.pages.into());
                    live += u64::from(large.pages) * u64::from(PAGE_BYTES);
                }
                Page::Free | Page::Rest => {}
            }
        }
        assert_eq!((self.heap.bytes(), self.heap.live_bytes()), (bytes, live), "HP3");
        for (&at, content) in &self.objects {
            assert_eq!(self.heap.object(at.into()), Some(at));
            let range = u64::from(at)..u64::from(at) + content.len() as u64;
            assert_eq!(self.heap.get_mut(range).as_deref(), Some(&content[..]));
        }
    }
}

fn size(random: &mut Rng) -> u64 {
    match random.bits() % 100 {
        0 => 8 + random.bits() % 300_000,
        1..10 => 8 + random.bits() % 9_000,
        _ => 8 + random.bits() % 100,
    }
}

#[test]
fn a_random_life_is_that_of_the_model() {
    let (steps, seeds) = if cfg!(miri) { (60, 1) } else { (20_000, 4) };
    for seed in 0..seeds {
        let mut random = Rng::new(seed);
        let mut model = Model::new(if cfg!(miri) { 4 << 20 } else { 64 << 20 });
        for step in 0..steps {
            if random.bits().is_multiple_of(2_000)
                && model.pinned.len() < 20
                && let Some(&object) = model.objects.keys().next_back()
                && !model.pinned.contains(&object)
            {
                model.heap.pin(object);
                model.pinned.push(object);
            }
            let bytes = size(&mut random);
            if model.make(bytes, &mut random).is_none() || step % 5_000 == 4_999 {
                let pages = match random.bits() % 3 {
                    0 => random.bits() as usize % model.heap.pages().max(1),
                    _ => usize::MAX,
                };
                let keep = random.bits() % 8;
                model.collect(&mut random, keep, pages);
            }
        }
        model.collect(&mut random, 0, usize::MAX);
    }
}

#[test]
fn only_the_beginning_of_an_object_is_its_name() {
    let mut heap = Heap::within(1 << 20);
    let mut made = Vec::new();
    for bytes in [8, 16, 24, 100, 8_192, 8_193, 200_000] {
        made.push(heap.make(1, bytes, ROOM).expect("there is room"));
    }
    let step = if cfg!(miri) { 8 } else { 1 };
    let named: Vec<u32> =
        (0..1u64 << 20).step_by(step).filter_map(|cell| heap.object(cell)).collect();
    made.sort_unstable();
    assert_eq!(named, made);
    assert!([u64::MAX, 1 << 32, 1 << 63].iter().all(|&cell| heap.object(cell).is_none()));
}

#[test]
fn room_and_region_end_and_nothing_has_changed() {
    let mut heap = Heap::within(1 << 20);
    assert_eq!(heap.make(0, 16, cost_of_slots(1) - 1), Err(Full::Limits));
    assert_eq!((heap.bytes(), heap.objects(), heap.pages()), (0, 0, 0));
    assert!(heap.make(0, 16, cost_of_slots(1)).is_ok());
    assert!(heap.make(0, 16, 0).is_ok(), "a page has more slots");
    assert_eq!(heap.make(0, 1 << 20, ROOM), Err(Full::Limits));
    assert_eq!(heap.make(0, u64::MAX, ROOM), Err(Full::Limits));
    let mut count = 0;
    while heap.make(0, 60_000, ROOM).is_ok() {
        count += 1;
    }
    // One page is never used, one has slots.
    assert_eq!((count, heap.objects()), (14, 16));
    assert!(heap.is_full(60_000, ROOM) && !heap.is_full(16, 0));
    // Once it has been collected for, an object is refused; the next one waits again.
    heap.put_off(0);
    assert!(!heap.is_full(60_000, ROOM));
    assert_eq!(heap.make(0, 60_000, ROOM), Err(Full::Limits));
    assert!(heap.is_full(60_000, ROOM) && !heap.is_full(16, 0));
}

#[test]
fn a_whole_heap_has_its_region_or_none() {
    let mut heap = Heap::whole();
    if cfg!(target_pointer_width = "64") && !cfg!(miri) {
        // More than the address space has: a smaller one would do, and is not taken.
        heap.region_max = 1 << 62;
        assert_eq!(heap.make(0, 16, ROOM), Err(Full::System));
        heap.is_whole = false;
        assert!(heap.make(0, 16, ROOM).is_ok());
    }
}

#[test]
fn pages_that_are_empty_count_for_nothing_and_are_zero() {
    let mut heap = Heap::within(16 << 20);
    let count = if cfg!(miri) { 100 } else { 5_000 };
    for _ in 0..count {
        let object = heap.make(u64::MAX, 1_024, ROOM).expect("there is room");
        heap.get_mut(object.into()..u64::from(object) + 1_024).expect("it is there").fill(0xff);
    }
    (0..heap.pages()).for_each(|page| heap.sweep_page(page));
    heap.finish_sweep();
    assert_eq!((heap.bytes(), heap.live_bytes(), heap.objects()), (0, 0, 0));
    assert!(heap.all()[PAGE_BYTES as usize..].iter().all(|&byte| byte == 0));
    let pages = heap.pages();
    let object = heap.make(0, 3 * u64::from(PAGE_BYTES), ROOM);
    assert_eq!((object, heap.pages()), (Ok(PAGE_BYTES), pages.max(4)), "the same pages again");
}

/// Slow where it is quadratic: many runs of free pages between pages in use, many requests.
#[test]
#[cfg(not(miri))]
fn fragments_are_found_quickly() {
    let mut free = FreePages::new();
    for run in 0..50_000 {
        free.add(4 * run, 1 + run % 3);
    }
    let mut taken = 0;
    for request in 0..100_000 {
        taken += u32::from(free.take(3 - request % 3).is_some());
    }
    assert!(taken > 40_000 && !free.has(4));
    // What is given back is joined.
    let mut free = FreePages::new();
    for page in (0..1_000).step_by(2).chain((1..1_000).step_by(2)) {
        free.add(page, 1);
    }
    assert_eq!((free.has(1_000), free.take(1_000), free.has(1)), (true, Some(0), false));
}

#[test]
fn accesses_end_with_what_is_committed() {
    let mut heap = Heap::new();
    assert_eq!(
        (heap.read_u64(0), heap.write_u8(0, 1), heap.copy_within(0..0, 0)),
        (None, None, Some(()))
    );
    heap.make(5, 16, ROOM).expect("there is room");
    let end = heap.all().len() as u64;
    assert_eq!((heap.read_u64(end - 8), heap.read_u64(end - 7)), (Some(0), None));
    assert_eq!((heap.read_u32(u64::MAX), heap.write_u16(end - 1, 7)), (None, None));
    assert_eq!((heap.copy_within(0..16, end - 8), heap.copy_within(end + 8..end, 0)), (None, None));
}

/// Free pages at the end are one with the region behind them.
#[test]
fn a_larger_object_finds_the_room_of_a_smaller_one() {
    let all = if cfg!(miri) { 4 } else { 16 };
    let bytes = |pages: u64| pages * u64::from(PAGE_BYTES);
    let mut heap = Heap::within(bytes(all));
    for pages in [all / 2, all * 3 / 4, all - 1, all - 1] {
        let object = heap.make(5, bytes(pages), ROOM).expect("there is room");
        assert_eq!(heap.pages() as u64, 1 + pages);
        let range = u64::from(object)..u64::from(object) + bytes(pages);
        let content = heap.get_mut(range).expect("it is there");
        assert!(content[8..].iter().all(|&byte| byte == 0), "all 0 (HP2)");
        content[8..].fill(7);
        heap.clear_marks();
        (0..heap.pages()).for_each(|page| heap.sweep_page(page));
        heap.finish_sweep();
        assert_eq!((heap.pages(), heap.bytes()), (1, 0));
    }
    assert_eq!(heap.make(5, bytes(all), ROOM), Err(Full::Limits));
}

/// The places behind a pinned object in the last 8 bytes of 4 GiB do not begin anew.
#[cfg(all(unix, target_pointer_width = "64", not(miri)))]
#[test]
fn the_last_pinned_object_is_the_last() {
    let mut heap = Heap::within(REGION_BYTES_MAX);
    let page = u64::from(PAGE_BYTES);
    heap.make(5, REGION_BYTES_MAX - 2 * page, ROOM).expect("there is address space");
    let mut last = 0;
    while let Ok(object) = heap.make(5, 8, ROOM) {
        last = object;
    }
    assert_eq!(last, u32::MAX - 7);
    heap.pin(last);
    assert_eq!((heap.pinned_after(None), heap.pinned_after(Some(last))), (Some(last), None));
}

/// An object made as machine code makes it: in what is lent, else by the heap, which lends more.
fn make_as_code(heap: &mut Heap, header: u64, bytes: u64) -> Option<u32> {
    let class = class_of(bytes).expect("it has a slot");
    let at = u64::from(slots::lent_at(class));
    let (next, end) = (heap.read_u32(at).unwrap_or(0), heap.read_u32(at + 4).unwrap_or(0));
    if next < end {
        heap.write_u32(at, next + slot_bytes(class))?;
        heap.write_u64(next.into(), header)?;
        return Some(next);
    }
    let object = heap.make(header, bytes, ROOM).ok()?;
    heap.lend(object);
    Some(object)
}

/// HP5: objects have the same names, and collections come at the same objects, whether code makes
/// some in what is lent or not.
#[test]
fn what_is_lent_changes_nothing() {
    let sizes = [8, 16, 24, 24, 24, 40, 200, 1000, 5000];
    for (seed, every) in (0..12).zip([0, 0, 0, 1, 2, 3, 7, 10, 100, 1000, 4096, 0]) {
        let mut random = Rng::new(seed);
        let (mut plain, mut lent) = (Heap::within(1 << 26), Heap::within(1 << 26));
        plain.collect_every(every);
        lent.collect_every(every);
        let mut alive: Vec<u32> = Vec::new();
        let (mut collections, mut in_lent) = (0, 0);
        for number in 0..if cfg!(miri) { 400 } else { 120_000_u64 } {
            let bytes = sizes[random.below(sizes.len())];
            let full = plain.is_full(bytes, ROOM);
            assert_eq!(lent.is_full(bytes, ROOM), full, "{seed}, object {number}");
            if full {
                let at = u64::from(slots::lent_at(class_of(bytes).expect("it has a slot")));
                let words = lent.read_u32(at).zip(lent.read_u32(at + 4));
                assert!(words.is_none_or(|(next, end)| next >= end), "code would not ask");
                collections += 1;
                let keep = random.below(11) as u64;
                alive.retain(|_| random.bits() % 10 < keep);
                lent.take_all_back();
                for heap in [&mut plain, &mut lent] {
                    alive.iter().for_each(|&object| assert!(heap.mark(object)));
                    (0..heap.pages()).for_each(|page| heap.sweep_page(page));
                    heap.clear_marks();
                    heap.finish_sweep();
                    heap.put_off(0);
                }
            }
            let object = plain.make(number, bytes, ROOM).expect("there is room");
            let objects = lent.lent.all().objects;
            let as_code = random.below(10) > 0;
            let other = match as_code {
                true => make_as_code(&mut lent, number, bytes),
                false => lent.make(number, bytes, ROOM).ok(),
            };
            in_lent += u64::from(as_code && lent.lent.all().objects == objects && objects > 0);
            assert_eq!(other, Some(object), "{seed}, object {number} of {bytes}");
            let content = |heap: &mut Heap| {
                let range = u64::from(object)..u64::from(object) + bytes;
                heap.get_mut(range).map(|bytes| bytes.to_vec())
            };
            assert_eq!(content(&mut lent), content(&mut plain), "all 0 behind the header");
            for heap in [&mut plain, &mut lent] {
                heap.get_mut(u64::from(object) + 8..u64::from(object) + bytes)
                    .expect("it is there")
                    .fill(1);
                assert_eq!(heap.object(object.into()), Some(object));
            }
            assert_eq!(lent.live_bytes(), plain.live_bytes());
            assert_eq!((lent.objects(), lent.bytes()), (plain.objects(), plain.bytes()));
            alive.push(object);
        }
        assert!(cfg!(miri) || collections > 3, "{seed}: {collections}");
        assert!(cfg!(miri) || every == 1 || in_lent > 1000, "{seed}: {in_lent}");
    }
}

/// Code is believed only as far as it was lent something.
#[test]
fn wrong_words_make_no_more_objects_than_were_lent() {
    let mut random = Rng::new(1);
    for _ in 0..if cfg!(miri) { 20 } else { 2000 } {
        let mut heap = Heap::new();
        let first = heap.make(0, 24, ROOM).expect("there is room");
        heap.lend(first);
        let (lent, at) = (heap.lent.all(), u64::from(slots::lent_at(2)));
        assert_eq!(lent.objects, u64::from(slots::LENT_BYTES / 24));
        let word = match random.below(3) {
            0 => random.bits() as u32,
            1 => first + random.below(10_000) as u32,
            _ => first.wrapping_sub(random.below(100) as u32),
        };
        heap.write_u32(at, word).expect("it is committed");
        heap.write_u32(at + 4, random.bits() as u32).expect("it is committed");
        assert!(heap.objects() <= 1 + lent.objects && heap.live_bytes() <= 24 + lent.bytes);
        let more = heap.make(0, 24, ROOM).expect("there is room");
        assert!(more > first && heap.object(more.into()) == Some(more));
        heap.take_all_back();
        assert_eq!(heap.lent.all(), Default::default());
        (0..heap.pages()).for_each(|page| heap.sweep_page(page));
        heap.clear_marks();
        heap.finish_sweep();
        assert_eq!((heap.objects(), heap.live_bytes(), heap.bytes()), (0, 0, 0));
    }
}
