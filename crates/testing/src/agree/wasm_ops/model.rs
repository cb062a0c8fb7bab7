//! The store as the rows of tables, memories and segments see it: a plain model of its operations.
//!
//! It is written from the specification (core 4.6), not from the store of the engine; bounds,
//! growth and what a bulk operator costs are docs/semantics.md. Its initial state is taken from an
//! instance, its objects are those of `place`.

use prova_runtime::{Cell, TrapKind};

/// A memory or table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space<T> {
    /// Its contents.
    pub items: Vec<T>,
    /// Its greatest length.
    pub max: usize,
    /// Whether it is indexed by i64.
    pub wide: bool,
}

/// The state that an operator reads and changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// By index.
    pub memories: Vec<Space<u8>>,
    /// By index.
    pub tables: Vec<Space<Cell>>,
    /// By index; empty where dropped.
    pub data: Vec<Vec<u8>>,
    /// By index; empty where dropped.
    pub elements: Vec<Vec<Cell>>,
    /// The global, its high half 0 where it is no `v128`.
    pub global: u128,
    /// The cell of function 0; the cell of function `n` is `n` more.
    pub first_func: Cell,
    /// An object of the host.
    pub object: Cell,
    /// The trap of the last operation, if there was one.
    pub trap: Option<TrapKind>,
    /// Fuel beyond the static cost.
    pub units: u64,
}

/// Bytes of a page.
const PAGE: usize = 1 << 16;

/// The range of `len` items from `start`, if it is within `size`.
fn range(start: u64, len: u64, size: usize) -> Option<std::ops::Range<usize>> {
    let end = start.checked_add(len)?;
    (end <= size as u64).then_some(start as usize..end as usize)
}

impl<T: Clone> Space<T> {
    /// Grows by `count` items; gives the old length, or -1.
    fn grow(&mut self, count: u64, unit: usize, item: T) -> u64 {
        let old = self.items.len();
        let len = count.checked_mul(unit as u64).and_then(|more| more.checked_add(old as u64));
        match len.filter(|&len| len <= self.max as u64) {
            Some(len) => {
                self.items.resize(len as usize, item);
                (old / unit) as u64
            }
            None if self.wide => u64::MAX,
            None => u32::MAX.into(),
        }
    }
}

impl Model {
    /// The first part of the observable state that differs.
    pub(super) fn differs(&self, other: &Model) -> Option<&'static str> {
        let parts = [
            (self.memories == other.memories, "a memory"),
            (self.tables == other.tables, "a table"),
            (self.global == other.global, "the global"),
        ];
        parts.iter().find(|(same, _)| !same).map(|(_, what)| *what)
    }

    /// Whether the state is another, dropped segments included.
    pub(super) fn changed(&self, from: &Model) -> bool {
        self.differs(from).is_some() || self.data != from.data || self.elements != from.elements
    }

    fn trap(&mut self, kind: TrapKind) {
        self.trap.get_or_insert(kind);
    }

    /// An item of something that the row names wrongly is a trap that no operator has.
    fn wrong(&mut self) {
        self.trap(TrapKind::Bug);
    }

    pub(super) fn memory_size(&mut self, k: u32) -> u64 {
        self.memories.get(k as usize).map_or(0, |memory| (memory.items.len() / PAGE) as u64)
    }

    pub(super) fn memory_grow(&mut self, k: u32, n: u64) -> u64 {
        let Some(memory) = self.memories.get_mut(k as usize) else {
            self.wrong();
            return 0;
        };
        let old = memory.items.len();
        let result = memory.grow(n, PAGE, 0);
        self.units = ((memory.items.len() - old) as u64).div_ceil(64);
        result
    }

    pub(super) fn memory_fill(&mut self, k: u32, d: u64, a: u32, n: u64) {
        let Some(memory) = self.memories.get_mut(k as usize) else { return self.wrong() };
        match range(d, n, memory.items.len()) {
            Some(range) => memory.items[range].fill(a as u8),
            None => return self.trap(TrapKind::MemoryOutOfBounds),
        }
        self.units = n.div_ceil(8);
    }

    pub(super) fn memory_copy(&mut self, k: u32, j: u32, d: u64, s: u64, n: u64) {
        let Some(from) = self.memories.get(j as usize).map(|memory| memory.items.clone()) else {
            return self.wrong();
        };
        let Some(to) = self.memories.get_mut(k as usize) else { return self.wrong() };
        match (range(d, n, to.items.len()), range(s, n, from.len())) {
            (Some(to_range), Some(range)) => to.items[to_range].copy_from_slice(&from[range]),
            (_, _) => return self.trap(TrapKind::MemoryOutOfBounds),
        }
        self.units = n.div_ceil(8);
    }

    pub(super) fn memory_init(&mut self, k: u32, x: u32, d: u64, s: u32, n: u32) {
        let Some(from) = self.data.get(x as usize).cloned() else { return self.wrong() };
        let Some(to) = self.memories.get_mut(k as usize) else { return self.wrong() };
        let (to_range, from_range) =
            (range(d, n.into(), to.items.len()), range(s.into(), n.into(), from.len()));
        match (to_range, from_range) {
            (Some(to_range), Some(range)) => to.items[to_range].copy_from_slice(&from[range]),
            (_, _) => return self.trap(TrapKind::MemoryOutOfBounds),
        }
        self.units = u64::from(n).div_ceil(8);
    }

    pub(super) fn data_drop(&mut self, x: u32) {
        match self.data.get_mut(x as usize) {
            Some(data) => data.clear(),
            None => self.wrong(),
        }
    }

    pub(super) fn table_size(&mut self, t: u32) -> u64 {
        self.tables.get(t as usize).map_or(0, |table| table.items.len() as u64)
    }

    pub(super) fn table_get(&mut self, t: u32, i: u64) -> u64 {
        let item = self
            .tables
            .get(t as usize)
            .and_then(|table| range(i, 1, table.items.len()).map(|range| table.items[range.start]));
        item.unwrap_or_else(|| {
            self.trap(TrapKind::TableOutOfBounds);
            0
        })
    }

    pub(super) fn table_set(&mut self, t: u32, i: u64, a: u64) {
        self.table_fill(t, i, a, 1);
        self.units = 0;
    }

    pub(super) fn table_grow(&mut self, t: u32, a: u64, n: u64) -> u64 {
        let Some(table) = self.tables.get_mut(t as usize) else {
            self.wrong();
            return 0;
        };
        let old = table.items.len();
        let result = table.grow(n, 1, a);
        if table.items.len() > old {
            self.units = n;
        }
        result
    }

    pub(super) fn table_fill(&mut self, t: u32, i: u64, a: u64, n: u64) {
        let Some(table) = self.tables.get_mut(t as usize) else { return self.wrong() };
        match range(i, n, table.items.len()) {
            Some(range) => table.items[range].fill(a),
            None => return self.trap(TrapKind::TableOutOfBounds),
        }
        self.units = n;
    }

    pub(super) fn table_copy(&mut self, t: u32, u: u32, d: u64, s: u64, n: u64) {
        let Some(from) = self.tables.get(u as usize).map(|table| table.items.clone()) else {
            return self.wrong();
        };
        let Some(to) = self.tables.get_mut(t as usize) else { return self.wrong() };
        match (range(d, n, to.items.len()), range(s, n, from.len())) {
            (Some(to_range), Some(range)) => to.items[to_range].copy_from_slice(&from[range]),
            (_, _) => return self.trap(TrapKind::TableOutOfBounds),
        }
        self.units = n;
    }

    pub(super) fn table_init(&mut self, t: u32, x: u32, d: u64, s: u32, n: u32) {
        let Some(from) = self.elements.get(x as usize).cloned() else { return self.wrong() };
        let Some(to) = self.tables.get_mut(t as usize) else { return self.wrong() };
        let (to_range, from_range) =
            (range(d, n.into(), to.items.len()), range(s.into(), n.into(), from.len()));
        match (to_range, from_range) {
            (Some(to_range), Some(range)) => to.items[to_range].copy_from_slice(&from[range]),
            (_, _) => return self.trap(TrapKind::TableOutOfBounds),
        }
        self.units = n.into();
    }

    pub(super) fn elem_drop(&mut self, x: u32) {
        match self.elements.get_mut(x as usize) {
            Some(elements) => elements.clear(),
            None => self.wrong(),
        }
    }

    pub(super) fn ref_func(&mut self, f: u32) -> u64 {
        self.first_func + u64::from(f)
    }

    pub(super) fn ref_as_non_null(&mut self, a: u64) -> u64 {
        if a == 0 {
            self.trap(TrapKind::NullReference);
        }
        a
    }
}
