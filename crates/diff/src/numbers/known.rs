//! All that is known of the numbers of both modules.

use super::data::{self, Data};
use super::dwarf::{self, Unread};
use super::shift::Shift;
use super::slots::{Slots, slots};
use super::uses::Roles;
use crate::pair::paired::Paired;
use crate::pair::side::Side;
use std::collections::HashMap;

/// The meaning of each number.
pub(crate) struct Numbers<'p, 'm> {
    pub(crate) paired: &'p Paired<'m>,
    pub(crate) roles: Roles,
    pub(crate) data: Data<'m>,
    /// Values of debug information in the same places; `None` if it is equal or absent.
    pub(crate) debug: Option<Result<dwarf::Pairs<'m>, Unread>>,
    /// Whether equal bytes of code mean the same in both modules, as far as numbers go.
    pub(crate) same_slots: bool,
}

impl<'p, 'm> Numbers<'p, 'm> {
    pub(crate) fn new(paired: &'p Paired<'m>) -> Numbers<'p, 'm> {
        let sides = paired.sides();
        let debug = dwarf::pairs(sides.0.module, sides.1.module);
        let variables = match &debug {
            Some(Ok(pairs)) => pairs.variables(),
            Some(Err(_)) | None => HashMap::new(),
        };
        let aligned = data::aligned(sides, variables);
        let same_slots = same_slots(sides);
        // Where nothing moved, equal numbers mean the same, as addresses and as plain numbers.
        let roles = match aligned.shift.moves() || aligned.pads() || !same_slots {
            true => Roles::new(sides, aligned.shift.ordered()),
            false => Roles::default(),
        };
        let tables = 0..sides.0.module.tables().len() as u32;
        let open = tables.map(|table| !roles.closed(table)).collect();
        let data = Data::new(sides, aligned, &roles, (open, roles.last()));
        Numbers { paired, roles, data, debug, same_slots }
    }

    pub(crate) fn sides(&self) -> (&'p Side<'m>, &'p Side<'m>) {
        self.paired.sides()
    }

    /// The map of addresses.
    pub(crate) fn shift(&self) -> &Shift {
        &self.data.shift
    }
}

/// Whether each slot of each table holds the same on both sides.
fn same_slots(sides: (&Side<'_>, &Side<'_>)) -> bool {
    let tables = sides.0.tables.len().min(sides.1.tables.len());
    (0..tables).all(|table| slots(sides, table) == Slots::Equal)
}
