//! The shadow map: which bytes of memory differ between both sides, and which cells of the virtual
//! stack and of virtual locals have stores that are put off.
//!
//! ```text
//! generic function:      stores a cell at once        ─┐
//!                                                      ├─► bytes that differ, by address
//! specialised function:  stores it later, or never    ─┘
//! ```
//!
//! A cell is *deferred* from the intrinsic that writes it until it is popped, or all are stored (at
//! a call, a return, `sync.stack`), or the specialised function has stored its value. It is *dead*
//! once it was popped and never stored.
//!
//! 1. Before the first event both memories are equal. Every store of either side is reported with
//!    the bytes that were there before. So `bytes` has exactly the addresses that differ, at each
//!    ordered event.
//! 2. At an ordered event a byte may differ only in a cell that is deferred or dead. At an event
//!    before which all cells are stored, it may differ only in a dead one.
//! 3. A plain load or store of the generic function that touches a deferred cell, or bytes of a
//!    dead one that differ, is *aliasing*: the assumption that cells are private is broken. Reads
//!    of dead cells by other functions are counted.
//!
//! Between two ordered events the sides are not in step. So a load that may be aliasing is a
//! *suspect* until the specialised function has come to the same event. It is not aliasing if the
//! specialised function stores the cell before it loads there.
//!
//! Limits: [`BYTES_MAX`], [`CELLS_MAX`], [`SUSPECTS_MAX`]; memory 0; bulk operators of modules with
//! several memories count as ones of memory 0; atomic operators are not looked at.

use super::meaning::Intrinsic;
use super::site::WORDS;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most bytes that differ.
pub(super) const BYTES_MAX: usize = 1 << 22;
/// Most cells of an activation.
pub(super) const CELLS_MAX: usize = 1 << 20;
/// Most loads between two ordered events that may be aliasing; further ones are not looked at.
const SUSPECTS_MAX: usize = 256;
/// Most program counters of an activation.
const CONTEXTS_MAX: usize = 256;
/// Most activations at once, with those that exceptions have left.
const FRAMES_MAX: usize = 1 << 18;
/// Bytes of a cell.
const CELL: u64 = 8;

/// A cell whose store may be put off.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// The site that wrote it.
    site: u32,
    value: u64,
    /// Whether the specialised function has stored it.
    done: bool,
}

/// An activation.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) id: u64,
    /// The specialised function.
    pub(super) number: usize,
    /// Program counters, the innermost last.
    pub(super) contexts: Vec<u64>,
    /// The last specialised value that was not in its range: the site, and value and range.
    pub(super) outside: Option<(u32, [u64; 3])>,
    /// It returns, or calls another function in its place.
    pub(super) left: bool,
    cells: BTreeMap<u64, Cell>,
    stack: Vec<u64>,
    locals: BTreeMap<u64, u64>,
}

/// A load of the generic function at a deferred or dead cell.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    alias: Alias,
    width: u64,
    value: u64,
    /// Whether the specialised function has stored the cell before it came to the load.
    stored: bool,
    /// Whether it has loaded there, and another value.
    loaded: Option<bool>,
}

/// A plain access of the generic function at a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    /// The access.
    pub(super) site: u32,
    pub(super) address: u64,
    /// The cell, and who wrote it or, of a dead one, popped it.
    pub(super) cell: u64,
    pub(super) of: u32,
    pub(super) is_dead: bool,
}

/// A byte that differs where it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unstored {
    pub(super) cell: u64,
    /// The intrinsic that touched it last.
    pub(super) of: u32,
    /// The values of both sides, as far as they are known: bytes that are equal are 0.
    pub(super) values: [u64; 2],
}

/// Memories, cells, activations.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    /// By address: what both sides have there.
    bytes: BTreeMap<u64, [u8; 2]>,
    /// Cells that were popped and not stored, and who popped them.
    dead: BTreeMap<u64, u32>,
    /// Cells that were touched since the last ordered event, and by which intrinsic.
    touched: BTreeMap<u64, u32>,
    suspects: Vec<Suspect>,
    frames: Vec<Frame>,
    /// How often other functions have read bytes that differ, and the first time.
    pub(super) read: u64,
    pub(super) first_read: Option<(u32, u64)>,
}

/// More than this can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full(pub(super) &'static str);

impl Shadow {
    /// An activation begins.
    pub(super) fn enter(&mut self, id: u64, number: usize) -> Result<(), Full> {
        while self.frames.last().is_some_and(|frame| frame.left) {
            self.frames.pop();
        }
        if self.frames.len() >= FRAMES_MAX {
            return Err(Full("activations"));
        }
        self.frames.push(Frame { id, number, ..Frame::default() });
        Ok(())
    }

    /// The activation of an event; those inside it have ended. Other functions (0) end none.
    pub(super) fn frame(&mut self, id: u64) -> Option<&mut Frame> {
        while id > 0 && self.frames.last().is_some_and(|frame| frame.id > id) {
            self.frames.pop();
        }
        self.frames.last_mut().filter(|frame| frame.id == id)
    }

    /// The activation of an event of the specialised function.
    fn peek(&mut self, id: u64) -> Option<&mut Frame> {
        self.frames.iter_mut().rev().find(|frame| frame.id == id)
    }

    /// The innermost activation that has not ended, as far as that is known.
    pub(super) fn innermost(&self) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| !frame.left)
    }

    /// Eight bytes of a side, and what was there before.
    fn write(&mut self, side: usize, at: u64, value: u64, old: u64) -> Result<(), Full> {
        let (new, old) = (value.to_le_bytes(), old.to_le_bytes());
        for ((at, new), old) in (at..).zip(new).zip(old) {
            let mut both = self.bytes.get(&at).copied().unwrap_or([old, old]);
            both[side] = new;
            if both[0] == both[1] {
                self.bytes.remove(&at);
            } else {
                self.bytes.insert(at, both);
            }
        }
        if self.bytes.len() > BYTES_MAX { Err(Full("bytes that differ")) } else { Ok(()) }
    }

    /// Both sides have the same bytes there.
    fn equal(&mut self, range: Range<u64>) {
        let all: Vec<u64> = self.bytes.range(range).map(|(at, _)| *at).collect();
        for at in all {
            self.bytes.remove(&at);
        }
    }

    fn differs(&self, range: Range<u64>) -> bool {
        self.bytes.range(range).next().is_some()
    }

    /// An intrinsic of the generic function.
    pub(super) fn intrinsic(
        &mut self,
        id: u64,
        site: u32,
        intrinsic: Intrinsic,
        words: [u64; WORDS],
    ) -> Result<(), Full> {
        use Intrinsic as I;
        let [at, second, value, old] = words;
        let Some(frame) = self.frame(id) else { return Ok(()) };
        match intrinsic {
            I::PushContext if frame.contexts.len() < CONTEXTS_MAX => frame.contexts.push(at),
            I::UpdateContext => {
                frame.contexts.pop();
                frame.contexts.push(at);
            }
            I::PopContext => {
                frame.contexts.pop();
            }
            I::SpecializeValue => {
                let range = second as u32..=value as u32;
                if !range.contains(&(at as u32)) {
                    frame.outside = Some((site, [at, second, value]));
                }
            }
            I::PushStack => {
                frame.stack.push(at);
                self.cell(id, site, at, value, old)?;
            }
            I::PopStack => {
                let top = frame.stack.pop();
                self.popped(id, site, top, at);
            }
            I::WriteStack => {
                let below = usize::try_from(second).ok().and_then(|depth| depth.checked_add(1));
                let entry = below.and_then(|below| frame.stack.len().checked_sub(below));
                let own = entry.and_then(|entry| frame.stack.get(entry)) == Some(&at);
                if own {
                    self.cell(id, site, at, value, old)?;
                } else {
                    // The specialised function stores it at once.
                    self.touched.insert(at, site);
                    self.dead.remove(&at);
                    self.write(0, at, value, old)?;
                }
            }
            I::WriteLocal => {
                if let Some(before) = frame.locals.insert(second, at).filter(|old| *old != at) {
                    frame.cells.remove(&before);
                    self.touched.insert(before, site);
                }
                self.cell(id, site, at, value, old)?;
            }
            I::SyncStack => self.flush(id),
            I::PushContext
            | I::ReadGlobal
            | I::ReadReg
            | I::WriteReg
            | I::ReadStack
            | I::ReadLocal
            | I::Nothing(_) => {}
        }
        Ok(())
    }

    /// The generic function writes a cell whose store may be put off.
    fn cell(&mut self, id: u64, site: u32, at: u64, value: u64, old: u64) -> Result<(), Full> {
        if let Some(frame) = self.frame(id) {
            frame.cells.insert(at, Cell { site, value, done: false });
            if frame.cells.len() > CELLS_MAX || frame.stack.len() > CELLS_MAX {
                return Err(Full("cells"));
            }
        }
        self.dead.remove(&at);
        self.touched.insert(at, site);
        self.write(0, at, value, old)
    }

    /// The generic function takes back what it wrote last: at the same address it is dead; at
    /// another one all stores that were put off have been done.
    fn popped(&mut self, id: u64, site: u32, top: Option<u64>, at: u64) {
        let Some(top) = top else { return };
        let cell = self.frame(id).and_then(|frame| frame.cells.remove(&top));
        if top == at && cell.is_some_and(|cell| !cell.done) {
            self.dead.insert(top, site);
        }
        self.touched.insert(top, site);
    }

    /// All stores of an activation that were put off must be done now.
    pub(super) fn flush(&mut self, id: u64) {
        let Some(frame) = self.frame(id) else { return };
        let cells = std::mem::take(&mut frame.cells);
        frame.stack.clear();
        frame.locals.clear();
        self.touched.extend(cells.into_iter().map(|(at, cell)| (at, cell.site)));
    }

    /// Cells that overlap a range: the address, who wrote or popped it, whether it is dead.
    fn at(&mut self, id: u64, range: &Range<u64>) -> Option<(u64, u32, bool)> {
        let from = range.start.saturating_sub(CELL - 1);
        if let Some(frame) = self.frame(id) {
            let mut all = frame.cells.range(from..range.end);
            if let Some((&at, cell)) = all.find(|(_, cell)| !cell.done) {
                return Some((at, cell.site, false));
            }
        }
        let mut dead = self.dead.range(from..range.end);
        let found = dead.find(|(at, _)| {
            self.differs(range.start.max(**at)..range.end.min(at.saturating_add(CELL)))
        });
        found.map(|(&at, &site)| (at, site, true))
    }

    /// A plain load of the generic function.
    pub(super) fn load(&mut self, id: u64, site: u32, [address, value]: [u64; 2], width: u64) {
        let range = address..address.saturating_add(width);
        let Some((cell, of, is_dead)) = self.at(id, &range) else { return };
        let alias = Alias { site, address, cell, of, is_dead };
        let known =
            self.suspects.iter().any(|one| (one.alias.site, one.alias.cell) == (site, cell));
        if !known && self.suspects.len() < SUSPECTS_MAX {
            self.suspects.push(Suspect { alias, width, value, stored: false, loaded: None });
        }
    }

    /// A load of the specialised function.
    pub(super) fn loaded(&mut self, [address, value]: [u64; 2], width: u64) {
        for one in &mut self.suspects {
            if (one.alias.address, one.width) == (address, width) && !one.stored {
                one.loaded.get_or_insert(value != one.value);
            }
        }
    }

    /// Whether a store of the specialised function may be one that was put off.
    pub(super) fn may_store(&mut self, id: u64, at: u64) -> bool {
        let known = self.peek(id).is_some_and(|frame| frame.cells.contains_key(&at));
        known || self.touched.contains_key(&at)
    }

    /// The specialised function stores a cell.
    pub(super) fn stored(&mut self, id: u64, at: u64, value: u64, old: u64) -> Result<(), Full> {
        if let Some(cell) = self.peek(id).and_then(|frame| frame.cells.get_mut(&at)) {
            cell.done |= cell.value == value;
            let site = cell.site;
            self.touched.insert(at, site);
        }
        for one in &mut self.suspects {
            one.stored |= one.alias.cell == at && one.loaded.is_none();
        }
        self.write(1, at, value, old)
    }

    /// Both sides are at the same ordered event: the first load that was aliasing.
    pub(super) fn aliasing(&mut self) -> Option<Alias> {
        let suspects = std::mem::take(&mut self.suspects);
        let found = suspects.into_iter().find(|one| {
            let Alias { address, cell, is_dead, .. } = one.alias;
            let range = address.max(cell)..(address + one.width).min(cell.saturating_add(CELL));
            match (one.loaded, is_dead) {
                (Some(differs), true) => differs,
                (Some(_), false) => true,
                (None, true) => !one.stored && self.differs(range),
                (None, false) => !one.stored,
            }
        });
        found.map(|one| one.alias)
    }

    /// Both sides are at the same ordered event: the first byte that differs and must not.
    pub(super) fn unstored(&mut self, id: u64) -> Option<Unstored> {
        let touched = std::mem::take(&mut self.touched);
        for (at, of) in touched {
            let range = at..at.saturating_add(CELL);
            if !self.differs(range.clone()) {
                self.dead.remove(&at);
                continue;
            }
            let deferred = self.frame(id).is_some_and(|frame| frame.cells.contains_key(&at));
            if deferred || self.dead.contains_key(&at) {
                continue;
            }
            let mut values = [[0; 8]; 2];
            for (&byte, both) in self.bytes.range(range) {
                values[0][(byte - at) as usize] = both[0];
                values[1][(byte - at) as usize] = both[1];
            }
            return Some(Unstored { cell: at, of, values: values.map(u64::from_le_bytes) });
        }
        None
    }

    /// Both sides do the same plain store; at a deferred cell it is aliasing.
    pub(super) fn same_store(&mut self, id: u64, site: u32, at: u64, width: u64) -> Option<Alias> {
        let range = at..at.saturating_add(width);
        let found = self.at(id, &range).filter(|(_, _, is_dead)| !is_dead);
        self.equal(range);
        found.map(|(cell, of, is_dead)| Alias { site, address: at, cell, of, is_dead })
    }

    /// Both sides copy bytes: what differs is copied, too.
    pub(super) fn same_copy(
        &mut self,
        id: u64,
        site: u32,
        [to, from, bytes]: [u64; 3],
    ) -> Result<Option<Alias>, Full> {
        let (source, target) = (from..from.saturating_add(bytes), to..to.saturating_add(bytes));
        let read = if bytes > 0 { self.at(id, &source) } else { None };
        let copied: Vec<(u64, [u8; 2])> =
            self.bytes.range(source).map(|(&at, &both)| (at, both)).collect();
        let stored = if bytes > 0 { self.same_store(id, site, to, bytes) } else { None };
        self.equal(target);
        self.bytes.extend(copied.into_iter().map(|(at, both)| (at - from + to, both)));
        if self.bytes.len() > BYTES_MAX {
            return Err(Full("bytes that differ"));
        }
        let read = read.map(|(cell, of, is_dead)| Alias { site, address: from, cell, of, is_dead });
        Ok(read.or(stored))
    }

    /// Another function, or the host, writes the same on both sides.
    pub(super) fn outer_store(&mut self, at: u64, bytes: u64) {
        self.equal(at..at.saturating_add(bytes));
    }

    /// Another function reads.
    pub(super) fn outer_load(&mut self, site: u32, at: u64, bytes: u64) {
        if self.differs(at..at.saturating_add(bytes)) {
            self.read += 1;
            self.first_read.get_or_insert((site, at));
        }
    }

    /// The first address at which memories differ that are not known to.
    pub(super) fn first_difference(&self, [a, b]: [&[u8]; 2]) -> Option<u64> {
        if a.len() != b.len() {
            return Some(a.len().min(b.len()) as u64);
        }
        let pairs = (0..).zip(a.iter().zip(b));
        let mut differ = pairs.filter(|(_, (a, b))| a != b).map(|(at, _)| at);
        differ.find(|at| !self.bytes.contains_key(at))
    }
}

#[cfg(test)]
mod tests;
