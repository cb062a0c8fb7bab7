//! Slots are lent to machine code, and taken back (HP5, `lent`).

use super::Heap;
use super::lent::{Made, Run};
use super::pages::Page;
use prova_module::slots::{self, LENT_BYTES, PAGE_BYTES, lent_at, slot_bytes};

impl Heap {
    /// Lends the slots behind an object that was just made, if there are some.
    pub(crate) fn lend(&mut self, object: u32) {
        let page = object / PAGE_BYTES;
        let Some(Page::Slots(slots)) = self.pages.get(page as usize) else { return };
        let class = slots.class;
        let (at, most) = (usize::from(class), self.may_lend(class));
        if most == 0 || self.lent.run(class).is_some() || self.partial[at].last() != Some(&page) {
            return;
        }
        let Some(Page::Slots(slots)) = self.pages.get_mut(page as usize) else { return };
        let Some((run, fresh)) = slots.lend(most) else { return };
        if slots.is_full() {
            self.partial[at].pop();
        }
        let place = |slot: u32| u64::from(page * PAGE_BYTES + slot * slot_bytes(class));
        let used_before = place(run.start)..place(run.end.min(fresh).max(run.start));
        if let Some(bytes) = self.get_mut(used_before) {
            bytes.fill(0);
        }
        let words = place(run.end) << 32 | place(run.start);
        // The first page is committed with any other.
        let _written = self.write_u64(lent_at(class).into(), words);
        self.lent.add(class, Run { page, first: run.start, end: run.end, fresh });
    }

    /// How many slots of a class may be lent: those before which no collection is due.
    fn may_lend(&self, class: u8) -> u32 {
        let (live_bytes, made) = self.with_lent();
        let bytes = slot_bytes(class);
        let room = self.threshold.saturating_sub(live_bytes) / u64::from(bytes);
        let few = match self.every {
            0 => u64::MAX,
            every => every.saturating_sub(made),
        };
        u64::from(LENT_BYTES / bytes).min(room).min(few) as u32
    }

    /// Whether a collection is due before all that is lent is used.
    pub(super) fn lends_too_much(&self) -> bool {
        let (live_bytes, made) = self.with_lent();
        self.lent.all().objects > 0
            && (live_bytes > self.threshold || self.every > 0 && made > self.every)
    }

    /// The live bytes, and the objects made since the last collection, if all that is lent is used.
    pub(super) fn with_lent(&self) -> (u64, u64) {
        let all = self.lent.all();
        (self.live_bytes + all.bytes, self.made + all.objects)
    }

    /// The offset of the next slot that is lent of a class, as code says.
    fn next_lent(&self, class: u8) -> u32 {
        self.read_u32(lent_at(class).into()).unwrap_or_default()
    }

    /// Whether slots of a class are lent and not used.
    pub(super) fn has_lent(&self, class: u8) -> bool {
        let run = self.lent.run(class);
        run.is_some_and(|run| run.used(class, self.next_lent(class)) < run.end - run.first)
    }

    /// The objects that code has made in what is lent.
    pub(super) fn made_in_lent(&self) -> Made {
        self.lent.made(|class| self.next_lent(class))
    }

    /// Takes back what is lent of a class: used slots are objects from now on, others are free.
    pub(super) fn take_back(&mut self, class: u8) {
        let Some(run) = self.lent.take(class) else { return };
        let used = run.used(class, self.next_lent(class));
        let made = Made::of(class, used);
        let _written = self.write_u64(lent_at(class).into(), 0);
        self.live_bytes += made.bytes;
        self.objects += made.objects;
        self.made += made.objects;
        let Some(Page::Slots(slots)) = self.pages.get_mut(run.page as usize) else { return };
        let was_full = slots.is_full();
        slots.give_back(run.first + used..run.end, run.fresh);
        if was_full && !slots.is_full() {
            self.partial[usize::from(class)].push(run.page);
        }
    }

    /// Takes back all that is lent.
    pub(crate) fn take_all_back(&mut self) {
        if self.lent.all().objects > 0 {
            (0..slots::COUNT as u8).for_each(|class| self.take_back(class));
        }
    }
}
