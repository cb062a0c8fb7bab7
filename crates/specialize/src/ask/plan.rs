//! The plan of a specialised module: its new functions, and the bytes of memory that change.
//! `write` carries it out, `check` compares the result with it.

use prova_module::TypeIdx;
use std::collections::BTreeMap;

/// Functions that are added to a module, and bytes of its memory that change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The new functions.
    pub(crate) funcs: Vec<New>,
    /// Bytes of memory 0 that change, by their address.
    pub(crate) patches: BTreeMap<u32, Vec<u8>>,
}

/// A function that is added.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) ty: TypeIdx,
    pub(crate) name: String,
    /// Where its index in table 0 is stored.
    pub(crate) slot: u32,
}
