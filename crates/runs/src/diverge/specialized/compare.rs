//! The events of both sides → the first that differs, or the first access that is aliasing.
//!
//! ```text
//! A: intrinsics, loads … ─► ordered event ─┐
//!                                          ├─ the same? ─► both go on
//! B: loads, cells' stores ─► ordered event ─┘
//! ```
//!
//! 1. Side A is read up to its next ordered event first, then side B. So the cells that side B may
//!    store are known before it stores them.
//! 2. A store of side B that is not the next one of side A is a deferred store, if it is an i64
//!    store at such a cell. Its value is checked by `shadow`, at the events before which all
//!    deferred stores must be done.
//! 3. Memory is bounded by the limits of `shadow`, for runs of any length.

use super::Compiled;
use super::shadow::{Alias, Frame, Full, Shadow, Unstored};
use super::side::{End, Message};
use super::site::{Event, HOST_WRITE, Site, What};
use prova_module::Opcode;
use std::collections::VecDeque;
use std::sync::mpsc::Receiver;

/// Maximum number of equal events that are reported before the first difference.
const BEFORE: usize = 10;
/// Maximum number of values of each side in which the word that differs is searched.
const VALUES_MAX: usize = 1 << 16;

/// The events of a side, as they come.
pub(super) struct Stream {
    from: Receiver<Message>,
    batch: std::vec::IntoIter<Event>,
    next: Option<Event>,
    /// How the side ended; `None` while it runs, if it was stopped, and if it could not start.
    pub(super) end: Option<Box<End>>,
}

impl Stream {
    pub(super) fn new(from: Receiver<Message>) -> Stream {
        Stream { from, batch: Vec::new().into_iter(), next: None, end: None }
    }

    /// The next event.
    fn peek(&mut self) -> Option<Event> {
        while self.next.is_none() && self.end.is_none() {
            self.next = self.batch.next();
            if self.next.is_none() {
                match self.from.recv() {
                    Ok(Message::Events(batch)) => self.batch = batch.into_iter(),
                    Ok(Message::End(end)) => self.end = Some(end),
                    Err(_) => return None,
                }
            }
        }
        self.next
    }

    fn skip(&mut self) {
        self.next = None;
    }

    /// Drops the receiver, which ends the run.
    pub(super) fn close(&mut self) {
        let (_, nobody) = std::sync::mpsc::sync_channel(1);
        self.from = nobody;
    }
}

/// A difference of both sides, or an access that breaks an assumption.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// The next events of both sides differ; `None` for a side that has ended.
    Event(Option<Event>, Option<Event>),
    /// A cell whose store is still put off at these events, before which all must be stored.
    Unstored(Unstored, Option<Event>, Option<Event>),
    /// A load or store of the generic function that is aliasing, and the next events of both
    /// sides.
    Alias(Alias, Option<Event>, Option<Event>),
    /// The runs ended in different ways.
    Ends,
    /// Memory differs at the end, first at this address.
    Memory(u64),
}

/// The result and the counts of a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    pub(super) found: Option<Found>,
    /// The last events that are the same.
    pub(super) before: VecDeque<(Event, Event)>,
    /// The activation in which the difference was found.
    pub(super) frame: Option<Frame>,
    pub(super) events: u64,
    pub(super) activations: u64,
    /// The number of activations that called the generic function.
    pub(super) fallbacks: u64,
    /// How often other functions have read bytes of dead cells. `first_read` is the site of side A
    /// and the address of the first of these reads.
    pub(super) read: u64,
    pub(super) first_read: Option<(u32, u64)>,
    /// The first address at which memories differ at the end, if dead cells were read.
    pub(super) spread: Option<u64>,
    /// By side, the event that computed the word that differs, if values are reported.
    pub(super) made: [Option<Event>; 2],
}

/// Both sides, and the state of their comparison.
pub(super) struct Comparison<'c> {
    pub(super) sides: [Stream; 2],
    pub(super) sites: [&'c [Site]; 2],
    pub(super) compiled: &'c [Compiled],
    pub(super) shadow: Shadow,
    /// The last values and loads of each side, if they are reported.
    pub(super) values: [VecDeque<Event>; 2],
    pub(super) done: Compared,
}

impl Comparison<'_> {
    /// Compares all events.
    ///
    /// # Errors
    /// If a limit of `shadow` is reached.
    pub(super) fn run(&mut self) -> Result<(), Full> {
        let found = loop {
            let a = self.generic()?;
            let b = self.specialized(a)?;
            if let Some(found) = self.step(a, b)? {
                break Some(found);
            }
            if a.is_none() && b.is_none() {
                break self.ends();
            }
        };
        let id = match &found {
            Some(Found::Event(a, _) | Found::Unstored(_, a, _) | Found::Alias(_, a, _)) => {
                a.map(|event| event.id)
            }
            Some(Found::Ends | Found::Memory(_)) | None => None,
        };
        let own = id.and_then(|id| self.shadow.frame(id).cloned());
        self.done.frame = own.or_else(|| self.shadow.innermost().cloned());
        if let Some(Found::Event(Some(a), Some(b))) = &found {
            self.done.made = self.sources(*a, *b);
        }
        self.done.found = found;
        (self.done.read, self.done.first_read) = (self.shadow.read, self.shadow.first_read);
        Ok(())
    }

    fn site(&self, side: usize, event: Event) -> Option<Site> {
        self.sites[side].get(event.site as usize).copied()
    }

    /// The next ordered event of side A.
    fn generic(&mut self) -> Result<Option<Event>, Full> {
        while let Some(event) = self.sides[0].peek() {
            let Event { site: number, id, words } = event;
            if number == HOST_WRITE {
                self.shadow.outer_store(words[0], words[1]);
                self.sides[0].skip();
                continue;
            }
            let Some(site) = self.site(0, event) else { break };
            let width = u64::from(site.width);
            match site.what {
                What::Intrinsic(intrinsic) => {
                    self.shadow.intrinsic(id, number, intrinsic, words)?;
                }
                What::Load if site.nth == 0 => {
                    self.value(0, event);
                    self.shadow.load(id, number, [words[0], words[1]], width);
                }
                What::OuterLoad => self.shadow.outer_load(number, words[0], width),
                What::OuterStore => self.shadow.outer_store(words[0], width),
                What::OuterEffect => {
                    let [to, from, bytes, _] = words;
                    if site.opcode == Opcode::MemoryCopy {
                        self.shadow.outer_load(number, from, bytes);
                        self.shadow.same_copy(0, number, [to, from, bytes])?;
                    } else {
                        self.shadow.outer_store(to, bytes);
                    }
                }
                What::Value => self.value(0, event),
                What::Load => {}
                What::Enter
                | What::Return
                | What::Call
                | What::Called
                | What::TailCall
                | What::Throw
                | What::Store
                | What::GlobalSet
                | What::Effect => return Ok(Some(event)),
            }
            self.sides[0].skip();
        }
        Ok(None)
    }

    /// The next ordered event of side B; `a` is the one of side A.
    fn specialized(&mut self, a: Option<Event>) -> Result<Option<Event>, Full> {
        while let Some(event) = self.sides[1].peek() {
            let Event { id, words, .. } = event;
            let Some(site) = self.site(1, event) else { break };
            match site.what {
                What::Load if site.nth == 0 => {
                    self.value(1, event);
                    self.shadow.loaded([words[0], words[1]], site.width.into());
                }
                What::Value => self.value(1, event),
                What::Load => {}
                What::Store if site.opcode == Opcode::I64Store && site.of == 0 => {
                    let plain = a.is_some_and(|a| self.is_same(a, event));
                    if plain || !self.shadow.may_store(id, words[0]) {
                        return Ok(Some(event));
                    }
                    self.shadow.stored(id, words[0], words[1], words[2])?;
                }
                _ordered => return Ok(Some(event)),
            }
            self.sides[1].skip();
        }
        Ok(None)
    }

    fn value(&mut self, side: usize, event: Event) {
        let all = &mut self.values[side];
        if all.len() >= VALUES_MAX {
            all.pop_front();
        }
        all.push_back(event);
    }

    /// Where a side has computed or loaded a word last.
    fn made(&self, side: usize, word: u64) -> Option<Event> {
        let gives = |event: &Event| match self.site(side, *event) {
            Some(site) if site.what == What::Load => event.words[1] == word,
            Some(site) => event.words.iter().take(usize::from(site.count)).any(|it| *it == word),
            None => false,
        };
        self.values[side].iter().rev().copied().find(|event| gives(event))
    }

    /// Where the first word that differs comes from, of events that are alike else.
    fn sources(&self, a: Event, b: Event) -> [Option<Event>; 2] {
        let (Some(site_a), Some(site_b)) = (self.site(0, a), self.site(1, b)) else {
            return [None, None];
        };
        let pairs = a.words.into_iter().zip(b.words).take(usize::from(site_a.count));
        match pairs.into_iter().find(|(a, b)| a != b).filter(|_| site_a.is_like(&site_b)) {
            Some((word_a, word_b)) => [self.made(0, word_a), self.made(1, word_b)],
            None => [None, None],
        }
    }

    /// Whether ordered events of both sides are the same.
    fn is_same(&self, a: Event, b: Event) -> bool {
        let (Some(site_a), Some(site_b)) = (self.site(0, a), self.site(1, b)) else { return false };
        // What a store finds may be a dead cell.
        let count = if site_a.what == What::Store { 2 } else { usize::from(site_a.count) };
        let same = || a.words.iter().zip(b.words).take(count).all(|(a, b)| *a == b);
        site_a.is_like(&site_b) && a.id == b.id && same()
    }

    /// Both sides are at their next ordered events.
    fn step(&mut self, a: Option<Event>, b: Option<Event>) -> Result<Option<Found>, Full> {
        if let Some(alias) = self.shadow.aliasing() {
            return Ok(Some(Found::Alias(alias, a, b)));
        }
        let (Some(of_a), Some(of_b)) = (a, b) else {
            return Ok((a.is_some() || b.is_some()).then_some(Found::Event(a, b)));
        };
        let (Some(site), Some(other)) = (self.site(0, of_a), self.site(1, of_b)) else {
            return Ok(Some(Found::Event(a, b)));
        };
        if site.what.flushes() && site.nth == 0 {
            self.shadow.flush(of_a.id);
        }
        if let Some(unstored) = self.shadow.unstored(of_a.id) {
            return Ok(Some(Found::Unstored(unstored, a, b)));
        }
        if !self.is_same(of_a, of_b) {
            return Ok(Some(Found::Event(a, b)));
        }
        if let Some(alias) = self.both(of_a, (site, other))? {
            return Ok(Some(Found::Alias(alias, a, b)));
        }
        self.done.events += 1;
        self.done.before.push_back((of_a, of_b));
        if self.done.before.len() > BEFORE {
            self.done.before.pop_front();
        }
        self.sides.iter_mut().for_each(Stream::skip);
        Ok(None)
    }

    /// Follows an event that both sides have in the shadow map.
    fn both(&mut self, event: Event, (a, b): (Site, Site)) -> Result<Option<Alias>, Full> {
        let Event { site: number, id, words } = event;
        match a.what {
            What::Enter if a.nth == 0 => {
                let compiled = self.compiled.iter().position(|one| one.func == b.func);
                self.shadow.enter(id, compiled.unwrap_or_default())?;
                self.done.activations += 1;
            }
            What::Return | What::TailCall | What::Throw => {
                if let Some(frame) = self.shadow.frame(id) {
                    frame.left = true;
                }
            }
            // The operator is no call: it is the entry that calls the generic function.
            What::Call if a.opcode == Opcode::Nop && a.nth == 0 => self.done.fallbacks += 1,
            What::Store if a.of == 0 => {
                return Ok(self.shadow.same_store(id, number, words[0], a.width.into()));
            }
            What::Effect => {
                let [to, from, bytes, _] = words;
                let stores = matches!(a.opcode, Opcode::MemoryFill | Opcode::MemoryInit);
                if a.opcode == Opcode::MemoryCopy {
                    return self.shadow.same_copy(id, number, [to, from, bytes]);
                }
                if stores && bytes > 0 {
                    return Ok(self.shadow.same_store(id, number, to, bytes));
                }
            }
            What::Called => {
                // Activations inside have ended.
                self.shadow.frame(id);
            }
            What::Enter
            | What::Call
            | What::Store
            | What::GlobalSet
            | What::Load
            | What::Intrinsic(_)
            | What::OuterLoad
            | What::OuterStore
            | What::OuterEffect
            | What::Value => {}
        }
        Ok(None)
    }

    /// Compares how both runs have ended, and their memories.
    fn ends(&mut self) -> Option<Found> {
        let [a, b] = self.sides.each_ref().map(|side| side.end.as_ref());
        let (a, b) = (a?, b?);
        if a.text != b.text {
            return Some(Found::Ends);
        }
        let memories = [a.memory.as_deref()?, b.memory.as_deref()?];
        let at = self.shadow.first_difference(memories)?;
        if self.shadow.read > 0 {
            self.done.spread = Some(at);
            return None;
        }
        Some(Found::Memory(at))
    }
}
