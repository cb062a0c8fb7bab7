//! Masked pointers: accesses that stay inside whichever way branches went (D3).
//!
//! ```text
//! cmp end, length; cmova address, nowhere ─ Kind::Masked { extent, bytes } ─► [pointer + disp]
//! ```
//!
//! A conditional move makes one of two: an address, where the flags show how many bytes from it on
//! are inside their object, or *nowhere*, where a zone begins that is never mapped (L6 of
//! `layout`; null, by the contract of contexts). An access within those bytes is inside or faults.
//! The processor computes the move's result from data; so a branch that it mispredicts leads to no
//! other access.
//!
//! - K1. In every execution in which each conditional branch goes either way, the bytes
//!   `[0, bytes)` from such a symbol lie in the extent's object, or in the zone; `bytes` is at most
//!   what the zone has. What bounds numbers here holds in these executions (F4 of `facts`).
//!   Where functions get contexts, the bytes may also lie in what is reserved behind a memory's
//!   length, which faults.
//! - K2. Where bases may move, a call forgets such symbols with the addresses (`calls`).
//!
//! Noticed by: rows *masked* of `tests/hostile.tsv`; the observer of `prova-certify`'s tests, which
//! lets branches go the other way.

use crate::access::{Place, guarded};
use crate::error::{Fault, Rule, fault};
use crate::facts::{Fact, Node, Path, Reading};
use crate::layout::offsets;
use crate::machine::Machine;
use crate::rules::place::{self, Reach};
use crate::state::Flags;
use crate::symbols::{Def, Extent, Kind};
use crate::value::{Base, Sym, Value};
use crate::x64::Condition;

/// Bytes of an element of a table.
const ELEMENT_BYTES: u32 = 8;

impl Machine<'_> {
    /// D3: the pointer that a conditional move makes of an address and of nowhere.
    pub(crate) fn masked_pointer(
        &mut self,
        on: (Path, Flags),
        condition: Condition,
        (a, b): (Value, Value),
    ) -> Option<Value> {
        let null = self.layout.contexts();
        let nowhere = |value: Value| {
            value.offset_in(Base::Nowhere) == Some(0) || (null && value.as_constant() == Some(0))
        };
        let (moved, to) = match (nowhere(a), nowhere(b)) {
            (true, false) => (true, b),
            (false, true) => (false, a),
            (true, true) | (false, false) => return None,
        };
        let (taken, other) = self.ways(on, condition);
        let path = if planted!(MaskedAnyway, moved, !moved) { taken } else { other };
        let (extent, bytes) = self.select_masked(path, to)?;
        let kind = Kind::Masked { extent, bytes };
        let pointer = self.symbols.fresh(Def { kind, ..Def::ANY });
        if let Extent::Table(_) = extent {
            self.symbols.selects(pointer, to);
        }
        Some(Value::symbol(pointer))
    }

    /// The element with an index of the table that a masked pointer is of.
    pub(crate) fn element_of(&self, pointer: Sym, index: Value) -> Option<Value> {
        match self.symbols.def(pointer).kind {
            Kind::Masked { extent: Extent::Table(table), .. } => {
                index.substituted(Base::Table(table), 3, 0)
            }
            _ => None,
        }
    }

    /// D3: behind an access through a pointer to an element, which would have faulted nowhere, the
    /// index that the address was made of is one of an element.
    pub(crate) fn is_selected(&mut self, path: Path, table: u32, pointer: Sym) -> Path {
        let Some(to) = self.symbols.selected(pointer).filter(|_| !self.masks()) else {
            return path;
        };
        let Some(d) = place::selected(to).filter(|_| to.base == Base::Table(table)) else {
            return path;
        };
        let b = Node::Extent(Extent::Table(table));
        self.facts.push(path, &self.symbols, Fact::Le { a: to.sym, shift: 0, d, b })
    }

    /// D3, where the pointer is made: how many bytes from `to` on lie in the object on `path`,
    /// which the move's condition gives; none: it cannot be moved there, so all do. No more than
    /// the zone has.
    fn select_masked(&self, path: Option<Path>, to: Value) -> Option<(Extent, u32)> {
        let (extent, most) = match to.base {
            Base::Memory(m) if self.layout.contexts() => (Extent::Memory(m), offsets::NULL_BYTES),
            Base::Memory(m) => (Extent::Memory(m), offsets::NOWHERE_BYTES),
            Base::Table(t) => (Extent::Table(t), ELEMENT_BYTES),
            _ => return None,
        };
        let Some(path) = path else { return Some((extent, most)) };
        match extent {
            Extent::Memory(m) => {
                let masked = self.select_bytes((path, m), to, most);
                // S3: what is known of the word of a sum that may wrap.
                let mut by_words = self.by_words(to);
                masked.or_else(|| by_words.find_map(|to| self.select_bytes((path, m), to, most)))
            }
            Extent::Table(t) => self.is_element(path, t, to).then_some((extent, most)),
            Extent::Data(_) | Extent::Funcs => None,
        }
    }

    /// D3: how many bytes from `to` on lie in a memory, or are reserved behind it.
    fn select_bytes(&self, (path, m): (Path, u32), to: Value, most: u32) -> Option<(Extent, u32)> {
        let extent = Extent::Memory(m);
        let memory = self.layout.memory_type(m)?;
        let add = i128::from(to.add as i64);
        let of = Reading { sym: to.sym, shift: to.shift, add };
        let known = (of, extent, memory.min_bytes);
        let guard = memory.guard_bytes;
        let behind = self.facts.most_behind(path, &self.symbols, known);
        let behind = behind.saturating_add(guard.into()).clamp(0, most.into());
        let bytes = u32::try_from(behind).unwrap_or(0);
        let bounds = self.facts.bounds(path, &self.symbols, to.sym);
        let within = |end| self.within(path, guarded(end, guard), extent);
        let reach = place::linear((to, bytes), bounds, (memory.min_bytes, 0), within);
        let inside = planted!(MaskedIsUnchecked, reach == Reach::Inside, true);
        if bytes > 0 && inside {
            return Some((extent, bytes));
        }
        // Where functions get contexts, an address may be compared with the end of what is
        // reserved: those bytes are the memory's, or fault.
        if !self.layout.contexts() {
            return None;
        }
        let shift = u32::from(to.shift.min(3));
        let behind = i128::from(bounds.1).checked_shl(shift)?.saturating_add(add);
        let rest = i128::from(memory.zone_bytes).saturating_sub(behind).clamp(0, most.into());
        let bytes = u32::try_from(rest).unwrap_or(0);
        let zone = (memory.min_bytes, memory.zone_bytes);
        let reach = place::linear((to, bytes), bounds, zone, |_| false);
        let reserved = matches!(reach, Reach::Inside | Reach::Zone);
        (bytes > 0 && planted!(ReservedAnyway, reserved, true)).then_some((extent, bytes))
    }

    /// D3, where it is used: the access is within those bytes, so it is inside or faults.
    pub(crate) fn masked(
        &self,
        extent: Extent,
        bytes: u32,
        to: Value,
        size: u32,
    ) -> Result<Place, Fault> {
        let within = place::masked((to.add, size), bytes.into());
        if !self.layout.config.signals {
            return fault(Rule::Memory, "an access that may fault, without signals");
        }
        match extent {
            Extent::Memory(_) if within => Ok(Place::Linear { faults: true }),
            Extent::Memory(_) => {
                fault(Rule::Memory, "an access behind what a masked pointer was compared for")
            }
            Extent::Table(table) if within && size == ELEMENT_BYTES => {
                Ok(Place::Element { table, faults: true })
            }
            Extent::Table(_) | Extent::Data(_) | Extent::Funcs => {
                fault(Rule::Table, "an access that is no element of a table")
            }
        }
    }
}
