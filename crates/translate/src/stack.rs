//! The symbolic operand stack: pushes and pops of Wasm → where each value is, `S[p]`.
//!
//! `variable` asks for the aliases of a local (R1), `control` settles the entries below a region
//! (R2), every family pops operands and pushes results.
//!
//! # Invariants
//! * S1. `home(p) = local_cells + Σ cells of the entries below p`.
//! * S2. The list of local slot `x` holds exactly the entries whose place is `Local(x)`.
//! * S3. Every entry below `settled` is `Home`.
//!
//! Time: pushes, pops and unlinking are constant; settling looks at each pushed entry once.

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the home slot of its position.
    Home,
    /// In the slot of a local, as long as nobody writes it.
    Local(u16),
    /// Nowhere: a constant cell, of an i32 or f32 if `narrow`.
    Const {
        /// The cell.
        bits: u64,
        /// Whether the value has 32 bits.
        narrow: bool,
    },
}

/// One value on the operand stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Where it is.
    pub(crate) place: Place,
    /// The home slot of its position.
    pub(crate) home: u16,
    /// Whether it has two cells.
    pub(crate) wide: bool,
    /// Neighbours in the list of its local: position + 1, or 0.
    next: u32,
    prev: u32,
}

impl Entry {
    /// The number of cells of the value.
    pub(crate) fn cells(&self) -> u16 {
        1 + u16::from(self.wide)
    }
}

/// The operand stack of the function under translation; its buffers outlive the function.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    entries: Vec<Entry>,
    /// By local slot: position + 1 of the first alias, or 0.
    heads: Vec<u32>,
    first_home: u16,
    settled: usize,
    /// Whether something was popped from an empty stack.
    pub(crate) underflow: bool,
}

impl Stack {
    /// Empties the stack for a function whose locals have `local_cells` cells.
    pub(crate) fn reset(&mut self, local_cells: u16) {
        self.truncate(0);
        if self.heads.len() < usize::from(local_cells) {
            self.heads.resize(usize::from(local_cells), 0);
        }
        self.first_home = local_cells;
        self.underflow = false;
    }

    /// The number of entries.
    #[inline]
    pub(crate) fn height(&self) -> usize {
        self.entries.len()
    }

    /// The home slot of the next entry (S1).
    #[inline]
    pub(crate) fn next_home(&self) -> u16 {
        self.entries.last().map_or(self.first_home, |e| e.home.wrapping_add(e.cells()))
    }

    /// The entry at position `p`.
    #[inline]
    pub(crate) fn get(&self, p: usize) -> Entry {
        self.entries[p]
    }

    /// The position above the one in home slot `cell`.
    pub(crate) fn position_above(&self, cell: u32) -> usize {
        self.entries.partition_point(|entry| u32::from(entry.home) <= cell)
    }

    /// The top entry, if there is one.
    #[inline]
    pub(crate) fn top(&self) -> Option<Entry> {
        self.entries.last().copied()
    }

    /// Pushes a value that is in its home slot.
    #[inline]
    pub(crate) fn push_home(&mut self, wide: bool) {
        let home = self.next_home();
        self.entries.push(Entry { place: Place::Home, home, wide, next: 0, prev: 0 });
    }

    /// Pushes a constant cell.
    #[inline]
    pub(crate) fn push_const(&mut self, bits: u64, narrow: bool) {
        let (place, home) = (Place::Const { bits, narrow }, self.next_home());
        self.entries.push(Entry { place, home, wide: false, next: 0, prev: 0 });
    }

    /// Pushes the value of the local in slot `slot`.
    #[inline]
    pub(crate) fn push_local(&mut self, slot: u16, wide: bool) {
        let home = self.next_home();
        let head = &mut self.heads[usize::from(slot)];
        let (next, me) = (*head, self.entries.len() as u32 + 1);
        *head = me;
        if next != 0 {
            self.entries[next as usize - 1].prev = me;
        }
        self.entries.push(Entry { place: Place::Local(slot), home, wide, next, prev: 0 });
    }

    /// Pushes a value that was popped last, where it was found then.
    pub(crate) fn push_back(&mut self, entry: &Entry) {
        match entry.place {
            Place::Home => self.push_home(entry.wide),
            Place::Local(slot) => self.push_local(slot, entry.wide),
            Place::Const { bits, narrow } => self.push_const(bits, narrow),
        }
    }

    /// Pops the top entry; from an empty stack an arbitrary one, which sets `underflow`.
    #[inline]
    pub(crate) fn pop(&mut self) -> Entry {
        let Some(entry) = self.entries.pop() else {
            self.underflow = true;
            return Entry { place: Place::Home, home: 0, wide: false, next: 0, prev: 0 };
        };
        if let Place::Local(slot) = entry.place {
            self.unlink(slot, &entry);
        }
        if self.entries.len() < self.settled {
            self.settled = self.entries.len();
        }
        entry
    }

    /// Pops entries until `height` are left.
    pub(crate) fn truncate(&mut self, height: usize) {
        while self.entries.len() > height {
            self.pop();
        }
    }

    /// Declares the entry at `p` to be in its home slot; gives what it was.
    pub(crate) fn set_home(&mut self, p: usize) -> Entry {
        let entry = self.entries[p];
        self.entries[p].place = Place::Home;
        match entry.place {
            Place::Home | Place::Const { .. } => {}
            Place::Local(slot) => self.unlink(slot, &entry),
        }
        entry
    }

    /// Takes one entry out of the aliases of the local in `slot` and declares it to be in its home
    /// slot.
    #[inline]
    pub(crate) fn take_alias(&mut self, slot: u16) -> Option<Entry> {
        let p = self.heads[usize::from(slot)].checked_sub(1)?;
        Some(self.set_home(p as usize))
    }

    /// Whether an entry is an alias of the local in `slot`.
    #[inline]
    pub(crate) fn has_alias(&self, slot: u16) -> bool {
        self.heads[usize::from(slot)] != 0
    }

    /// One step of settling the positions below `base`: an entry that has to be brought to its home
    /// slot (as which it counts from now on), or `None` when S3 holds up to `base`.
    #[inline]
    pub(crate) fn settle_next(&mut self, base: usize) -> Option<Entry> {
        while self.settled < base {
            let p = self.settled;
            self.settled += 1;
            match self.entries[p].place {
                Place::Home => {}
                Place::Local(_) | Place::Const { .. } => return Some(self.set_home(p)),
            }
        }
        None
    }

    #[inline]
    fn unlink(&mut self, slot: u16, entry: &Entry) {
        match entry.prev {
            0 => self.heads[usize::from(slot)] = entry.next,
            prev => self.entries[prev as usize - 1].next = entry.next,
        }
        if entry.next != 0 {
            self.entries[entry.next as usize - 1].prev = entry.prev;
        }
    }
}
