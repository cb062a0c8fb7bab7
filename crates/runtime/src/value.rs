//! The names of things in a store: typed addresses, external values, and references as cells.
//!
//! An address is an index into one of the store's vectors; the types keep the index spaces apart.
//! It is meaningful only with the store that gave it out. With another store it names another
//! object or none, which is a panic of the accessor, never undefined behaviour.
//!
//! A reference in a cell is the store index + 1 (to an exception: see `exception`); the null
//! reference is 0 ([`NULL_REF`]).

use crate::vm::Cell;
use prova_module::ExternKind;
use std::fmt;

/// Declares one address type: a `u32` newtype with a prefixed `Display`.
macro_rules! address_type {
    ($($(#[$doc:meta])* $name:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The address of the object at position `index` of its kind in a store.
            #[inline]
            pub const fn from_index(index: u32) -> $name {
                $name(index)
            }

            /// The position among the store's objects of its kind.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The address as a number.
            #[inline]
            pub const fn as_u32(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

address_type! {
    /// A function of a store.
    FuncAddr "@func"
    /// A table of a store.
    TableAddr "@table"
    /// A memory of a store.
    MemoryAddr "@memory"
    /// A global of a store.
    GlobalAddr "@global"
    /// A tag of a store.
    TagAddr "@tag"
    /// An instance of a store.
    InstanceAddr "@instance"
}

/// Something that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extern {
    /// A function.
    Func(FuncAddr),
    /// A table.
    Table(TableAddr),
    /// A memory.
    Memory(MemoryAddr),
    /// A global.
    Global(GlobalAddr),
    /// A tag.
    Tag(TagAddr),
}

impl Extern {
    /// The kind alone.
    pub fn kind(self) -> ExternKind {
        match self {
            Extern::Func(_) => ExternKind::Func,
            Extern::Table(_) => ExternKind::Table,
            Extern::Memory(_) => ExternKind::Memory,
            Extern::Global(_) => ExternKind::Global,
            Extern::Tag(_) => ExternKind::Tag,
        }
    }

    /// The function, if it is one.
    pub fn func(self) -> Option<FuncAddr> {
        match self {
            Extern::Func(addr) => Some(addr),
            Extern::Table(_) | Extern::Memory(_) | Extern::Global(_) | Extern::Tag(_) => None,
        }
    }

    /// The table, if it is one.
    pub fn table(self) -> Option<TableAddr> {
        match self {
            Extern::Table(addr) => Some(addr),
            Extern::Func(_) | Extern::Memory(_) | Extern::Global(_) | Extern::Tag(_) => None,
        }
    }

    /// The memory, if it is one.
    pub fn memory(self) -> Option<MemoryAddr> {
        match self {
            Extern::Memory(addr) => Some(addr),
            Extern::Func(_) | Extern::Table(_) | Extern::Global(_) | Extern::Tag(_) => None,
        }
    }

    /// The global, if it is one.
    pub fn global(self) -> Option<GlobalAddr> {
        match self {
            Extern::Global(addr) => Some(addr),
            Extern::Func(_) | Extern::Table(_) | Extern::Memory(_) | Extern::Tag(_) => None,
        }
    }

    /// The tag, if it is one.
    pub fn tag(self) -> Option<TagAddr> {
        match self {
            Extern::Tag(addr) => Some(addr),
            Extern::Func(_) | Extern::Table(_) | Extern::Memory(_) | Extern::Global(_) => None,
        }
    }
}

/// The null reference of every reference type.
pub const NULL_REF: Cell = 0;

/// The cell of a reference to a function.
#[inline]
pub fn func_ref(func: FuncAddr) -> Cell {
    Cell::from(func.0) + 1
}
