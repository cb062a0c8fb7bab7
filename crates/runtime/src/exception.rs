//! Exceptions that references name: a tag and values, kept as long as something may refer to them.
//!
//! An exception becomes an object only where a clause catches it *with* its reference; one that is caught by its
//! values alone never is. Neighbours: `exec::unwind` makes them, `store` offers them to the reference tier.
//!
//! # Reclamation
//! There is no general collector. When the objects pass a threshold, before the next one is made what references refer to is
//! marked (in frames, globals, tables, element segments, other exceptions) and the rest is reused. So a loop that throws needs constant
//! memory. Which cells of a frame are references is said by the Wasm ([`prova_module::ExceptionRoots`]), so that what is kept is the
//! same in every tier. Not seen are references that the host keeps
//! outside of the store: they name nothing once their object is gone, since an index carries the *generation* of its object.
//!
//! # Invariants
//! * X1. The cell of a reference is `(generation << 32 | index) + 1`; generations start at 1 and never come back.
//! * X2. `weight` is the sum of the weights of all objects, at most [`WEIGHT_MAX`].
//!
//! Cost: marking is linear in the references looked at; the threshold is at least twice what the last marking left, and at least
//! as many references as it looked at, up to [`THRESHOLD_FOR_ROOTS_MAX`]. So a throw pays for a constant number of objects and
//! references, however large the tables are, and for the frames once per [`THRESHOLD_MIN`] of weight.

use crate::trap::TrapKind;
use crate::value::TagAddr;
use crate::vm::Cell;

/// The weight, in cells, at which marking begins.
pub(crate) const THRESHOLD_MIN: usize = 1 << 16;

/// The greatest weight of all exceptions of a store, in cells (128 MiB): 8 for each, and its values.
pub const WEIGHT_MAX: usize = 1 << 24;

/// The greatest weight that marking is put off to because of the references that it looks at: half of [`WEIGHT_MAX`], so that
/// what nothing refers to is gone before the limit is reached.
pub(crate) const THRESHOLD_FOR_ROOTS_MAX: usize = WEIGHT_MAX / 2;

/// The weight of an object without values.
const WEIGHT_BASE: usize = 8;

struct Object {
    tag: TagAddr,
    cells: Box<[Cell]>,
}

impl Object {
    fn weight(&self) -> usize {
        WEIGHT_BASE + self.cells.len()
    }
}

struct Slot {
    generation: u32,
    marked: bool,
    object: Option<Object>,
}

/// The exceptions of a store.
pub(crate) struct Exceptions {
    slots: Vec<Slot>,
    free: Vec<u32>,
    weight: usize,
    threshold: usize,
}

impl Exceptions {
    pub(crate) fn new() -> Exceptions {
        Exceptions { slots: Vec::new(), free: Vec::new(), weight: 0, threshold: THRESHOLD_MIN }
    }

    /// Whether the next object should wait for a marking.
    pub(crate) fn is_full(&self) -> bool {
        self.weight >= self.threshold
    }

    /// Makes an exception and gives its reference.
    ///
    /// # Errors
    /// [`TrapKind::TooManyExceptions`].
    pub(crate) fn make(&mut self, tag: TagAddr, cells: Box<[Cell]>) -> Result<Cell, TrapKind> {
        let object = Object { tag, cells };
        let weight = self.weight + object.weight();
        if weight > WEIGHT_MAX {
            return Err(TrapKind::TooManyExceptions);
        }
        self.weight = weight;
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.slots.push(Slot { generation: 1, marked: false, object: None });
                (self.slots.len() - 1) as u32
            }
        };
        let slot = &mut self.slots[index as usize];
        slot.object = Some(object);
        Ok((u64::from(slot.generation) << 32 | u64::from(index)) + 1)
    }

    /// The exception that a cell refers to.
    pub(crate) fn get(&self, cell: Cell) -> Option<(TagAddr, &[Cell])> {
        let object = self.slots.get(self.index(cell)?)?.object.as_ref()?;
        Some((object.tag, &object.cells))
    }

    /// The weight of all exceptions, in cells.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Marks what `roots` refer to, and drops the other objects; `refs` says of each tag which cells of its values are
    /// references.
    pub(crate) fn collect(&mut self, roots: impl Iterator<Item = Cell>, refs: &[Box<[u32]>]) {
        let mut marked = Vec::new();
        let mut looked_at = 0;
        for cell in roots {
            looked_at += 1;
            self.mark(cell, &mut marked);
        }
        while let Some(index) = marked.pop() {
            // An object is marked once, so its references are looked at once.
            let tag = self.slots[index].object.as_ref().map(|object| object.tag);
            for &at in tag.iter().flat_map(|tag| refs[tag.index()].iter()) {
                let cell =
                    self.slots[index].object.as_ref().map(|object| object.cells[at as usize]);
                self.mark(cell.unwrap_or_default(), &mut marked);
            }
        }
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if std::mem::take(&mut slot.marked) {
                continue;
            }
            let Some(object) = slot.object.take() else { continue };
            self.weight -= object.weight();
            // A slot whose generations are used up stays empty (X1).
            if slot.generation < u32::MAX {
                slot.generation += 1;
                self.free.push(index as u32);
            }
        }
        let for_roots = looked_at.min(THRESHOLD_FOR_ROOTS_MAX);
        self.threshold = (2 * self.weight).max(for_roots).max(THRESHOLD_MIN);
    }

    fn mark(&mut self, cell: Cell, marked: &mut Vec<usize>) {
        if let Some(index) = self.index(cell)
            && !self.slots[index].marked
        {
            self.slots[index].marked = true;
            marked.push(index);
        }
    }

    /// The slot of the object that a cell refers to.
    fn index(&self, cell: Cell) -> Option<usize> {
        let name = cell.checked_sub(1)?;
        let index = (name & u64::from(u32::MAX)) as usize;
        let slot = self.slots.get(index)?;
        (u64::from(slot.generation) == name >> 32 && slot.object.is_some()).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of one tag, none of them references.
    const NO_REFS: &[Box<[u32]>] = &[];

    fn make(exceptions: &mut Exceptions, cells: &[Cell]) -> Cell {
        exceptions.make(TagAddr::from_index(0), cells.into()).expect("there is room")
    }

    #[test]
    fn what_is_referred_to_stays_and_the_rest_is_reused_under_another_name() {
        let mut exceptions = Exceptions::new();
        let inner = make(&mut exceptions, &[7, 0]);
        let number = make(&mut exceptions, &[]);
        let outer = make(&mut exceptions, &[number, inner]);
        let lost = make(&mut exceptions, &[]);
        // Of the tag's two cells the second is a reference.
        exceptions.collect([outer, 0, 5, u64::MAX].into_iter(), &[[1].into()]);
        assert_eq!(exceptions.get(inner).map(|(_, cells)| cells), Some(&[7, 0][..]));
        assert!(exceptions.get(outer).is_some() && exceptions.get(lost).is_none());
        assert!(exceptions.get(number).is_none(), "a number keeps nothing, whatever its bits");
        let next = make(&mut exceptions, &[]);
        assert_ne!(next, lost);
        assert_eq!(exceptions.slots.len(), 4, "a slot is used again");
        assert!(exceptions.get(lost).is_none() && exceptions.get(0).is_none());
    }

    #[test]
    fn ten_million_cells_of_dead_exceptions_need_constant_room() {
        let mut exceptions = Exceptions::new();
        let mut marks = 0;
        for _ in 0..1_000_000 {
            if exceptions.is_full() {
                exceptions.collect(std::iter::empty(), NO_REFS);
                marks += 1;
            }
            make(&mut exceptions, &[1, 2]);
        }
        assert!(marks > 100 && exceptions.slots.len() <= THRESHOLD_MIN / WEIGHT_BASE);
    }

    #[test]
    fn many_roots_are_looked_at_seldom() {
        // A million references, as of a table of nulls: each object without values pays for eight of them.
        let roots = 1_000_000;
        let mut exceptions = Exceptions::new();
        let (mut made, mut looked_at) = (0usize, 0usize);
        while made < 1_000_000 {
            if exceptions.is_full() {
                exceptions.collect(std::iter::repeat_n(0, roots), NO_REFS);
                looked_at += roots;
            }
            make(&mut exceptions, &[]);
            made += 1;
        }
        assert!(looked_at <= WEIGHT_BASE * made + 2 * roots, "{looked_at}");
        // However many they are, marking comes before the limit.
        exceptions.collect(std::iter::repeat_n(0, 4 * WEIGHT_MAX), NO_REFS);
        while !exceptions.is_full() {
            make(&mut exceptions, &[]);
        }
        assert!(exceptions.weight() <= THRESHOLD_FOR_ROOTS_MAX + WEIGHT_BASE);
    }

    #[test]
    fn live_exceptions_end_at_the_limit() {
        let mut exceptions = Exceptions::new();
        let mut made = 0u64;
        while exceptions.make(TagAddr::from_index(0), vec![0; 1000].into()).is_ok() {
            made += 1;
        }
        assert_eq!(made, (WEIGHT_MAX / (1000 + WEIGHT_BASE)) as u64);
        exceptions.collect(std::iter::empty(), NO_REFS);
        assert!(exceptions.make(TagAddr::from_index(0), Box::default()).is_ok());
    }
}
