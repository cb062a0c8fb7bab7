//! Slots that are lent to machine code, which makes objects in them without asking the store.
//!
//! ```text
//! make ─► an object ─ lend ─► the free slots behind it: next, end in the first page of the region
//!                                                          │ code: next + the slot's bytes
//! make, a collection ─ take_back ◄─────────────────────────┘ those below next are objects
//! ```
//!
//! The slots are those that the heap would give next, in this order, and as many as make no
//! collection due in between. So objects have the names, and collections the places, that they have
//! without code. A slot that was used before is filled with 0 when it is lent (HP2).
//!
//! Code may write anything over the two numbers. The number of objects that it claims is compared
//! with what was lent: a wrong one makes objects of slots that hold none, and no more.
//!
//! Here is what is known of the slots; the heap lends them and takes them back (`lending`).

use prova_module::slots::{self, PAGE_BYTES, slot_bytes};

/// The slots that are lent, by class.
pub(super) struct Lent {
    runs: [Option<Run>; slots::COUNT],
    /// All slots of all runs.
    all: Made,
}

/// Objects, or slots for some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) bytes: u64,
    pub(super) objects: u64,
}

/// Slots of a page that follow each other.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) page: u32,
    pub(super) first: u32,
    pub(super) end: u32,
    /// The first of all slots that had been free ever since when these were lent.
    pub(super) fresh: u32,
}

impl Run {
    /// Its slots, which are of a class.
    fn all(self, class: u8) -> Made {
        Made::of(class, self.end - self.first)
    }

    /// How many of its slots hold objects, as code says by the offset of the next one; all, where
    /// it says nonsense.
    pub(super) fn used(self, class: u8, next: u32) -> u32 {
        let (bytes, count) = (slot_bytes(class), self.end - self.first);
        let behind = next.checked_sub(self.page * PAGE_BYTES + self.first * bytes);
        let behind = behind.filter(|behind| behind.is_multiple_of(bytes));
        let used = behind.map(|behind| behind / bytes);
        used.filter(|&used| used <= count).unwrap_or(count)
    }
}

impl Made {
    /// This number of slots of a class.
    pub(super) fn of(class: u8, slots: u32) -> Made {
        Made { bytes: u64::from(slots) * u64::from(slot_bytes(class)), objects: slots.into() }
    }
}

impl Lent {
    pub(super) const NONE: Lent =
        Lent { runs: [None; slots::COUNT], all: Made { bytes: 0, objects: 0 } };

    /// All slots of all runs.
    pub(super) fn all(&self) -> Made {
        self.all
    }

    /// The run of a class.
    pub(super) fn run(&self, class: u8) -> Option<Run> {
        self.runs[usize::from(class)]
    }

    /// Adds a run of a class that has none.
    pub(super) fn add(&mut self, class: u8, run: Run) {
        let all = run.all(class);
        self.all.bytes += all.bytes;
        self.all.objects += all.objects;
        self.runs[usize::from(class)] = Some(run);
    }

    /// Takes out the run of a class.
    pub(super) fn take(&mut self, class: u8) -> Option<Run> {
        let run = self.runs[usize::from(class)].take()?;
        let all = run.all(class);
        self.all.bytes -= all.bytes;
        self.all.objects -= all.objects;
        Some(run)
    }

    /// The objects in all runs, where `next` gives the offset of the next slot of a class.
    pub(super) fn made(&self, next: impl Fn(u8) -> u32) -> Made {
        let mut made = Made::default();
        if self.all.objects == 0 {
            return made;
        }
        for (class, run) in (0..).zip(&self.runs) {
            let Some(run) = run else { continue };
            let of = Made::of(class, run.used(class, next(class)));
            made.bytes += of.bytes;
            made.objects += of.objects;
        }
        made
    }
}
