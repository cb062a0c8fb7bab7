//! The heap of a store: structures and arrays, in one region.
//!
//! ```text
//! make ─► page of a size class ─► slot ─► offset in the region: the object's name, which stays
//!                 └ or whole pages
//! mark, push, pop … sweep_page … finish_sweep: `collect` says what stays
//! ```
//!
//! The region is address space that is reserved with the first object, up to [`REGION_BYTES_MAX`],
//! and committed page by page. What is known of a page lies beside the region (`pages`): so the
//! content of the region can confuse objects, and no more. Accesses are compared with what is
//! committed.
//!
//! # Invariants
//! * HP1. An object is named by the offset of its first byte, a multiple of 8, never 0: the first
//!   page holds nothing.
//! * HP2. The bytes of an object are 0 when it is made, behind its header of 8. The bytes
//!   of a free page are 0, and so are those of slots that have not been used since it was free.
//! * HP3. `live_bytes` and `objects` count occupied slots, and the pages of large objects; `bytes`
//!   is the sum of what pages in use cost ([`pages::cost_of_slots`]).
//! * HP4. An object is in the list of those to be looked into once at most for each marking, since
//!   it is put there by who marked it: the list has no more entries than are counted in `bytes`.
//! * HP5. Slots that are lent to code are occupied, and the objects made in them are counted when
//!   they are taken back ([`Heap::take_back`]), which is before another object of their class is
//!   made and before a collection; numbers that are asked for before have them ([`Heap::objects`]).
//! * HP6. Between [`Heap::sweep_page`] and [`Heap::finish_sweep`] nothing is made: lists of pages
//!   with room may name pages that are free by then. Who collects ends the sweep, interrupted or
//!   not (`collect`).
//!
//! Machine code that is not proved equal may write any number anywhere into the region, also where
//! no object is. Then bytes are other ones than HP2 says, and an object begins with other values;
//! what leans on HP2 is the meaning of programs alone.
//!
//! Everything is a function of the calls: the same calls give the same offsets.
//!
//! # Cost
//! An object takes constant time and its bytes; a page logarithmic time. A sweep looks at each
//! page, one word for 64 slots. Tests: `tests` here, on both back ends and under Miri.

mod bytes;
mod free;
mod lending;
mod lent;
mod names;
mod pages;
mod sweep;
#[cfg(test)]
mod tests;

use crate::sys::Reservation;
use free::FreePages;
use lent::Lent;
use pages::{Large, Page, Slots, cost_of_large, cost_of_slots};
use prova_module::slots::{
    self, DISPLAY_DEPTHS, DISPLAY_TYPES, NO_SUPERTYPE, PAGE_BYTES, class_of, display_at, slot_bytes,
};
use std::cell::Cell as Shared;

/// The greatest size of the region (4 GiB): a name has 32 bits.
const REGION_BYTES_MAX: u64 = 1 << 32;

/// The least size of a region that is worth reserving.
const REGION_BYTES_MIN: u64 = 1 << 20;

/// The bytes of objects at which the first collection begins, and by which each is put off at
/// least (1 MiB).
const THRESHOLD_MIN: u64 = 1 << 20;

/// The most that a collection is put off because of what it looks at outside (256 MiB).
const THRESHOLD_FOR_ROOTS_MAX: u64 = 256 << 20;

/// There is no room for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The room that was given, or the region, is used up.
    Limits,
    /// The system gives no more.
    System,
}

/// A number that is read and written at an offset.
pub(crate) trait Bits: Sized {
    /// Reads it; `None` outside of what is committed.
    fn read(heap: &Heap, at: u64) -> Option<Self>;

    /// Writes it.
    fn write(self, heap: &mut Heap, at: u64) -> Option<()>;
}

/// The objects of a store.
pub(crate) struct Heap {
    region: Option<Reservation>,
    /// The bytes behind the region that fault, if code was promised some.
    guard: usize,
    /// The most that the region may have.
    region_max: u64,
    /// Whether a region that the system has no room for is not replaced by a smaller one.
    is_whole: bool,
    /// Each page of the region that was used at some time; the first is never.
    pages: Vec<Page>,
    free: FreePages,
    /// For each class, its pages with free slots; the last is used next.
    partial: [Vec<u32>; slots::COUNT],
    /// Slots that are lent to machine code.
    lent: Lent,
    bytes: u64,
    live_bytes: u64,
    objects: u64,
    /// The live bytes at which the next collection begins.
    threshold: u64,
    /// How many objects were made since the last collection.
    made: u64,
    /// Whether an object found no room since then.
    refused: bool,
    /// After how many a collection is due, of any size; 0: never.
    every: u64,
    /// Whether something is marked, or in the list.
    marking: bool,
    pinned: Shared<u64>,
    /// Objects that are marked and still to be looked into; all pieces but the last are full.
    pending: Vec<Vec<u32>>,
    /// Pages that the sweep under way has found empty.
    emptied: Vec<(u32, u32)>,
}

impl Heap {
    /// No object, and no region yet.
    pub(crate) const fn new() -> Heap {
        Heap::within(REGION_BYTES_MAX)
    }

    /// The same, whose limits do not depend on the system: its region has 4 GiB, or objects are
    /// refused by [`Full::System`].
    pub(crate) fn whole() -> Heap {
        Heap { is_whole: true, ..Heap::new() }
    }

    /// [`Heap::whole`] for a deterministic store, else [`Heap::new`].
    pub(crate) fn of(deterministic: bool) -> Heap {
        if deterministic { Heap::whole() } else { Heap::new() }
    }

    /// The same with a region of `max` bytes at most.
    const fn within(region_max: u64) -> Heap {
        Heap {
            region: None,
            guard: 0,
            region_max,
            is_whole: false,
            pages: Vec::new(),
            free: FreePages::new(),
            partial: [const { Vec::new() }; slots::COUNT],
            lent: Lent::NONE,
            bytes: 0,
            live_bytes: 0,
            objects: 0,
            threshold: THRESHOLD_MIN,
            made: 0,
            refused: false,
            every: 0,
            marking: false,
            pinned: Shared::new(0),
            pending: Vec::new(),
            emptied: Vec::new(),
        }
    }

    /// The bytes that the objects count in the store's budget: pages in use, and what is kept
    /// beside them.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The bytes of the slots that objects are in.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live_bytes + self.made_in_lent().bytes
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> u64 {
        self.objects + self.made_in_lent().objects
    }

    /// How many pages a sweep looks at.
    pub(crate) fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Whether the next object, of `bytes` bytes, should wait for a collection, where the store
    /// leaves `room` bytes.
    pub(crate) fn is_full(&self, bytes: u64, room: u64) -> bool {
        let full = |live_bytes: u64, made: u64| {
            live_bytes >= self.threshold || self.every > 0 && made >= self.every
        };
        // What is lent is counted in full before it is looked at.
        let (live_bytes, made) = self.with_lent();
        if full(live_bytes, made) {
            let lent = self.made_in_lent();
            if full(self.live_bytes + lent.bytes, self.made + lent.objects) {
                return true;
            }
        }
        (self.made > 0 || self.refused) && !self.fits(bytes, room)
    }

    /// Whether an object found no room since the last collection.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    pub(crate) fn has_refused(&self) -> bool {
        self.refused
    }

    /// Puts back what [`Heap::has_refused`] said before an object that is made again.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    pub(crate) fn set_refused(&mut self, refused: bool) {
        self.refused = refused;
    }

    /// Has a collection come after every `n`-th object besides; 0: no more.
    pub(crate) fn collect_every(&mut self, n: u64) {
        self.take_all_back();
        self.every = n;
    }

    /// Whether an object of `bytes` bytes fits the room and the region.
    fn fits(&self, bytes: u64, room: u64) -> bool {
        let needs = self.needs(bytes);
        if needs == 0 || needs > room {
            return needs == 0;
        }
        let pages = class_of(bytes).map_or(bytes.div_ceil(PAGE_BYTES.into()), |_| 1);
        let end = (self.pages.len().max(1) as u64 + pages) * u64::from(PAGE_BYTES);
        end <= self.region_max || u32::try_from(pages).is_ok_and(|pages| self.free.has(pages))
    }

    /// Sets when the next collection begins; `looked_at` cells were looked at outside.
    pub(crate) fn put_off(&mut self, looked_at: u64) {
        let outside = looked_at.saturating_mul(8).min(THRESHOLD_FOR_ROOTS_MAX);
        let more = self.live_bytes.max(outside).max(THRESHOLD_MIN);
        self.threshold = self.live_bytes.saturating_add(more);
        (self.made, self.refused) = (0, false);
    }

    /// By how much [`Heap::bytes`] grows with an object of `bytes` bytes.
    fn needs(&self, bytes: u64) -> u64 {
        match class_of(bytes) {
            Some(class) if !self.partial[usize::from(class)].is_empty() || self.has_lent(class) => {
                0
            }
            Some(class) => cost_of_slots(class),
            None => cost_of_large(bytes.div_ceil(PAGE_BYTES.into())),
        }
    }

    /// Makes an object of `bytes` bytes, the 8 of its header among them, where its pages may cost
    /// `room` bytes more.
    ///
    /// # Errors
    /// [`Full`]: the room, the region or the system's memory is used up. Nothing has changed, but
    /// the next object that finds no room waits for a collection.
    pub(crate) fn make(&mut self, header: u64, bytes: u64, room: u64) -> Result<u32, Full> {
        let made = self.make_within(header, bytes, room);
        self.refused |= made.is_err();
        made
    }

    fn make_within(&mut self, header: u64, bytes: u64, room: u64) -> Result<u32, Full> {
        if self.needs(bytes) > room {
            return Err(Full::Limits);
        }
        let object = match class_of(bytes) {
            Some(class) => {
                self.take_back(class);
                self.make_in_slot(class)?
            }
            None => self.make_large(bytes.div_ceil(PAGE_BYTES.into()))?,
        };
        self.objects += 1;
        self.made += 1;
        if self.lends_too_much() {
            self.take_all_back();
        }
        self.write_u64(object.into(), header).ok_or(Full::Limits)?;
        Ok(object)
    }

    fn make_in_slot(&mut self, class: u8) -> Result<u32, Full> {
        let at = usize::from(class);
        let page = match self.partial[at].last() {
            Some(&page) => page,
            None => {
                let page = self.take_pages(1)?;
                self.pages[page as usize] = Page::Slots(Slots::new(class));
                self.bytes += cost_of_slots(class);
                self.partial[at].push(page);
                page
            }
        };
        let Page::Slots(slots) = &mut self.pages[page as usize] else {
            return Err(Full::Limits);
        };
        let Some((slot, used_before)) = slots.occupy() else { return Err(Full::Limits) };
        if slots.is_full() {
            self.partial[at].pop();
        }
        let bytes = slot_bytes(class);
        let object = page * PAGE_BYTES + slot * bytes;
        self.live_bytes += u64::from(bytes);
        if used_before {
            let range = u64::from(object)..u64::from(object) + u64::from(bytes);
            self.get_mut(range).ok_or(Full::Limits)?.fill(0);
        }
        Ok(object)
    }

    fn make_large(&mut self, pages: u64) -> Result<u32, Full> {
        let pages = u32::try_from(pages).map_err(|_| Full::Limits)?;
        let first = self.take_pages(pages)?;
        let large = Large { pages, marked: false, pinned: Shared::new(false) };
        self.pages[first as usize] = Page::Large(large);
        for page in first + 1..first + pages {
            self.pages[page as usize] = Page::Rest;
        }
        self.bytes += cost_of_large(pages.into());
        self.live_bytes += u64::from(pages) * u64::from(PAGE_BYTES);
        Ok(first * PAGE_BYTES)
    }

    /// The first of consecutive pages whose bytes are 0.
    fn take_pages(&mut self, pages: u32) -> Result<u32, Full> {
        if let Some(first) = self.free.take(pages) {
            return Ok(first);
        }
        let first = self.pages.len().max(1);
        let end = (first as u64 + u64::from(pages)) * u64::from(PAGE_BYTES);
        if end > self.region_max {
            return Err(Full::Limits);
        }
        let region = match &mut self.region {
            Some(region) => region,
            None => {
                let min = if self.is_whole { self.region_max } else { REGION_BYTES_MIN };
                let reserved = reserve(self.region_max, min, self.guard);
                let (region, bytes) = reserved.ok_or(Full::System)?;
                self.region_max = bytes;
                self.region.insert(region)
            }
        };
        if end > self.region_max {
            return Err(Full::Limits);
        }
        let end = usize::try_from(end).map_err(|_| Full::System)?;
        region.commit(end).map_err(|_| Full::System)?;
        self.pages.resize_with(first + pages as usize, || Page::Free);
        Ok(first as u32)
    }
}

/// A region as large as there is address space for, `min` at least, and its bytes.
fn reserve(mut bytes: u64, min: u64, guard: usize) -> Option<(Reservation, u64)> {
    loop {
        let region = usize::try_from(bytes).ok().and_then(|n| match guard {
            0 => Reservation::reserve(n).ok(),
            guard => Reservation::reserve_guarded(n, guard).ok(),
        });
        match region {
            Some(region) => return Some((region, bytes)),
            None if bytes <= min => return None,
            None => bytes /= 2,
        }
    }
}

/// Machine code.
impl Heap {
    /// The first byte of the region, for code that takes it for a memory: `zone` bytes from it on
    /// are the region's or fault. `None` where the address space has no room for that, or the
    /// region was reserved without.
    pub(crate) fn base_for_code(&mut self, zone: u64) -> Option<*mut u8> {
        let guard = usize::try_from(zone.saturating_sub(REGION_BYTES_MAX)).ok()?;
        if self.region.is_none() && self.region_max == REGION_BYTES_MAX {
            let bytes = usize::try_from(REGION_BYTES_MAX).ok()?;
            let mut region = Reservation::reserve_guarded(bytes, guard).ok()?;
            // Code reads what is lent to it before there is an object.
            region.commit(PAGE_BYTES as usize).ok()?;
            self.region = Some(region);
            self.guard = guard;
        }
        let fits = self.region_max == REGION_BYTES_MAX && self.guard >= guard;
        let region = self.region.as_ref().filter(|_| fits)?;
        Some(region.base().as_ptr())
    }
}

/// The supertypes of types.
impl Heap {
    /// Leaves the supertypes of a type to code, the type itself the last; code asks the store for
    /// those of other types.
    pub(crate) fn set_display(&mut self, id: u32, supertypes: &[u32]) {
        if id >= DISPLAY_TYPES {
            return;
        }
        for depth in 0..DISPLAY_DEPTHS {
            // A supertype's identity is smaller.
            let id_at = supertypes.get(depth as usize).and_then(|&id| u16::try_from(id + 1).ok());
            let entry = id_at.unwrap_or(NO_SUPERTYPE);
            // Without the first page no code runs.
            let _written = self.write_u16(display_at(id, depth).into(), entry);
        }
    }
}
